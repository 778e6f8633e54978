"""The roll-up in a real lake is what effective usage adds up to, whatever came in between."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import count
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw, structs

from aggregation.usage_daily import DayRules, outdated_days, touched_days, usage_daily
from catalog.billable_metrics import AggregationType, CounterSemantics
from fusion_billing import rolling_up
from fusion_billing.rolling_up import daily_stream, roll_up_shard, roll_up_usage
from ingest.inbox_body import revisions_body
from ingest.push import Door, push_of
from ingest.usage_event import UsageRevision
from storage import lake_replacement
from storage.lake import CompactionRules, Lake, StaleMarkError
from storage.lake_replacement import DayReplacement, replace_days_once
from storage.lake_tables import ERASED_KEY, REVISION, USAGE, USAGE_DAILY
from tests.fusion_billing.conftest import Roof
from tests.fusion_billing.makers import a_push, open_account
from tests.ingest.counter_makers import a_counted_metric, a_counter
from tests.ingest.makers import NOW, a_metric, an_event
from tests.ingest.running_ingest import Ingest

METRIC = a_counted_metric(CounterSemantics.CUMULATIVE)
METRICS = {
    ("nexadesk", metric.code): metric
    for metric in (METRIC, a_metric(AggregationType.COUNT, code="calls", field_name=None))
}
RULES = DayRules(METRICS, {"nexadesk": "America/Toronto"})
FIRST_SECOND = 1_793_000_000
HOUR = 3600
OFTEN = CompactionRules(files_min=2)
KEY = ("service", "metric_code", "subscription_id", "day")
FIGURES = ("events_count", "value_sum", "value_max", "value_last")
kinds = st.sampled_from(["event", "reading", "correction", "roll up", "compact", "flush"])
acts = st.tuples(kinds, st.integers(0, 400), st.integers(0, 3), st.booleans())


@dataclass
class World:
    """An open ingest that one story after the other is told to."""

    ingest: Ingest
    numbers: "count[int]"

    def tell(self, kind: str, hour: int = 0, place: int = 0, *, is_odd: bool = False) -> None:
        """Do one act of a story."""
        number, second = next(self.numbers), FIRST_SECOND + hour * HOUR
        named = {"external_subscription_id": f"sub-{place % 2}", "transaction_id": f"tx-{number}"}
        match kind:
            case "event":
                code = "calls" if is_odd else "tokens"
                self.ingest.push(an_event(**named, timestamp=second, code=code))
            case "reading":
                told = named | {
                    "window_start": None,
                    "window_end": second,
                    "value": str(number % 50),
                }
                pushed = a_counter(METRIC, **told)
                self.revise(structs.replace(pushed, is_void=is_odd))
            case "correction":
                self.revise(a_correction(f"tx-{number - place}", **named, timestamp=second))
            case "compact":
                self.ingest.lake.compact(NOW, OFTEN)
            case "flush":
                self.ingest.flusher.flush()
            case _:
                self.roll_up()

    def revise(self, *revisions: UsageRevision) -> None:
        """Push revisions as the routes of counters and corrections do."""
        body, second = revisions_body(revisions), int(NOW.timestamp())
        self.ingest.take_in(push_of("nexadesk", revisions, body, Door.REVISIONS, second))

    def roll_up(self) -> int:
        """Flush and roll up."""
        self.ingest.flusher.flush()
        return roll_up_shard(self.ingest.lake, 0, RULES, at=NOW)

    def rolled_up(self) -> list[tuple[object, ...]]:
        """Return the roll-up's figures, sorted by key."""
        return figures(self.ingest.lake.scan(USAGE_DAILY))

    def expected(self) -> list[tuple[object, ...]]:
        """Return what effective usage adds up to, computed all at once."""
        everything = pl.lit(value=True)
        usage, revision = (self.ingest.lake.scan(table) for table in (USAGE, REVISION))
        days = touched_days(usage, revision, everything, 0, RULES)
        return figures(usage_daily(usage, revision, everything, days, RULES)) if days else []


