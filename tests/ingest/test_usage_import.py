"""A usage file is imported exactly once, whatever is repeated, broken or cut off."""

import gzip
import json
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from catalog.store import lifecycle_events
from ingest.event_errors import LAGO_LISTS, TRANSACTION_IDS_MAX, errors_event
from ingest.files import usage_file as usage_files
from ingest.files import usage_import
from ingest.files.store import (
    RowError,
    Status,
    UsageImport,
    begun_import,
    find_by_content,
    list_imports,
    save,
)
from ingest.files.usage_file import FileFormat, usage_file
from ingest.files.usage_import import (
    FileChangedError,
    Importing,
    ImportTakenError,
    go_on,
    import_usage,
)
from storage.state import State, open_state
from tests.ingest.import_keeping import BATCH_ROWS, NOW, Keeper, add_services, state_with
from tests.real_parts import POSTGRES, require, running_postgres

ROWS = 35
FAULTS = [
    ("before_keep", 1),
    ("after_keep", 1),
    ("after_keep", 4),
    ("after_progress", 3),
    ("before_finish", 1),
]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """Give a state with two services, and imports in small batches."""
    state = state_with(tmp_path, "nexadesk", "nexamaps")
    yield state
    state.close()


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read ten rows at a time."""
    monkeypatch.setattr(usage_files, "BATCH_ROWS", BATCH_ROWS)


def a_file(folder: Path, rows: int = ROWS, name: str = "u.ndjson") -> Path:
    """Write a file of rows without transaction ids."""
    path = folder / name
    path.write_text("".join(f'{{"code":"tokens","timestamp":{row}}}\n' for row in range(rows)))
    return path


def run(
    state: State,
    path: Path,
    keeper: Keeper,
    service_code: str = "nexadesk",
    given_format: str = "",
) -> UsageImport:
    """Import a file and return its report."""
    parts = Importing(state, keeper, lambda: NOW)
    return import_usage(parts, service_code, usage_file(path, given_format), str(uuid.uuid4()))


def test_all_rows_are_kept_under_ids_of_their_own(state: State, tmp_path: Path) -> None:
    """A row without transaction id is named by the file's digest and its number."""
    keeper = Keeper(tmp_path / "kept")
    done = run(state, a_file(tmp_path), keeper)

    assert (done.status, done.rows_done, done.kept_count) == (Status.FINISHED, ROWS, ROWS)
    assert set(keeper.kept) == {f"nexadesk/{done.sha256[:16]}:{row}" for row in range(1, ROWS + 1)}


def test_the_same_file_again_changes_nothing(state: State, tmp_path: Path) -> None:
    """A second import, under any name, gives the first one's report and pushes nothing."""
    keeper = Keeper(tmp_path / "kept")
    first = run(state, a_file(tmp_path), keeper)
    keeper.kept.clear()

    second = run(state, a_file(tmp_path, name="again.jsonl"), keeper)

    assert second == first
    assert not keeper.kept


