"""fusion_api's roll-ups come out of Odoo once each, and all or none of them."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest

from dashboards.costs.cost_store import costs_in_effect
from dashboards.costs.fusion_api import FusionApi, names_from_text, sync_fusion_api
from dashboards.costs.fx_store import add_rates
from dashboards.costs.rate_sources import rates_of_odoo
from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue
from storage.lake import Lake
from storage.state import State, open_state
from tests.dashboards.costs.charge_rows import AT

NAMES = (
    "source_id",
    "day",
    "provider",
    "cost",
    "currency_id",
    "revision",
    "service",
    "customer_key",
)


class RecordedOdoo:
    """Answers like Odoo out of a list of records, and keeps the domains it was asked."""

    def __init__(self, *records: dict[str, OdooValue]) -> None:
        self.records = list(records)
        self.domains: list[OdooValue] = []

    def call(self, model: str, method: str, *args: OdooValue, **kwargs: OdooValue) -> OdooValue:
        assert model == "fusion.api.usage.daily"
        if method == "fields_get":
            return {name: {"type": "char"} for name in args[0] if name in NAMES}
        self.domains.append(args[0])
        since = args[0][0][2] if args[0] else ""
        found = [record for record in self.records if record["write_date"] >= since]
        return found[kwargs["offset"] : kwargs["offset"] + kwargs["limit"]]


def a_record(number: int, cost: float, *, revision: int = 1, **changed: OdooValue) -> OdooValue:
    return {
        "id": number, "source_id": f"r{number}", "day": "2026-10-01", "provider": "OpenAI",
        "cost": cost, "currency_id": [3, "USD"], "revision": revision, "service": "nexadesk",
        "customer_key": False, "write_date": f"2026-10-02 10:00:0{revision}", **changed,
    }  # fmt: skip


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = open_state("", tmp_path)
    yield opened
    opened.close()


def sync(lake: Lake, state: State, odoo: RecordedOdoo) -> tuple[int, int]:
    connection = cast(OdooConnection, odoo)
    kept = sync_fusion_api(lake, state, connection, FusionApi(), at=AT)
    return kept.new_count, len(kept.faults)


def give_rate(state: State) -> None:
    class Rates:
        user_id = 2

        def call(self, model: str, *_args: OdooValue, **_kwargs: OdooValue) -> OdooValue:
            locks = dict.fromkeys(("fiscalyear_lock_date", "tax_lock_date"), False)
            locks |= dict.fromkeys(("sale_lock_date", "hard_lock_date"), False)
            return {
                "res.users": [{"company_id": [1, "Ours"]}],
                "res.company": [
                    {
                        "id": 1, "name": "Ours", "currency_id": [4, "CAD"],
                        "account_sale_tax_id": False, "account_fiscal_country_id": False,
                        "restrictive_audit_trail": False,
                        "tax_calculation_rounding_method": "round_globally", **locks,
                    }
                ],
                "res.currency.rate": [
                    {"name": "2026-09-30", "currency_id": [3, "USD"],
                     "inverse_company_rate": 1.4000000000000001},
                    {"name": "2026-09-30", "currency_id": [4, "CAD"], "inverse_company_rate": 1.0},
                ],
            }[model]  # fmt: skip

    with state.write() as connection:
        add_rates(connection, rates_of_odoo(cast(OdooConnection, Rates())), AT)


def test_changes_are_read_once(lake: Lake, state: State) -> None:
    """What was read is asked for no more, but for an hour's overlap, and counts once."""
    give_rate(state)
    odoo = RecordedOdoo(a_record(1, 0.1), a_record(2, 0.2))

    assert sync(lake, state, odoo) == (2, 0)
    odoo.records.append(a_record(1, 0.7, revision=2))
    assert sync(lake, state, odoo) == (1, 0)
    assert sync(lake, state, odoo) == (0, 0)

    assert odoo.domains[0] == []
    assert odoo.domains[1] == [["write_date", ">=", "2026-10-02 09:00:01"]]
    found = costs_in_effect(lake).collect()
    assert found["effective_cost"].sum() == Decimal("0.9")
    assert found["cogs_cad"].sum() == Decimal("1.26")
    assert found["fx_source"].unique().to_list() == ["odoo"]


def test_one_faulty_record_keeps_all_out(lake: Lake, state: State) -> None:
    """Without a rate, or with a faulty record, nothing is taken and the place is not moved."""
    odoo = RecordedOdoo(a_record(1, 0.1), a_record(2, 0.2))
    assert sync(lake, state, odoo) == (0, 2)

    give_rate(state)
    odoo.records[1]["provider"] = False
    assert sync(lake, state, odoo) == (0, 1)
    odoo.records[1]["provider"] = "OpenAI"
    assert sync(lake, state, odoo) == (2, 0)
    assert odoo.domains == [[], [], []]


def test_fields_may_be_called_otherwise() -> None:
    """Fields are renamed one by one, and a name that means nothing is refused."""
    names = names_from_text("cost=x_amount, account=x_customer")

    assert (names.cost, names.account, names.day) == ("x_amount", "x_customer", "day")
    with pytest.raises(ValueError, match="renames nothing"):
        names_from_text("colour=red")


def test_a_model_without_the_fields_is_refused(lake: Lake, state: State) -> None:
    """A field that must be there and is not is named, with the setting that mends it."""
    where = FusionApi(names=names_from_text("cost=x_amount"))
    with pytest.raises(ValueError, match=r"no field x_amount.*FUSION_COSTS_ODOO_FIELDS"):
        sync_fusion_api(
            lake, state, cast(OdooConnection, RecordedOdoo()), where, at=AT + timedelta(1)
        )
