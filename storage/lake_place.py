"""Where a lake lies and how to reach it: its catalogue, its data, their secrets.

The embedded form is a SQLite catalogue in a folder, locked for one writing process. The scaled
form is a PostgreSQL catalogue with any number of writers. Data lies in the folder, or in S3.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import duckdb

from storage.lake_errors import LakeBusyError, LakeMemoryError, LakeUnreachableError
from storage.memory_amount import LAKE_MEMORY, check_memory_amount
from storage.patience import FROZEN_SECONDS_MAX, PATIENCE, SERVER_PATIENCE

METADATA_SCHEMA = "lake"
POSTGRES_PREFIX = "postgres:"
POSTGRES_URLS = ("postgresql://", "postgresql+psycopg://")
POSTGRES_LOCK = 4_701_822_961
ATTACH_ATTEMPTS_MAX = 3
# libpq's word for a server that did not answer within PATIENCE.
SLOW = "timeout expired"
CATALOG_SECRET = "lake_catalog"  # noqa: S105 - the name of a secret, not its value
HIDDEN = "***"
SPILL = "spill"
_checked_extensions: set[str] = set()
UNREACHABLE = (duckdb.IOException, duckdb.HTTPException, duckdb.ConnectionException)
# A frozen host that holds locks in the catalogue is cut off; no merge takes that long.
# What leaves the inbox after a commit here must be on disk, however the server is set.
SERVER_WORDS = {
    **SERVER_PATIENCE,
    "idle_in_transaction_session_timeout": "600s",
    "synchronous_commit": "on",
}
# The wait grows by a tenth each time, to 23 s in all: a commit meets many others on PostgreSQL.
RETRIES = {
    "ducklake_retry_wait_ms": 20,
    "ducklake_retry_backoff": 1.1,
    "ducklake_max_retry_count": 50,
}


@dataclass(frozen=True, slots=True)
class LakePlace:
    """Where a lake lies.

    `folder` holds lock, catalogue and data unless `catalog` is a PostgreSQL ("postgres:" and a
    libpq connection string, or a postgresql:// URL) or `data` is "s3://bucket/prefix". `memory` is
    what DuckDB may hold ("512MB"); what it sorts beyond that goes to the disk.
    """

    folder: Path
    catalog: str = field(default="", repr=False)
    data: str = ""
    s3_endpoint: str = ""
    s3_region: str = "us-east-1"
    s3_key_id: str = ""
    s3_secret: str = field(default="", repr=False)
    memory: str = LAKE_MEMORY

    def __post_init__(self) -> None:
        """Refuse what can't be a place; ValueError says which setting to change."""
        if self.catalog and not self.catalog.startswith((POSTGRES_PREFIX, *POSTGRES_URLS)):
            raise ValueError(
                "the lake's catalogue is neither empty (SQLite in the folder), nor starts with "
                "postgres: or postgresql://"
            )
        if self.data and not self.data.startswith("s3://"):
            raise ValueError("the lake's data is neither empty (in the folder) nor s3://…")
        if self.data and not (self.s3_key_id and self.s3_secret):
            raise ValueError("the lake's data in S3 needs a key id and a secret")
        check_memory_amount(self.memory)

    def resolved(self) -> "LakePlace":
        """Return the place with an absolute folder."""
        return replace(self, folder=self.folder.resolve())

    @property
    def is_embedded(self) -> bool:
        """Say whether the catalogue is a file in the folder, with one writing process."""
        return not self.catalog

    @property
    def is_local(self) -> bool:
        """Say whether the data lies on this machine, where we must sync it ourselves."""
        return not self.data

    @property
    def data_path(self) -> str:
        """Return the folder or S3 prefix of the Parquet files."""
        return self.data or str(self.folder / "data")

    @property
    def storage_options(self) -> dict[str, str] | None:
        """Return what polars needs to read the data; None for local files."""
        if self.is_local:
            return None
        options = {
            "aws_access_key_id": self.s3_key_id,
            "aws_secret_access_key": self.s3_secret,
            "aws_region": self.s3_region,
        }
        if self.s3_endpoint:
            plain = urlsplit(self.s3_endpoint).scheme == "http"
            options["aws_endpoint_url"] = self.s3_endpoint
            options["aws_allow_http"] = str(plain).lower()
        return options


@contextmanager
def discreet(place: LakePlace) -> Iterator[None]:
    """Raise DuckDB's errors without the place's secrets in them."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise LakeMemoryError(
            f"the lake needs more than {place.memory} of memory for this, and nothing was changed: "
            "set FUSION_LAKE_MEMORY to more, such as 2GB, and start again"
        ) from error
    except duckdb.Error as error:
        said = str(error)
        hidden = _without(said, place)
        # A connection that breaks in a statement is told as a plain Error.
        is_away = isinstance(error, UNREACHABLE) or type(error) is duckdb.Error
        if not place.is_embedded and is_away:
            raise LakeUnreachableError(
                f"the lake can't be used now: {hidden.strip()}. See that its catalogue and its "
                "data can be reached"
            ) from None
        if hidden == said:
            raise
        raise type(error)(hidden) from None


@contextmanager
def sole_opener(place: LakePlace) -> Iterator[None]:
    """Keep other processes from creating or upgrading the lake meanwhile.

    The embedded form needs nothing: its folder is locked already.
    """
    if place.is_embedded:
        yield
        return
    psycopg = import_module("psycopg")
    try:
        connection = psycopg.connect(**{**PATIENCE, **_postgres_parts(place)})
    except psycopg.Error as error:
        said = _without(str(error), place).strip()
        raise LakeUnreachableError(
            f"the lake's catalogue can't be reached: {said}. Check the address and its account"
        ) from None
    try:
        # Should this process freeze now, the others need not wait for it for ever.
        connection.execute(
            f"SET LOCAL idle_in_transaction_session_timeout = '{FROZEN_SECONDS_MAX}s'"
        )
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [POSTGRES_LOCK])
        yield
    finally:
        connection.close()


def locked(folder: Path) -> int:
    """Return the descriptor of the folder's writer lock; LakeBusyError when another has it."""
    descriptor = os.open(folder / "writer.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise LakeBusyError(
            f"another process is using {folder}: stop it, or choose another --data-dir"
        ) from error
    return descriptor


def attached(place: LakePlace, spill: str = SPILL) -> duckdb.DuckDBPyConnection:
    """Return a connection with the place attached as `lake`, created when it is new.

    What does not fit into its memory goes to the folder `spill` of the place's own.
    """
    extensions = _extensions(place)
    # The signature of an extension is checked once a process: it means digesting 35 MB.
    are_checked = _checked_extensions.issuperset(extensions)
    connection = duckdb.connect(
        config={"threads": 2, "allow_unsigned_extensions": str(are_checked).lower()}
    )
    connection.execute("LOAD icu")
    # Without a fixed zone the month of an instant would depend on the machine.
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    # DuckDB would keep the bytes of every file it merged, up to most of the machine's memory.
    connection.execute("SET GLOBAL enable_external_file_cache = false")
    # Without a limit a merge takes gigabytes, and is no faster for it.
    connection.execute(f"SET GLOBAL memory_limit = '{place.memory}'")
    connection.execute(f"SET GLOBAL temp_directory = '{_quoted(place.folder / spill)}'")
    for extension in extensions:
        connection.execute(f"LOAD '{_quoted(_extension_file(extension))}'")
    _checked_extensions.update(extensions)
    for name, value in RETRIES.items():
        connection.execute(f"SET GLOBAL {name} = {value}")
    with discreet(place):
        if not place.is_local:
            connection.execute(_s3_secret(place))
        if not place.is_embedded:
            connection.execute(_postgres_secret(place))
        _attach_patiently(connection, place)
    return connection


def _attach_patiently(connection: duckdb.DuckDBPyConnection, place: LakePlace) -> None:
    """Attach the place; a catalogue that is slow to let anybody in is asked again."""
    for attempt in range(1, ATTACH_ATTEMPTS_MAX + 1):
        try:
            connection.execute(_attach(place))
        except duckdb.IOException as error:
            if SLOW not in str(error) or attempt == ATTACH_ATTEMPTS_MAX:
                raise
        else:
            return


def _extensions(place: LakePlace) -> tuple[str, ...]:
    catalog = "sqlite_scanner" if place.is_embedded else "postgres_scanner"
    return ("ducklake", catalog) if place.is_local else ("ducklake", catalog, "httpfs")


def _attach(place: LakePlace) -> str:
    data = f"DATA_PATH '{_quoted(place.data_path)}', OVERRIDE_DATA_PATH true"
    if place.is_embedded:
        catalog = _quoted(place.folder / "catalog.sqlite")
        return f"ATTACH 'ducklake:sqlite:{catalog}' AS lake ({data}, META_JOURNAL_MODE 'WAL')"
    make_conninfo = import_module("psycopg.conninfo").make_conninfo
    options = " ".join(f"-c {name}={value}" for name, value in SERVER_WORDS.items())
    parts = {**PATIENCE, "options": options, **_postgres_parts(place)}
    parts.pop("password", None)
    return (
        f"ATTACH 'ducklake:postgres:{_quoted(make_conninfo(**parts))}' AS lake ({data}, "
        f"META_SECRET '{CATALOG_SECRET}', METADATA_SCHEMA '{METADATA_SCHEMA}')"
    )


def _postgres_parts(place: LakePlace) -> dict[str, str]:
    """Return libpq's keywords and values of the catalogue's address."""
    address = place.catalog.removeprefix(POSTGRES_PREFIX)
    address = address.replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        parts: dict[str, str] = import_module("psycopg.conninfo").conninfo_to_dict(address)
    except import_module("psycopg").ProgrammingError:
        # libpq's own words would quote the address, password and all.
        raise ValueError("the lake's catalogue is no connection string libpq understands") from None
    return parts


def _postgres_secret(place: LakePlace) -> str:
    """Return the SQL that keeps the password out of the ATTACH and out of duckdb_databases()."""
    password = _quoted(_postgres_parts(place).get("password", ""))
    given = f", PASSWORD '{password}'" if password else ""
    return f"CREATE SECRET {CATALOG_SECRET} (TYPE postgres{given})"


def _s3_secret(place: LakePlace) -> str:
    options = {"KEY_ID": place.s3_key_id, "SECRET": place.s3_secret, "REGION": place.s3_region}
    plain = ""
    if place.s3_endpoint:
        endpoint = urlsplit(place.s3_endpoint)
        options |= {"ENDPOINT": endpoint.netloc, "URL_STYLE": "path"}
        plain = f", USE_SSL {str(endpoint.scheme != 'http').lower()}"
    given = ", ".join(f"{name} '{_quoted(value)}'" for name, value in options.items())
    return f"CREATE SECRET lake_data (TYPE s3, {given}{plain}, SCOPE '{_quoted(place.data)}')"


def _without(said: str, place: LakePlace) -> str:
    """Return an error's words with the place's secrets hidden."""
    secrets = [place.s3_secret]
    if not place.is_embedded:
        secrets += [place.catalog, _postgres_parts(place).get("password", "")]
    for secret in filter(None, secrets):
        said = said.replace(secret, HIDDEN)
    return said


def _extension_file(name: str) -> Path:
    """Return the extension as its wheel carries it: nothing to install, no home folder needed."""
    package = files(f"duckdb_extension_{name}")
    version = f"v{duckdb.__version__}"
    return Path(str(package.joinpath("extensions", version, f"{name}.duckdb_extension")))


def _quoted(text: str | Path) -> str:
    return str(text).replace("'", "''")
