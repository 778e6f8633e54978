"""An automation in a real Odoo wakes the feed, which then asks Odoo what changed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from fusion_billing.app import create_app
from fusion_billing.clock import SystemClock
from fusion_billing.house import opened_house
from fusion_billing.settings import Settings
from tests.browser.chromium import served
from tests.prepared import prepared_house
from tests.real_parts import OdooDatabase

pytestmark = pytest.mark.xdist_group("odoo")

SECONDS_MAX = 30


@contextmanager
def an_automation(admin: OdooDatabase, url: str) -> Iterator[None]:
    """Let Odoo tell an address whenever an invoice is made or written to, for a while."""
    model = admin.call("ir.model", "search", [["model", "=", "account.move"]])[0]
    rule = {"name": "tell Fusion Billing", "model_id": model, "trigger": "on_create_or_write"}
    automation = admin.call("base.automation", "create", rule)
    action = {"name": "tell", "model_id": model, "state": "webhook", "webhook_url": url}
    action |= {"base_automation_id": automation, "usage": "base_automation"}
    admin.call("ir.actions.server", "create", action)
    yield
    admin.call("base.automation", "unlink", [automation])


def test_a_change_in_odoo_wakes_the_feed(
    shared: tuple[OdooDatabase, OdooDatabase, OdooDatabase], tmp_path: Path
) -> None:
    """With an hour between its looks, the feed looks within seconds of a change that is told."""
    admin, user, _ = shared
    settings = Settings(
        data_dir=prepared_house(tmp_path),
        odoo_url=user.url,
        odoo_database=user.database,
        odoo_login=user.login,
        odoo_password=SecretStr(user.password),
        odoo_feed_seconds=3600,
    )
    with opened_house(settings, SystemClock()) as house:
        app = create_app(house)
        with served(app) as address, an_automation(admin, f"{address}/odoo/changed"):
            before = app.state.scheduler.health["feed"].succeeded_at
            partner = admin.call("res.partner", "create", {"name": "Maple"})
            admin.call(
                "account.move", "create", {"move_type": "out_invoice", "partner_id": partner}
            )
            give_up_at = time.monotonic() + SECONDS_MAX
            while (found := app.state.scheduler.health["feed"]).succeeded_at is None:
                assert time.monotonic() < give_up_at, found.problem
                time.sleep(0.1)

    assert before is None
    assert found.problem is None