def figures(daily: pl.LazyFrame) -> list[tuple[object, ...]]:
    """Return keys and figures, sorted; each key is there once."""
    rows = daily.select(*KEY, *FIGURES).sort(KEY).collect()
    assert rows.select(KEY).is_unique().all()
    return rows.rows()


def a_correction(of: str, **changed: object) -> UsageRevision:
    """Return a correction that moves an event and gives it another number."""
    given: dict[str, object] = {
        "code": "tokens",
        "properties": Raw(b'{"tokens": "11"}'),
        "fact_id": f"e:{of}",
        "correction_id": "correction-1",
    }
    return UsageRevision(**given | changed)  # type: ignore[arg-type]


def a_replacement(frame: pl.DataFrame, shard: int, after: int, upto: int) -> DayReplacement:
    """Return the replacement of a frame's days."""
    return DayReplacement(
        stream=daily_stream(shard),
        after=after,
        upto=upto,
        table=USAGE_DAILY,
        shard=shard,
        days=list(frame["day"]),
        frame=frame,
        erasures=0,
    )


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few rows be as many as are looked at together."""
    monkeypatch.setattr(rolling_up, "PART_ROWS_MAX", 3)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give an ingest with an open lake."""
    ingest = Ingest.start(tmp_path_factory.mktemp("world"), METRICS)
    yield World(ingest, count(1))
    ingest.stop()


@pytest.fixture
def small_world(tmp_path: Path) -> Iterator[World]:
    """Give a world with one event that is rolled up, and one that is not."""
    world = World(Ingest.start(tmp_path, METRICS), count(1))
    world.tell("event")
    world.roll_up()
    world.tell("event", hour=1)
    world.ingest.flusher.flush()
    yield world
    world.ingest.stop()


@settings(max_examples=12)
@given(story=st.lists(acts, max_size=10))
def test_any_story_is_rolled_up_exactly(
    world: World, story: Sequence[tuple[str, int, int, bool]]
) -> None:
    """Pushes, corrections, merges and roll-ups in any order leave what one computation gives."""
    for kind, hour, place, is_odd in story:
        world.tell(kind, hour, place, is_odd=is_odd)
    world.roll_up()

    assert world.rolled_up() == world.expected()
    assert outdated_days(world.ingest.lake.scan(USAGE_DAILY), (), RULES) == set()


