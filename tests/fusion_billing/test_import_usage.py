"""Usage files over HTTP and from the command line end in the lake, each row once."""

import gzip
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from typer.testing import CliRunner

from catalog.errors import TemporarilyUnavailable
from catalog.exact_json import JsonObject
from catalog.http import Limits, install_error_handlers
from catalog.store import api_keys, services
from fusion_billing.cli import app, main
from fusion_billing.clock import SystemClock
from fusion_billing.house import House, opened_house
from fusion_billing.settings import Settings
from ingest.files import queue as import_queues
from ingest.files import usage_file as usage_files
from ingest.files.queue import IMPORTS_WAITING_MAX, ImportQueue
from ingest.files.routes import router
from ingest.files.usage_import import Keep
from ingest.keeping import RowOutcome, keep_rows
from storage.lake_tables import QUARANTINE
from tests.fusion_billing.conftest import OPENED_AT
from tests.fusion_billing.makers import a_push, a_service

ROWS = 25
WAIT_SECONDS = 20
runner = CliRunner()


def lines(rows: int = ROWS, first: int = 0) -> bytes:
    """Return events of nexadesk as NDJSON."""
    return b"".join(json.dumps(a_push(str(first + row))).encode() + b"\n" for row in range(rows))


def stored(house: House) -> list[str]:
    """Return the transaction ids in the lake; no metric is declared, so they are set aside."""
    house.flusher.flush()
    return sorted(house.lake.scan(QUARANTINE).collect()["transaction_id"])


def keep_of(house: House) -> Keep:
    """Return the way in which the house keeps rows."""
    return partial(keep_rows, house.intake)


@dataclass
class Door:
    """The import routes over a house, with keys of two services."""

    house: House
    queue: ImportQueue
    client: TestClient
    keys: dict[str, str]

    def ask(
        self, method: str, path: str, service: str = "nexadesk", status: int = 200, **words: object
    ) -> Any:  # noqa: ANN401 - JSON
        """Call a route and return the answer's JSON."""
        headers = {"Authorization": f"Bearer {self.keys[service]}"}
        answer = self.client.request(method, path, headers=headers, **words)  # type: ignore[arg-type]
        assert answer.status_code == status, answer.text
        return answer.json()

    def send(self, content: object, words: str = "format=ndjson", status: int = 202) -> Any:  # noqa: ANN401
        """Send a file."""
        answer = self.ask("POST", f"/usage/import?{words}", status=status, content=content)
        return answer.get("usage_import", answer)

    def ended(self, id_: str, status: str = "finished") -> Any:  # noqa: ANN401
        """Wait until an import has a status and return it."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            found = self.ask("GET", f"/usage/imports/{id_}")["usage_import"]
            if found["status"] == status:
                return found
            time.sleep(0.02)
        raise AssertionError(found)

    def reopen(self, keep: Keep | None = None) -> None:
        """Stop the queue and start another, as the next process does."""
        self.queue.close()
        folder, bytes_max = self.queue.folder, self.queue.bytes_max
        keep = keep or keep_of(self.house)
        self.queue = ImportQueue(self.house.state, folder, keep, self.house.clock, bytes_max)
        self.client.app.state.import_queue = self.queue  # type: ignore[attr-defined]


@pytest.fixture
def door(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """Give the import routes, reading ten rows at a time."""
    monkeypatch.setattr(usage_files, "BATCH_ROWS", 10)
    monkeypatch.setattr(import_queues, "RETRY_SECONDS", 0)
    keys = {}
    with house.state.write() as connection:
        other = replace(a_service(OPENED_AT), id="service-2", code="nexamaps")
        services.add_service(connection, other)
        for code in ("nexadesk", "nexamaps"):
            _, keys[code] = api_keys.create_key(connection, code, house.pepper, OPENED_AT)
    served = FastAPI()
    install_error_handlers(served)
    served.include_router(router)
    served.state.state, served.state.pepper = house.state, house.pepper
    served.state.clock, served.state.limits = house.clock, Limits()
    queue = ImportQueue(house.state, tmp_path / "imports", keep_of(house), house.clock)
    served.state.import_queue = queue
    with TestClient(served, raise_server_exceptions=False) as client:
        door = Door(house, queue, client, keys)
        yield door
        door.queue.close()


def test_a_file_sent_is_in_the_lake(door: Door) -> None:
    """A file is answered with an import, which ends with each row kept once."""
    sent = door.send(lines() + b"{\n", "format=ndjson&file_name=january.ndjson")
    done = door.ended(sent["id"])

    assert (done["kept_count"], done["refused_count"]) == (ROWS, 1)
    assert done["errors"] == [{"row": ROWS + 1, "error_details": {"row": ["row_is_not_json"]}}]
    assert done["file_name"] == "january.ndjson"
    assert stored(door.house) == sorted(map(str, range(ROWS)))
    assert list(door.queue.folder.iterdir()) == []
    assert door.send(lines() + b"{\n") == done


@pytest.mark.parametrize(
    ("content", "words", "content_type"),
    [
        (b"code,transaction_id\ntokens,a\n", "", "text/csv"),
        (gzip.compress(b"code,transaction_id\ntokens,a\n"), "format=csv", ""),
        (b'{"code":"tokens","transaction_id":"a"}', "file_name=u.jsonl", ""),
    ],
    ids=["content type", "format", "file name"],
)
def test_the_format_is_told_in_one_of_three_ways(
    door: Door, content: bytes, words: str, content_type: str
) -> None:
    """The query, the content type or the file's name tell how the rows are written."""
    headers = {"Authorization": f"Bearer {door.keys['nexadesk']}", "Content-Type": content_type}
    answer = door.client.post(f"/usage/import?{words}", content=content, headers=headers)

    assert door.ended(answer.json()["usage_import"]["id"])["kept_count"] == 1


