"""A service moves over by its mode, and no period is billed by both systems."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from catalog.services import ServiceMode
from catalog.store import services
from fusion_billing.billing import bill_services
from fusion_billing.cli import app
from rating.draft_store import drafts_waiting
from rating.invoice_draft import DraftStatus, InvoiceDraft
from rating.rated_line import LineKind
from tests.fusion_billing.conftest import Roof
from tests.fusion_billing.makers import a_push, open_account

FEBRUARY = datetime(2026, 2, 1, 5, 0, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, 4, 0, tzinfo=UTC)


def become(roof: Roof, mode: ServiceMode) -> None:
    with roof.house.state.write() as connection:
        kept = services.find_service(connection, "nexadesk")
        assert kept is not None
        services.save_service(connection, replace(kept, mode=mode))


def bill(roof: Roof, at: datetime) -> InvoiceDraft:
    (report,) = bill_services(roof.house, at=at)
    (draft,) = report.drafts
    return draft


@contextmanager
def waiting(roof: Roof) -> Iterator[list[str]]:
    """Give the ids of the drafts that would be sent to Odoo."""
    with roof.house.state.read() as connection:
        yield [draft.id for draft in drafts_waiting(connection, 100)]


@pytest.mark.parametrize("mode", [ServiceMode.SHADOW, ServiceMode.DUAL])
def test_only_a_live_service_is_sent(roof: Roof, mode: ServiceMode) -> None:
    """Drafts of a shadow or dual service are complete, and never wait for Odoo."""
    open_account(roof)
    become(roof, mode)
    roof.post("/events", {"event": a_push("1", 100)})
    draft = bill(roof, FEBRUARY)

    assert (draft.status, draft.amount_cents) == (DraftStatus.SHADOW, 5_100)
    with waiting(roof) as ids:
        assert ids == []


def test_a_period_belongs_to_whoever_billed_when_it_closed(roof: Roof) -> None:
    """Going live sends what closes from then on; neither way bills a period again."""
    open_account(roof)
    become(roof, ServiceMode.SHADOW)
    january = bill(roof, FEBRUARY)
    become(roof, ServiceMode.LIVE)
    february = bill(roof, MARCH)
    with waiting(roof) as ids:
        assert ids == [february.id]
    become(roof, ServiceMode.SHADOW)
    with waiting(roof) as ids:
        assert ids == []
    march = bill(roof, APRIL)

    statuses = [draft.status for draft in (january, february, march)]
    assert statuses == [DraftStatus.SHADOW, DraftStatus.DRAFT, DraftStatus.SHADOW]


def test_the_old_systems_periods_are_not_corrected_by_us(roof: Roof) -> None:
    """Late usage of a period that another system billed makes no line once we are live."""
    open_account(roof)
    become(roof, ServiceMode.SHADOW)
    bill(roof, FEBRUARY)
    become(roof, ServiceMode.LIVE)
    roof.post("/events", {"event": a_push("1", 70)})
    february = bill(roof, MARCH)

    assert [line.kind for line in february.lines] == [LineKind.PLAN_FEE]


def test_the_command_moves_a_service(roof: Roof) -> None:
    """It says what the mode means; going back waits until every draft is sent."""
    open_account(roof)
    bill(roof, FEBRUARY)
    folder = str(roof.house.settings.data_dir)
    roof.house.state.close()
    refused = CliRunner().invoke(
        app, ["cutover", "nexadesk", "--to", "shadow", "--data-dir", folder]
    )

    assert refused.exit_code != 0
    assert "drafts_not_sent" in str(refused.exception)
    moved = CliRunner().invoke(app, ["cutover", "nexadesk", "--to", "live", "--data-dir", folder])
    assert "Periods that close from now on are sent" in moved.output
