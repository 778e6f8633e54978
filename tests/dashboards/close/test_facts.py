"""The checklist looks at the real rows: what is wrong in state, lake or inbox is found there."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from catalog.store.services import find_service
from dashboards.close.checklist import Facts
from dashboards.close.facts import CloseSources, read_facts
from dashboards.costs.fx import DatedRate
from dashboards.costs.fx_store import add_rates
from dashboards.mart.reading import read_cube
from storage import tables
from storage.lake_tables import COST
from tests.dashboards.seed import NOW, cost_frame, open_seeded, seeded_app

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
MONTH_END = datetime(2026, 12, 1, 5, tzinfo=UTC)
CODE = "nexadesk"


@pytest.fixture
def sources(tmp_path: Path) -> Iterator[CloseSources]:
    """Give the seeded house, with an Odoo."""
    lake, state = open_seeded(tmp_path)
    found: CloseSources = seeded_app(lake, state).state.close_sources
    yield found
    lake.close()
    state.close()


def facts(sources: CloseSources, month: date = NOVEMBER) -> Facts:
    with sources.state.read() as connection:
        service = find_service(connection, CODE)
    assert service is not None
    return read_facts(sources, service, month, read_cube(sources.lake, sources.state))


def insert(sources: CloseSources, statement: sa.Insert) -> None:
    with sources.state.write() as connection:
        connection.execute(statement)


def test_a_sound_month_has_nothing_wrong(sources: CloseSources) -> None:
    """A billed month with all costs shows its drafts and its foreign lines, and no fault."""
    found = facts(sources)

    assert found.drafts == {"sent": 4, "draft": 2, "parked": 1, "empty": 1}
    assert found.foreign_lines == [("USD", 2)]
    assert found.house_cad > found.shared_cad > 0
    unwell = (found.unbilled, found.blocked, found.unfinished_corrections, found.rates_missing,
              found.providers_missing, found.providers_short)  # fmt: skip
    assert [list(each) for each in unwell] == [[]] * 6


def test_drafts_are_counted_only_where_they_are_sent(sources: CloseSources) -> None:
    """Without an Odoo no draft waits for it."""
    assert facts(replace(sources, has_odoo=False)).drafts is None


def test_usage_of_the_month_in_the_inbox_is_found(sources: CloseSources) -> None:
    """A push kept before the month's end that waits is found; one kept after is not the month's."""
    early = replace(sources, oldest_waiting=lambda: MONTH_END.replace(hour=4))
    late = replace(sources, oldest_waiting=lambda: MONTH_END)

    assert (facts(early).usage_waits, facts(late).usage_waits) == (True, False)


def test_unfinished_work_is_found(sources: CloseSources) -> None:
    """A blocked closing, a correction half done and a line on its way are found."""
    blocked = {"subscription_id": f"sub-{CODE}-acct-01", "subscription_external_id": "sub-acct-01",
               "service_code": CODE, "problem": "3 or 4", "blocked_at": NOW}  # fmt: skip
    insert(sources, tables.blocked_closing.insert().values(closing_at=MONTH_END, **blocked))
    insert(sources, tables.rated_line_outbox.insert().values(body="{}"))
    insert(sources, tables.correction.insert().values(
        id="half", service_code=CODE, kind="void", selection="{}", changes="{}", author="Ann",
        reason="wrong", created_at=NOW, watermark="0:1", rows_total=2, rows_done=1,
        status="applying",
    ))  # fmt: skip

    found = facts(sources)

    assert (found.blocked, found.lines_waiting_count) == (["sub-acct-01"], 1)
    assert found.unfinished_corrections == ["half"]
    assert facts(sources, date(2026, 10, 1)).blocked == []


def test_a_provider_that_is_missing_or_short_is_found(sources: CloseSources) -> None:
    """A provider of the month before is missed; one whose days end early is told with the day."""
    assert facts(sources, DECEMBER).providers_missing == ["Example Cloud"]

    week = cost_frame("week").head(1).with_columns(
        month=pl.lit(DECEMBER), service=pl.lit(CODE), day=pl.lit(DECEMBER),
        last_day=pl.lit(date(2026, 12, 7)),
    )  # fmt: skip
    assert sources.lake.append_unless(COST, whole(week), column="import_id", value="week")

    found = facts(sources, DECEMBER)
    assert found.providers_missing == []
    assert found.providers_short == [("Example Cloud", date(2026, 12, 7))]


def test_a_missing_rate_is_found(sources: CloseSources) -> None:
    """A currency converted by dated rates needs one at the month's end."""
    dated = cost_frame("dated").filter(pl.col("month") == NOVEMBER).head(1)
    dated = whole(dated.with_columns(fx_source=pl.lit("odoo")))
    assert sources.lake.append_unless(COST, dated, column="import_id", value="dated")
    assert facts(sources).rates_missing == [("USD", date(2026, 11, 30))]

    with sources.state.write() as connection:
        add_rates(connection, [DatedRate("USD", date(2026, 11, 20), dated["fx_rate"][0], "odoo")],
                  NOW)  # fmt: skip

    assert facts(sources).rates_missing == []


def whole(costs: pl.DataFrame) -> pl.DataFrame:
    """Return cost rows with every column of the lake."""
    kinds = COST.polars_schema.items()
    absent = [pl.lit(None, kind).alias(name) for name, kind in kinds if name not in costs.columns]
    return costs.with_columns(absent).select(list(COST.polars_schema))