def test_parquet_is_taken_too(door: Door, tmp_path: Path) -> None:
    """Parquet is read back from the uploaded bytes."""
    pl.DataFrame({"code": ["tokens"], "transaction_id": ["a"]}).write_parquet(tmp_path / "u")

    sent = door.send((tmp_path / "u").read_bytes(), "format=parquet")
    assert door.ended(sent["id"])["kept_count"] == 1


def test_a_foreign_import_is_not_there(door: Door) -> None:
    """A service sees its own imports and no others."""
    sent = door.send(lines())
    path = f"/usage/imports/{sent['id']}"

    assert door.ask("GET", path, "nexamaps", 404)["code"] == "usage_import_not_found"
    assert door.ask("GET", "/usage/imports", "nexamaps")["usage_imports"] == []
    listed = door.ask("GET", "/usage/imports")
    assert ([one["id"] for one in listed["usage_imports"]], listed["meta"]["total_count"]) == (
        [sent["id"]],
        1,
    )


def test_a_body_has_a_largest_size(door: Door) -> None:
    """As many bytes as the limit are taken, one more is refused, announced or not."""
    body = lines()
    door.queue.bytes_max = len(body)

    door.ended(door.send(body)["id"])
    for content in (body + b"\n", iter([body, b"\n"])):
        assert door.send(content, status=413)["code"] == "body_too_large"
    assert list(door.queue.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "words", "status"),
    [
        (b"{}", "", 422),
        (b"{}", "format=xml", 422),
        (b"{}", f"format=csv&file_name={'x' * 256}", 422),
        (b"", "format=csv", 400),
    ],
)
def test_what_is_no_file_is_refused_at_once(
    door: Door, content: bytes, words: str, status: int
) -> None:
    """No format, a name too long or no bytes are refused before anything is kept."""
    door.send(content, words, status)

    assert list(door.queue.folder.iterdir()) == []


def test_a_file_without_a_key_is_not_read(door: Door) -> None:
    """A caller without a key is refused."""
    assert door.client.post("/usage/import?format=csv", content=lines()).status_code == 401


def test_an_import_goes_on_in_the_next_process(door: Door) -> None:
    """What was stopped between two batches is finished by the next start, each row once."""
    batches = threading.Semaphore(1)
    counted: list[int] = []

    def keep(service_code: str, raws: list[JsonObject], at: datetime) -> list[RowOutcome]:
        if not batches.acquire(blocking=False):
            raise TemporarilyUnavailable("too_many_waiting_pushes")
        counted.append(len(raws))
        return keep_rows(door.house.intake, service_code, raws, at)

    door.reopen(keep)
    sent = door.send(lines())
    give_up_at = time.monotonic() + WAIT_SECONDS
    while not counted:
        assert time.monotonic() < give_up_at
        time.sleep(0.01)
    assert door.ask("GET", f"/usage/imports/{sent['id']}")["usage_import"]["status"] == "running"
    (door.queue.folder / "broken.part").write_bytes(b"x")

    door.reopen()

    done = door.ended(sent["id"])
    assert (done["kept_count"], done["known_count"], counted) == (ROWS, 0, [10])
    assert stored(door.house) == sorted(map(str, range(ROWS)))
    assert list(door.queue.folder.iterdir()) == []


def test_an_import_whose_file_is_lost_waits_for_it(door: Door) -> None:
    """Without its file an import is interrupted, and goes on when the file is given again."""

    def refuse(*_words: object) -> list[RowOutcome]:
        raise TemporarilyUnavailable("shutting_down")

    door.reopen(refuse)
    sent = door.send(lines())
    door.queue.close()
    (door.queue.folder / sent["id"]).unlink()
    door.reopen()

    door.ended(sent["id"], "interrupted")
    assert door.send(lines())["id"] == sent["id"]
    assert door.ended(sent["id"])["kept_count"] == ROWS


