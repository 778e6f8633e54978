"""The catalogue from a real Odoo 19: once, versioned, noted; reading writes nothing."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalog.charge_terms import StandardTerms
from catalog.plans import Plan
from catalog.services import Service, ServiceMode
from catalog.store.plans import find_plan, plan_versions
from catalog.store.services import add_service, save_service, services
from fusion_billing.catalogue import new_id
from fusion_billing.cli import app
from odoo_bridge.catalogue.reading import ReadingReport, read_catalogue
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import OdooFault
from odoo_bridge.odoo_value import OdooValue
from storage.state import State, open_state
from tests.odoo.house import House
from tests.odoo_bridge.broken_line import BrokenLine, Cut
from tests.odoo_bridge.makers import entered
from tests.real_parts import OdooDatabase

pytestmark = pytest.mark.xdist_group("odoo")

COUNTED = '{"aggregation_type": "sum_agg", "field_name": "count"}'
STAMPS = ["write_date", "message_ids"]
RUNS_MAX = 20


class Shelf:
    """One service's products in Odoo, put there by a person, and the catalogue read from them."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self.state: State = open_state("", folder)
        self.service = f"s{house.tag[1:9]}"
        self.plan_product = self.product("Team", list_price=49.0)
        self.charge_product = self.product(
            "Tokens",
            x_fc_metric_code="tokens",
            x_fc_metric_properties=COUNTED,
            x_fc_included_quota="1000",
            x_fc_overage_price="0.002",
        )
        service = Service(self.service, self.service, "S", "America/Toronto", "CAD", now())
        with self.state.write() as connection:
            add_service(connection, service)

    def product(self, name: str, **values: OdooValue) -> int:
        """Let a person make a product of the plan team."""
        made = {"name": name, "type": "service", "list_price": 0.0, "x_fc_plan_code": "team"}
        made["x_fc_service"] = self.service
        return int(self.house.inside.call("product.template", "create", made | values))

    def write(self, product_id: int, **values: OdooValue) -> None:
        """Let a person change a product."""
        self.house.inside.call("product.template", "write", [product_id], values)

    def read(
        self,
        odoo: OdooConnection | None = None,
        *,
        at: datetime | None = None,
        dry_run: bool = False,
    ) -> ReadingReport:
        """Read the catalogue of this test's service."""
        with self.state.read() as connection:
            known = services(connection)
        return read_catalogue(
            *(self.state, odoo or self.house.odoo, known),
            at=at or now(),
            new_id=new_id,
            service_code=self.service,
            dry_run=dry_run,
        )

    def plan(self) -> Plan | None:
        """Return the newest version of the plan."""
        with self.state.read() as connection:
            return find_plan(connection, self.service, "team")

    def versions(self) -> dict[str, list[Plan]]:
        """Return every version of every plan."""
        with self.state.read() as connection:
            return plan_versions(connection, self.service)

    def stamps(self) -> OdooValue:
        """Return when each product was written last, and how many messages it has."""
        products = [self.plan_product, self.charge_product]
        return self.house.inside.call("product.template", "read", products, STAMPS)

    def notes(self, product_id: int) -> list[str]:
        """Return our notes on a product, oldest first."""
        on_it = [["model", "=", "product.template"], ["res_id", "=", product_id]]
        ours = [*on_it, ["body", "like", "Fusion Billing does not"]]
        found = self.house.inside.call("mail.message", "search_read", ours, ["body"], order="id")
        return [str(note["body"]) for note in found]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def shelf(house: House, tmp_path: Path) -> Iterator[Shelf]:
    """Provide a plan and a charge as products of Odoo."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    made = Shelf(house, folder)
    yield made
    made.state.close()


def kept(shelf: Shelf) -> Plan:
    plan = shelf.plan()
    assert plan is not None
    return plan


@pytest.mark.parametrize("transport", ["jsonrpc", "json2"])
def test_products_become_a_plan_once(shelf: Shelf, transport: str) -> None:
    """The first reading keeps the plan; the second keeps nothing and writes nothing to Odoo."""
    odoo = entered(shelf.house.keyed, transport=transport)
    before = shelf.stamps()
    foreseen = shelf.read(odoo, dry_run=True)
    untouched = shelf.plan()
    first = shelf.read(odoo)
    versions = shelf.versions()
    second = shelf.read(odoo)
    (charge,) = kept(shelf).charges

    assert [change.verb for change in foreseen.services[0].changes] == ["add", "add"]
    assert untouched is None
    assert (first.services[0].problems, first.notes_posted) == ((), 0)
    assert (kept(shelf).amount_cents, kept(shelf).amount_currency) == (4900, "CAD")
    assert isinstance(charge.terms, StandardTerms)
    assert str(charge.terms.amount) == "0.002"
    assert charge.quantity_included == 1000
    assert (second.services[0].changes, second.products_changed) == ((), 0)
    assert shelf.versions() == versions
    assert shelf.stamps() == before


def test_a_change_in_odoo_is_a_version_from_its_date(shelf: Shelf) -> None:
    """A new price is in force since Odoo wrote it; a product merely touched makes no version."""
    shelf.read()
    shelf.write(shelf.charge_product, description="seen by a person")
    touched = shelf.read()
    shelf.write(shelf.charge_product, x_fc_overage_price="0.003")
    written = shelf.stamps()[1]["write_date"]
    shelf.read(at=now() + timedelta(minutes=5))
    plan = kept(shelf)

    assert touched.services[0].changes == ()
    assert (plan.version, f"{plan.valid_from:%Y-%m-%d %H:%M:%S}") == (2, written)


def test_a_wrong_product_gets_one_note_a_problem(shelf: Shelf) -> None:
    """A problem is noted once, another one again; the last good prices stay."""
    shelf.read()
    shelf.write(shelf.charge_product, x_fc_overage_price="cheap")
    first = shelf.read()
    again = shelf.read()
    one = shelf.notes(shelf.charge_product)
    shelf.write(shelf.charge_product, x_fc_overage_price="0.003", x_fc_charge_properties="{")
    shelf.read()
    shelf.write(shelf.charge_product, x_fc_charge_properties=False)
    mended = shelf.read()
    notes = shelf.notes(shelf.charge_product)

    assert (first.notes_posted, again.notes_posted, mended.notes_posted) == (1, 0, 0)
    assert len(one) == 1
    assert "properties: invalid_amount" in one[0]
    assert len(notes) == 2
    assert "is not JSON" in notes[1]
    assert shelf.notes(shelf.plan_product) == []
    assert (kept(shelf).version, len(shelf.versions())) == (2, 1)


@pytest.mark.parametrize("transport", ["jsonrpc", "json2"])
@pytest.mark.parametrize("price", ["nan", "inf"])
def test_a_price_that_is_no_number_is_noted(shelf: Shelf, price: str, transport: str) -> None:
    """NaN and infinity, which Odoo keeps, are noted on their product; other plans go on."""
    odoo = entered(shelf.house.keyed, transport=transport)
    shelf.read(odoo)
    shelf.write(shelf.plan_product, list_price=float(price))  # float: Odoo's own
    shelf.product("Solo", x_fc_plan_code="solo", list_price=5.0)
    report = shelf.read(odoo)

    assert [change.code for change in report.services[0].changes] == ["solo"]
    assert "is not a whole number of cents" in shelf.notes(shelf.plan_product)[0]
    assert (kept(shelf).version, kept(shelf).amount_cents) == (1, 4900)


def test_a_service_that_is_not_live_writes_nothing(shelf: Shelf) -> None:
    """In shadow a problem is told here and not in Odoo; once live it is noted."""
    with shelf.state.write() as connection:
        (service,) = services(connection)
        save_service(connection, replace(service, mode=ServiceMode.SHADOW))
    shelf.write(shelf.charge_product, x_fc_overage_price="cheap")
    before = shelf.stamps()
    shadow = shelf.read()
    unwritten = shelf.stamps() == before
    with shelf.state.write() as connection:
        save_service(connection, service)
    live = shelf.read()

    assert len(shadow.services[0].problems) == 1
    assert unwritten
    assert (shadow.notes_posted, live.notes_posted) == (0, 1)


def test_archived_and_deleted_products_are_gone(shelf: Shelf) -> None:
    """A deleted charge leaves its plan, an archived plan is deleted; its versions stay."""
    shelf.read()
    shelf.house.inside.call("product.template", "unlink", [shelf.charge_product])
    shelf.read()
    without = kept(shelf)
    shelf.write(shelf.plan_product, active=False)
    shelf.read()
    archived = shelf.plan()
    shelf.write(shelf.plan_product, active=True)
    shelf.read()

    assert (without.version, without.charges) == (2, ())
    assert archived is None
    assert (kept(shelf).version, len(shelf.versions())) == (1, 2)


@pytest.mark.parametrize("how", [Cut.BEFORE, Cut.AFTER])
def test_every_call_may_break_once(shelf: Shelf, line: BrokenLine, how: Cut) -> None:
    """Wherever calls break, the plan has one version and the wrong product one note."""
    wrong = shelf.product("Wrong", x_fc_plan_code="other", x_fc_metric_code="tokens")
    odoo = shelf.house.through(line, "json2")
    line.cut_every_call_once(how)
    for _ in range(RUNS_MAX):
        try:
            report = shelf.read(odoo)
        except OdooFault:
            continue
        break

    assert line.cuts > 2
    assert [problem.source for problem in report.services[0].problems] == [str(wrong)]
    assert len(shelf.notes(wrong)) == 1
    assert [len(versions) for versions in shelf.versions().values()] == [1]


def test_the_verb_tells_and_asks_whose_the_catalogue_is(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading needs the setting, a dry run does not; programs get every change and problem."""
    user = shelf.house.user
    settings_of(user, monkeypatch)
    folder = str(tmp_path / "data")
    run(folder, "service", "create", shelf.service)
    refused = run(folder, "odoo", "catalogue", exit_code=2)
    words = ("odoo", "catalogue", "--service", shelf.service, "--json")
    foreseen = json.loads(run(folder, *words, "--dry-run"))
    monkeypatch.setenv("FUSION_CATALOGUE_OWNER", "odoo")
    told = json.loads(run(folder, *words))
    text = run(folder, "odoo", "catalogue", "--service", shelf.service)

    assert refused == ""
    for data in (foreseen, told):
        codes = [change["code"] for change in data["services"][0]["changes"]]
        assert codes == ["tokens", "team"]
    assert text.strip() == "Nothing has changed."


def settings_of(user: OdooDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name the real Odoo in the settings."""
    monkeypatch.setenv("FUSION_ODOO_URL", user.url)
    monkeypatch.setenv("FUSION_ODOO_DATABASE", user.database)
    monkeypatch.setenv("FUSION_ODOO_LOGIN", user.login)
    monkeypatch.setenv("FUSION_ODOO_PASSWORD", user.password)


def run(folder: str, *words: str, exit_code: int = 0) -> str:
    """Run one verb on a data folder and return what it printed."""
    result = CliRunner().invoke(app, [*words, "--data-dir", folder])
    assert result.exit_code == exit_code, result.output
    return result.stdout
