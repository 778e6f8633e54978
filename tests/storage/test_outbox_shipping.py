"""What is kept in an outbox reaches the lake, each row once."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from storage import outbox_shipping
from storage.lake import Lake, StaleMarkError
from storage.lake_tables import RATED_LINE
from storage.outbox_shipping import ship_outbox
from storage.state import State, open_state
from storage.tables import rated_line_outbox
from tests.prepared import prepared_house
from tests.storage.frames import usage_rows

STREAM = "rated_line"


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[tuple[State, Lake]]:
    """Give an empty state and an empty lake."""
    folder = prepared_house(tmp_path)
    state, lake = open_state("", folder), Lake(folder / "lake")
    yield state, lake
    lake.close()
    state.close()


def keep(state: State, *bodies: str) -> None:
    with state.write() as connection:
        connection.execute(rated_line_outbox.insert(), [{"body": body} for body in bodies])


def shipped(stores: tuple[State, Lake]) -> int:
    return ship_outbox(*stores, rated_line_outbox, STREAM, RATED_LINE, rows_of)


def rows_of(bodies: Sequence[str]) -> pl.DataFrame:
    return usage_rows(*bodies, table=RATED_LINE).with_columns(id=pl.Series(bodies))


def lines(lake: Lake) -> list[str]:
    return sorted(lake.scan(RATED_LINE).select("id").collect()["id"].to_list())


def waiting_count(state: State) -> int:
    with state.read() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(rated_line_outbox)) or 0


def test_what_is_kept_is_shipped_and_forgotten(stores: tuple[State, Lake]) -> None:
    """All kept rows are in the lake, the outbox is empty, and once more ships nothing."""
    state, lake = stores
    keep(state, "a", "b")

    assert (shipped(stores), shipped(stores)) == (2, 0)
    assert (lines(lake), waiting_count(state)) == (["a", "b"], 0)


def test_more_than_a_shipment_goes_in_several(
    stores: tuple[State, Lake], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the limit of a shipment and one past it every row is shipped once."""
    state, lake = stores
    monkeypatch.setattr(outbox_shipping, "ROWS_PER_SHIPMENT_MAX", 2)
    keep(state, "a", "b")

    assert shipped(stores) == 2
    keep(state, "c", "d", "e")
    assert shipped(stores) == 3
    assert lines(lake) == ["a", "b", "c", "d", "e"]


def test_what_a_crash_left_is_not_shipped_again(stores: tuple[State, Lake]) -> None:
    """Rows below the mark are in the lake already: they are only forgotten."""
    state, lake = stores
    keep(state, "a", "b")
    with state.read() as connection:
        last = connection.scalar(sa.select(sa.func.max(rated_line_outbox.c.id)))
    lake.append_once(STREAM, 0, last, {RATED_LINE: rows_of(["a", "b"])})

    assert shipped(stores) == 0
    assert (lines(lake), waiting_count(state)) == (["a", "b"], 0)


def test_another_process_may_ship_the_same(
    stores: tuple[State, Lake], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes second reads the mark anew, and doubles nothing."""
    state, lake = stores
    keep(state, "a", "b")
    append_once = Lake.append_once

    def overtaken(self: Lake, stream: str, mark: int, upto: int, frames: object) -> None:
        monkeypatch.setattr(Lake, "append_once", append_once)
        append_once(self, stream, mark, upto, frames)  # type: ignore[arg-type]
        raise StaleMarkError("another process was faster")

    monkeypatch.setattr(Lake, "append_once", overtaken)

    shipped(stores)
    assert (lines(lake), waiting_count(state)) == (["a", "b"], 0)