def test_a_backlog_is_rolled_up_in_steps(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However little fits into one step, all of it is rolled up and the mark is at its end."""
    monkeypatch.setattr(rolling_up, "STEP_ROWS_MAX", 2)
    for hour in range(0, 500, 60):
        small_world.tell("event", hour)
    lake = small_world.ingest.lake
    before = len(lake.snapshots())

    small_world.roll_up()

    assert small_world.rolled_up() == small_world.expected()
    assert len(lake.snapshots()) - before >= 5
    assert lake.mark(daily_stream(0)) == lake.mark("usage_0")
    assert small_world.roll_up() == 0


@pytest.mark.parametrize("place", ["marked", "dropped", "inserted", "synced"])
def test_a_roll_up_that_dies_is_done_by_the_next(
    small_world: World, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Ended anywhere before its commit it changes nothing; the next one does all of it."""
    before = small_world.rolled_up()

    def reached(name: str) -> None:
        if name == f"lake.replace.{place}":
            raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(lake_replacement, "reached", reached)
        with pytest.raises(ZeroDivisionError):
            small_world.roll_up()
    assert small_world.rolled_up() == before

    assert small_world.roll_up() == 1
    assert small_world.rolled_up() == small_world.expected() != before


def test_a_slower_worker_changes_nothing(small_world: World) -> None:
    """Whoever began from a mark that has moved since can't put old figures over new ones."""
    lake = small_world.ingest.lake
    mark = lake.mark(daily_stream(0))
    old = lake.scan(USAGE_DAILY).collect()
    small_world.roll_up()
    before = small_world.rolled_up()

    with pytest.raises(StaleMarkError):
        replace_days_once(lake, a_replacement(old, 0, mark, mark + 1))

    assert small_world.rolled_up() == before


def test_another_shards_rows_stay(small_world: World) -> None:
    """A day of one shard is replaced without the other shard's rows, though files hold both."""
    lake = small_world.ingest.lake
    daily = lake.scan(USAGE_DAILY).collect().with_columns(shard=pl.lit(1, pl.Int64))
    lake.mark(daily_stream(1))
    replace_days_once(lake, a_replacement(daily, 1, 0, 5))
    lake.compact(NOW, OFTEN)
    assert len(lake.files(USAGE_DAILY)) == 1

    small_world.roll_up()

    found = lake.scan(USAGE_DAILY).sort("shard").collect()
    assert list(found.select("shard", "value_sum").iter_rows()) == [
        (0, Decimal(14)),
        (1, Decimal(7)),
    ]


def test_what_was_erased_meanwhile_does_not_come_back(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A roll-up that read rows before they were erased writes nothing; the next one has none."""
    before = small_world.rolled_up()
    whole = {"service": "nexadesk", "subscription_id": "sub-0"}

    def replace_after_an_erasure(lake: Lake, replaced: DayReplacement) -> None:
        lake.erase([USAGE, USAGE_DAILY], whole)
        replace_days_once(lake, replaced)

    with monkeypatch.context() as patched:
        patched.setattr(rolling_up, "replace_days_once", replace_after_an_erasure)
        with pytest.raises(StaleMarkError, match="erased meanwhile"):
            small_world.roll_up()
    small_world.roll_up()

    assert (len(before), small_world.rolled_up()) == (1, [])


def test_days_outlive_usage_that_was_dropped_by_age(small_world: World) -> None:
    """A late event of a dropped month leaves its day as it was; other days go on."""
    small_world.roll_up()
    lake, before = small_world.ingest.lake, small_world.rolled_up()
    month = lake.scan(USAGE).collect()["month"][0]
    key = {"month": month, "service": "nexadesk", "kind": "retention"}
    keys = pl.DataFrame(
        [{name: key.get(name) for name in ERASED_KEY.polars_schema}],
        schema=ERASED_KEY.polars_schema,
    )
    lake.append_once("erased_key", 0, 1, {ERASED_KEY: keys})
    lake.erase([USAGE], {"service": "nexadesk", "month": month.isoformat()})

    small_world.tell("event", hour=2)
    small_world.tell("event", hour=24 * 60)
    small_world.roll_up()

    after = small_world.rolled_up()
    assert (after[: len(before)], len(after)) == (before, len(before) + 1)


def test_only_files_of_touched_days_are_written_anew(small_world: World) -> None:
    """Days in files of their own stay as they are while another day is replaced."""
    small_world.tell("event", hour=48)
    small_world.roll_up()
    lake = small_world.ingest.lake
    before = {path for path, _ in lake.files(USAGE_DAILY)}
    small_world.tell("event", hour=48)

    small_world.roll_up()

    after = {path for path, _ in lake.files(USAGE_DAILY)}
    assert (len(before), len(after), len(before & after)) == (2, 2, 1)


def test_the_house_rolls_up_what_it_took_in(roof: Roof) -> None:
    """After a flush each event has its day in the service's timezone, and once only."""
    open_account(roof)
    midnight = 1_768_021_200
    for number, second in enumerate((midnight - 1, midnight, midnight + 1)):
        roof.post("/events", {"event": a_push(str(number), 5, timestamp=second)})
    roof.house.flusher.flush()

    changed = roll_up_usage(roof.house, at=roof.clock())

    found = roof.house.lake.scan(USAGE_DAILY).sort("day").collect()
    assert changed == 2
    assert list(found.select("day", "value_sum", "watermark").iter_rows()) == [
        (date(2026, 1, 9), Decimal(5), str(roof.house.flusher.flush())),
        (date(2026, 1, 10), Decimal(10), str(roof.house.flusher.flush())),
    ]
    assert roll_up_usage(roof.house, at=roof.clock()) == 0