def test_a_failing_import_stops_no_other(door: Door) -> None:
    """An unforeseen failure interrupts its import, keeps the file, and the next one runs."""
    failing = lines()

    def keep(service_code: str, raws: list[JsonObject], at: datetime) -> list[RowOutcome]:
        if raws[0]["transaction_id"] == "0":
            raise ZeroDivisionError
        return keep_rows(door.house.intake, service_code, raws, at)

    door.reopen(keep)
    failed = door.send(failing)
    other = door.send(lines(first=ROWS))

    assert door.ended(other["id"])["kept_count"] == ROWS
    assert door.ended(failed["id"], "interrupted")["problem"].startswith("import_failed")
    assert [path.name for path in door.queue.folder.iterdir()] == [failed["id"]]
    door.reopen()
    assert door.ended(failed["id"])["kept_count"] == ROWS


def test_a_service_has_so_many_files_waiting(door: Door) -> None:
    """As many files as the limit wait; the next is told to come later, another service not."""
    going = threading.Event()

    def keep(service_code: str, raws: list[JsonObject], at: datetime) -> list[RowOutcome]:
        going.wait(WAIT_SECONDS)
        return keep_rows(door.house.intake, service_code, raws, at)

    door.reopen(keep)
    for number in range(IMPORTS_WAITING_MAX):
        door.send(lines(1, number))
    assert door.send(lines(), status=503)["code"] == "too_many_waiting_imports"
    door.ask("POST", "/usage/import?format=ndjson", "nexamaps", 202, content=lines())
    going.set()


def run(folder: Path, *words: str, exit_code: int = 0) -> str:
    """Run `import usage` for nexadesk on a data folder and return what it printed."""
    fixed = ["--service", "nexadesk", "--data-dir", str(folder)]
    result = runner.invoke(app, ["import", "usage", *words, *fixed])
    assert result.exit_code == exit_code, (result.output, result.exception)
    return result.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a data folder with the service nexadesk."""
    folder = tmp_path / "data"
    runner.invoke(app, ["service", "create", "nexadesk", "--data-dir", str(folder)])
    return folder


def test_a_file_is_imported_by_hand(folder: Path, tmp_path: Path) -> None:
    """All rows kept ends with 0, and the second time prints the same report."""
    path = tmp_path / "u.ndjson"
    path.write_bytes(lines())

    report = run(folder, str(path), "--json")
    assert json.loads(report)["kept_count"] == ROWS
    assert run(folder, str(path), "--json") == report
    assert f"{ROWS} rows kept" in run(folder, str(path))


def test_refused_rows_end_with_exit_code_1(folder: Path, tmp_path: Path) -> None:
    """Refused rows are told by number and field, with what to do about them."""
    path = tmp_path / "u.txt"
    path.write_text("transaction_id,code,timestamp\na,tokens,\nb,,\nc,tokens,yesterday\n")

    told = run(folder, str(path), "--format", "csv", exit_code=1)
    assert "1 rows kept, 0 known before, 2 refused" in told
    assert "row 2: code: value_is_mandatory" in told
    assert "row 3: timestamp: invalid_format" in told
    assert "in a file of their own" in told


def test_an_unreadable_file_ends_with_exit_code_1(folder: Path, tmp_path: Path) -> None:
    """A file that can't be kept as a whole says why and what to write instead."""
    path = tmp_path / "u.parquet"
    pl.DataFrame({"code": ["tokens"], "properties.n": [0.1]}).write_parquet(path)

    assert "write it as decimal, integer or text" in run(folder, str(path), exit_code=1)


def test_an_unknown_service_imports_nothing(folder: Path, tmp_path: Path) -> None:
    """Usage of a service that is not there is refused."""
    path = tmp_path / "u.ndjson"
    path.write_bytes(lines())
    words = ["import", "usage", str(path), "--service", "nope", "--data-dir", str(folder)]

    assert "service_not_found" in str(runner.invoke(app, words).exception)


def test_a_running_service_is_sent_the_file(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """While a service has the folder, one line shows how to send the file to it."""
    path = tmp_path / "u.ndjson"
    path.write_bytes(lines())
    words = ["import", "usage", str(path), "--service", "nexadesk", "--data-dir", str(folder)]
    monkeypatch.setattr("sys.argv", ["fusion-billing", *words])
    with opened_house(Settings(data_dir=folder), SystemClock()), pytest.raises(SystemExit) as end:
        main()

    told = capsys.readouterr().err
    assert (end.value.code, told.count("\n")) == (1, 1)
    assert "usage/import?format=ndjson" in told