def test_good_rows_are_kept_beside_bad_ones(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bad rows are told in the file's order up to a maximum, the rest counted."""
    monkeypatch.setattr(usage_import, "ERRORS_KEPT_MAX", 3)
    path = tmp_path / "u.ndjson"
    good = '{"transaction_id":"%s","code":"tokens"}\n'
    path.write_text(
        f'{{"x":1}}\n{good % "a"}{{\n{good % "a"}{good % "b"}[]\n'
        '{"transaction_id":"a","code":"calls"}\n'
    )

    done = run(state, path, Keeper(tmp_path / "kept"))

    assert (done.kept_count, done.known_count, done.refused_count) == (2, 1, 4)
    assert done.errors == (
        RowError(1, {"code": ["value_is_mandatory"]}),
        RowError(3, {"row": ["row_is_not_json"]}),
        RowError(6, {"row": ["invalid_format"]}),
    )
    assert run(state, path, Keeper(tmp_path / "kept")) == done


@pytest.mark.parametrize(("fault", "passes"), FAULTS)
def test_an_import_cut_off_goes_on_where_it_stood(tmp_path: Path, fault: str, passes: int) -> None:
    """Killed at any point, an import that is repeated has each row once."""
    path = a_file(tmp_path)
    program = [sys.executable, "-m", "tests.ingest.import_keeping"]
    words = [str(tmp_path), str(path), f"usage_import.{fault}", str(passes)]
    ended = subprocess.run([*program, *words], check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr

    state = state_with(tmp_path)
    keeper = Keeper(tmp_path / "kept")
    done = run(state, path, keeper)
    state.close()

    assert (done.id, done.status, done.rows_done) == ("import-1", Status.FINISHED, ROWS)
    assert done.kept_count + done.known_count == ROWS
    assert (done.known_count > 0) == (fault == "after_keep")
    assert len(keeper.path.read_text().splitlines()) == ROWS


def test_a_watch_may_stop_an_import(state: State, tmp_path: Path) -> None:
    """An import that is stopped after a batch stays open and goes on from there."""
    keeper, seen = Keeper(tmp_path / "kept"), list[tuple[int, int]]()

    def watch(done: UsageImport, bytes_done: int) -> bool:
        seen.append((done.rows_done, bytes_done))
        return len(seen) < 2

    file = usage_file(a_file(tmp_path))
    stopped = import_usage(Importing(state, keeper, lambda: NOW, watch), "nexadesk", file, "1")

    assert (stopped.status, stopped.rows_done) == (Status.RUNNING, 20)
    done = run(state, file.path, keeper)
    assert (done.kept_count, done.known_count) == (ROWS, 0)
    assert [rows for rows, _ in seen] == [10, 20]


def test_services_import_the_same_file_each_for_itself(state: State, tmp_path: Path) -> None:
    """One content is one import for each service, and none sees the other's."""
    keeper, path = Keeper(tmp_path / "kept"), a_file(tmp_path)
    parts = Importing(state, keeper, lambda: NOW)
    ours = import_usage(parts, "nexadesk", usage_file(path), "ours")
    theirs = import_usage(parts, "nexamaps", usage_file(path), "theirs")

    assert (ours.kept_count, theirs.kept_count) == (ROWS, ROWS)
    with state.read() as connection:
        assert list_imports(connection, "nexadesk", 10, 0) == ([ours], 1)
        assert find_by_content(connection, "nexamaps", ours.sha256) == theirs


def test_a_file_that_breaks_off_keeps_what_came_before(state: State, tmp_path: Path) -> None:
    """A file damaged in its middle is refused from there, once and for all."""
    path = a_file(tmp_path, 2_000, "u.ndjson.gz")
    packed = gzip.compress(path.read_bytes())
    path.write_bytes(packed[: len(packed) // 2])

    done = run(state, path, Keeper(tmp_path / "kept"))

    assert (done.status, done.kept_count > 100) == (Status.REFUSED, True)
    assert (done.problem or "").startswith("file_is_damaged: ")
    assert run(state, path, Keeper(tmp_path / "kept")) == done


def test_a_file_in_the_wrong_format_may_be_given_again(state: State, tmp_path: Path) -> None:
    """When no row was kept, another format begins anew; once rows were kept, it changes nothing."""
    path, keeper = a_file(tmp_path), Keeper(tmp_path / "kept")
    wrong = run(state, path, keeper, given_format="csv")
    right = run(state, path, keeper)
    again = run(state, path, keeper, given_format="csv")

    assert (wrong.status, right.kept_count, again) == (Status.REFUSED, ROWS, right)
    assert right.id == wrong.id


def test_a_file_that_changes_meanwhile_is_not_read_on(state: State, tmp_path: Path) -> None:
    """Rows of a content that nobody has digested are not kept."""
    path, keeper = a_file(tmp_path), Keeper(tmp_path / "kept")
    file = usage_file(path)
    a_file(tmp_path, ROWS + 1)

    with pytest.raises(FileChangedError, match="import it again"):
        import_usage(Importing(state, keeper, lambda: NOW), "nexadesk", file, "1")
    assert not keeper.kept


def test_two_processes_do_not_import_one_file_together(state: State, tmp_path: Path) -> None:
    """Who finds that the import has moved on without him stops."""
    path, keeper = a_file(tmp_path), Keeper(tmp_path / "kept")
    stopped = import_usage(
        Importing(state, keeper, lambda: NOW, lambda _done, _at: False),
        "nexadesk",
        usage_file(path),
        "1",
    )
    run(state, path, keeper)

    with pytest.raises(ImportTakenError):
        go_on(Importing(state, keeper, lambda: NOW), stopped, usage_file(path))


def test_every_format_is_imported(state: State, tmp_path: Path) -> None:
    """CSV and Parquet end in the same rows as NDJSON."""
    keeper = Keeper(tmp_path / "kept")
    (tmp_path / "u.csv").write_text("transaction_id,code\n" + "a,tokens\nb,tokens\n")
    pl.DataFrame({"transaction_id": ["a", "b"], "code": ["tokens"] * 2}).write_parquet(
        tmp_path / "u.parquet"
    )

    assert run(state, tmp_path / "u.csv", keeper).kept_count == 2
    assert run(state, tmp_path / "u.parquet", keeper).known_count == 2


def test_sequences_of_lifecycle_events_have_no_gap(state: State) -> None:
    """Each service counts from 1; what is rolled back leaves no hole."""
    with state.write() as connection:
        first = lifecycle_events.append(connection, "nexadesk", "a", {"n": "1"}, NOW)

    def append_and_stop() -> None:
        with state.write() as connection:
            lifecycle_events.append(connection, "nexadesk", "b", {}, NOW)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        append_and_stop()
    with state.write() as connection:
        second = lifecycle_events.append(connection, "nexadesk", "c", {}, NOW)
        other = lifecycle_events.append(connection, "nexamaps", "d", {}, NOW)

    assert (first, second, other) == (1, 2, 1)
    with state.read() as connection:
        events = lifecycle_events.after(connection, "nexadesk", 0)
        assert [(event.sequence, event.kind) for event in events] == [(1, "a"), (2, "c")]
        assert json.loads(events[0].body) == {"n": "1"}
        assert lifecycle_events.after(connection, "nexadesk", 1, 1) == events[1:]
        assert lifecycle_events.after(connection, "nexadesk", 2) == []


def test_sequences_are_gapless_on_postgresql() -> None:
    """Many writers at once leave no gap and no doublet there, nor does an import move twice."""
    with running_postgres(require(POSTGRES)) as server:
        server.create_database("fusion")
        url = server.url("fusion").replace("postgresql://", "postgresql+psycopg://")
        state = open_state(url, Path())
        add_services(state, "nexadesk")

        def append(number: int) -> int:
            with state.write() as connection:
                return lifecycle_events.append(connection, "nexadesk", str(number), {}, NOW)

        with ThreadPoolExecutor(8) as pool:
            sequences = sorted(pool.map(append, range(100)))
        begun = UsageImport("1", "nexadesk", "0" * 64, "u.csv", FileFormat.CSV, NOW)
        with state.write() as connection:
            assert begun_import(connection, begun) == begun
            assert begun_import(connection, replace(begun, id="2")) == begun
            moved = replace(begun, rows_done=5, kept_count=5)
            assert save(connection, begun, moved)
            assert not save(connection, begun, moved)
            assert find_by_content(connection, "nexadesk", "0" * 64) == moved
        state.close()

    assert sequences == list(range(1, 101))


def test_errors_are_told_in_lagos_lists() -> None:
    """Each reason has its list of ids, each id once; Lago's three are always there."""
    body = errors_event(
        [
            ("b", "billable_metric_not_found"),
            ("a", "billable_metric_not_found"),
            ("a", "billable_metric_not_found"),
            ("c", "missing_aggregation_property"),
            ("d", "subscription_is_missing"),
        ]
    )

    assert body == {
        "invalid_code": ["a", "b"],
        "missing_aggregation_property": ["c"],
        "missing_group_key": None,
        "invalid_filter_values": [],
        "subscription_is_missing": ["d"],
    }
    assert all(errors_event([])[name] == [] for name in LAGO_LISTS)


def test_a_list_of_errors_has_a_longest_length() -> None:
    """A list holds as many ids as the limit, and counts what it leaves out."""
    pairs = [(f"{number:05}", "billable_metric_not_found") for number in range(1, 1_002)]

    full, over = errors_event(pairs[:-1]), errors_event(pairs)
    assert len(pairs[:-1]) == TRANSACTION_IDS_MAX
    assert "left_out" not in full
    assert (over["invalid_code"], over["left_out"]) == (full["invalid_code"], {"invalid_code": 1})
