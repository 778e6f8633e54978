"""Cost files reach the lake whole and once."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from dashboards.costs.importing import import_costs
from storage.lake import Lake
from storage.lake_tables import COST
from tests.dashboards.costs.focus_files import a_row, focus_file
from tests.shared_files import shared_file

USD = {"USD": Decimal("1.4")}


def sample() -> Path:
    return shared_file("data/focus_1_0_sample.csv")


def independent_sums(column: str) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    with sample().open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            category = row["ChargeCategory"]
            sums[category] = sums.get(category, Decimal(0)) + Decimal(row[column])
    return sums


def test_the_published_sample_without_a_rate(lake: Lake) -> None:
    """A file in USD without a rate is refused whole: every row says so and none is kept."""
    found = import_costs(lake, sample(), {})

    assert len(found.errors) == 1000
    assert "--rate USD=" in found.errors[0].reason
    assert lake.scan(COST).collect().is_empty()


def test_the_published_sample_foots(lake: Lake) -> None:
    """The lake holds, for each category, what an independent reading of the file adds up to."""
    found = import_costs(lake, sample(), USD)
    costs = lake.scan(COST).collect()

    for name, column in (("EffectiveCost", "effective_cost"), ("BilledCost", "billed_cost")):
        sums = {str(key[0]): rows[column].sum() for key, rows in costs.group_by("charge_category")}
        assert sums == independent_sums(name)
    assert found.rows == 1000
    assert found.effective_cost == {"USD": sum(independent_sums("EffectiveCost").values())}
    assert found.cogs_cad == found.effective_cost["USD"] * Decimal("1.4")


@pytest.mark.parametrize("provider", ["ProviderName", "ServiceProviderName"])
def test_the_sample_foots_by_invoice(lake: Lake, provider: str) -> None:
    """As FOCUS 1.2 to 1.4 write it, the sample's sums by invoice and category are the file's."""
    with sample().open(newline="", encoding="utf-8") as lines:
        rows = [
            {**row, "InvoiceId": f"{row['InvoiceIssuerName']} {row['BillingPeriodStart'][:7]}",
             provider: row["ProviderName"]}
            for row in csv.DictReader(lines)
        ]  # fmt: skip
    header = [name for name in rows[0] if name not in ({"ProviderName"} - {provider})]
    expected: dict[tuple[str, str, str], Decimal] = {}
    for row in rows:
        key = row["InvoiceId"], row["ChargeCategory"], row[provider]
        expected[key] = expected.get(key, Decimal(0)) + Decimal(row["BilledCost"])

    found = import_costs(lake, focus_file(*rows, header=header), USD)
    costs = lake.scan(COST).collect().group_by("invoice_id", "charge_category", "provider")

    assert found.errors == ()
    assert len(expected) > 5
    assert {key: part["billed_cost"].sum() for key, part in costs} == expected


def test_a_file_counts_once(lake: Lake) -> None:
    """The same bytes again change nothing, even under another rate, and say what is kept."""
    content = focus_file(a_row(BillingCurrency="USD", EffectiveCost="10"))

    first = import_costs(lake, content, USD)
    second = import_costs(lake, content, {"USD": Decimal(2)})

    assert (first.already_imported, second.already_imported) == (False, True)
    assert first.cogs_cad == second.cogs_cad == Decimal(14)
    assert lake.scan(COST).collect().height == 1


def test_one_faulty_row_keeps_the_file_out(lake: Lake) -> None:
    """A file with one faulty row leaves no row in the lake, and mended it goes in."""
    faulty = import_costs(lake, focus_file(a_row(), a_row(EffectiveCost="1e1")), {})
    mended = import_costs(lake, focus_file(a_row(), a_row(EffectiveCost="10")), {})

    assert [fault.row_number for fault in faulty.errors] == [2]
    assert (mended.rows, mended.cogs_cad) == (2, Decimal("11.25"))
    assert lake.scan(COST).collect().height == 2


def test_taxes_are_told_apart(lake: Lake) -> None:
    """Effective cost ties to the vendor's bill: COGS and taxes together are all of it."""
    rows = [a_row(), a_row(ChargeCategory="Tax", EffectiveCost="0.1625")]

    found = import_costs(lake, focus_file(*rows), {})

    assert found.effective_cost["CAD"] == found.cogs_cad + found.tax["CAD"] == Decimal("1.4125")
