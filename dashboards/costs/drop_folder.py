"""A folder that cost files are dropped into: each is imported once, or set aside with its faults.

FOCUS files lie in the folder itself, others in a folder named for their format.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dashboards.costs.focus_text import FILE_BYTES_MAX
from dashboards.costs.fx import FxRates
from dashboards.costs.importing import ROWS_MAX, CostImport, Delivery, import_costs
from dashboards.costs.sources.formats import READERS, CostFormat, source_of
from storage.lake import Lake

IMPORTED, REFUSED = "imported", "refused"
# A file that was written to a moment ago may still be growing.
REST = timedelta(seconds=10)
FAULTS_WRITTEN_MAX = 10_000
UNFINISHED = (".part", ".tmp", ".crdownload")


@dataclass(frozen=True, slots=True)
class Dropped:
    """What became of one file."""

    name: str
    result: CostImport


def import_dropped(
    lake: Lake,
    folder: Path,
    rates: FxRates,
    *,
    at: datetime,
    rest: timedelta = REST,
    rows_max: int = ROWS_MAX,
) -> list[Dropped]:
    """Import every file that lies still; it moves to imported/, or to refused/ with its faults."""
    done = []
    for file_format, path in list(_waiting(folder, at - rest)):
        delivery = Delivery(source_of(file_format))
        result = import_costs(
            lake,
            path,
            rates,
            reader=READERS[file_format],
            delivery=delivery,
            at=at,
            rows_max=rows_max,
        )
        _set_aside(folder, path, result, at)
        done.append(Dropped(str(path.relative_to(folder)), result))
    return done


def _waiting(folder: Path, until: datetime) -> Iterator[tuple[CostFormat, Path]]:
    places = [(CostFormat.FOCUS, folder), *((each, folder / each.value) for each in CostFormat)]
    for file_format, place in places:
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            if path.name.startswith(".") or path.suffix in UNFINISHED or not path.is_file():
                continue
            found = path.stat()
            if datetime.fromtimestamp(found.st_mtime, UTC) > until:
                continue
            if found.st_size > FILE_BYTES_MAX:
                raise ValueError(f"{path} has more than {FILE_BYTES_MAX} bytes: split the file")
            yield file_format, path


def _set_aside(folder: Path, path: Path, result: CostImport, at: datetime) -> None:
    """Move a file away; the lake holds its rows by then, so that a crash before repeats nothing."""
    place = folder / (REFUSED if result.errors else IMPORTED)
    place.mkdir(parents=True, exist_ok=True)
    name = f"{at:%Y%m%dT%H%M%SZ}-{result.import_id[:8]}-{path.name}"
    if result.errors:
        told = [f"{fault.place}: {fault.reason}" for fault in result.errors[:FAULTS_WRITTEN_MAX]]
        (place / f"{name}.faults.txt").write_text("\n".join(told) + "\n", encoding="utf-8")
    path.rename(place / name)
