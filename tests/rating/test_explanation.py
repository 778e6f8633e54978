"""The parts of an explanation make the line, whatever was used and however it is priced."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec import structs

from aggregation.aggregator import quantities
from aggregation.quantity import UsageWindow
from catalog.billable_metrics import AggregationType
from catalog.charge_terms import (
    ChargeTerms,
    GraduatedPercentageTerms,
    GraduatedTerms,
    PackageTerms,
    PercentageTerms,
    PercentageTier,
    StandardTerms,
    VolumeTerms,
)
from catalog.money import MONEY_CONTEXT
from catalog.plans import Charge
from rating.charge_bucket import ChargeBucket
from rating.charge_window import ChargeWindow
from rating.explaining.counted_usage import counted_usage
from rating.explaining.explanation import LineExplanation
from rating.explaining.signed_csv import public_key, signed_csv
from rating.rater import rated_charge_lines
from tests.aggregation.makers import EVERYTHING, START, a_metric, a_window, an_event, frame
from tests.house.sources import ROOT
from tests.rating.makers import a_charge, a_scope, amounts, ladders

SECRET = b"a secret of 32 bytes or longer!!"
rates = st.decimals(0, 100, places=2)
TERMS: dict[str, st.SearchStrategy[ChargeTerms]] = {
    "standard": st.builds(StandardTerms, amounts),
    "graduated": st.builds(GraduatedTerms, ladders()),
    "volume": st.builds(VolumeTerms, ladders()),
    "package": st.builds(
        PackageTerms, amounts, package_size=st.just(7), free_units=st.sampled_from([0, 4])
    ),
    "percentage": st.builds(PercentageTerms, rates, fixed_amount=amounts),
    "graduated_percentage": ladders().map(
        lambda tiers: GraduatedPercentageTerms(
            tuple(
                PercentageTier(
                    each.from_value, each.to_value, rate=each.per_unit_amount,
                    flat_amount=each.flat_amount,
                )
                for each in tiers
            )
        )
    ),
}  # fmt: skip
pushes = st.lists(
    st.tuples(st.integers(0, 700), st.decimals(-50, 200, places=3)), min_size=1, max_size=8
)
KINDS = [
    (AggregationType.SUM, False),
    (AggregationType.SUM, True),
    (AggregationType.WEIGHTED_SUM, False),
    (AggregationType.MAX, False),
    (AggregationType.COUNT, False),
]


def explained(
    charge: Charge, kind: AggregationType, pushed: list[tuple[int, Decimal]]
) -> tuple[LineExplanation, pl.DataFrame]:
    """Return the explanation of the line of a charge, and its rows as sent."""
    usage = frame(
        [an_event(number, hour * 3600, value) for number, (hour, value) in enumerate(pushed)]
    )
    asked: UsageWindow = structs.replace(
        a_window(a_metric(kind)), is_prorated=charge.is_prorated, period_days=30,
        timezone="America/Toronto",
    )  # fmt: skip
    window = ChargeWindow(ChargeBucket(charge), asked)
    quantity = quantities(usage, [asked], EVERYTHING)["window"]
    (line,) = rated_charge_lines(a_scope(), window, quantity)
    counted = counted_usage(usage, None, asked, EVERYTHING)
    return LineExplanation(line, window, counted), counted.rows.with_columns(
        properties=pl.lit('{"text":"two\r\nlines, =1+1"}')
    )


def verdict(folder: Path, data: bytes, key: str) -> subprocess.CompletedProcess[str]:
    """Run the customer's script on a file."""
    file = folder / "line.csv"
    file.write_bytes(data)
    script = ROOT / "docs" / "verify_line.py"
    return subprocess.run(
        [sys.executable, script, file, key], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("model", "kind", "is_prorated"),
    [
        (model, *case)
        for model in TERMS
        for case in KINDS
        if not case[1] or model in {"standard", "graduated"}
    ],
)
@settings(max_examples=20)
@given(data=st.data(), pushed=pushes, included=st.sampled_from([0, 10]))
def test_the_parts_make_the_line(
    model: str,
    kind: AggregationType,
    is_prorated: bool,  # noqa: FBT001 - a case
    data: st.DataObject,
    pushed: list[tuple[int, Decimal]],
    included: int,
) -> None:
    """Rows make the units, units by price each step, and the steps the cents."""
    assume(not (is_prorated and included))
    charge = a_charge(
        data.draw(TERMS[model]), quantity_included=Decimal(included), is_prorated=is_prorated
    )

    found, _ = explained(charge, kind, pushed)

    assert found.adds_up
    for step in found.line.steps:
        if step.unit_amount is not None:
            priced = MONEY_CONTEXT.multiply(step.units, step.unit_amount)
            assert MONEY_CONTEXT.add(priced, step.flat_amount or Decimal(0)) == step.amount


def test_a_line_that_does_not_add_up_is_told() -> None:
    """A line whose steps or units were changed does not add up."""
    found, _ = explained(a_charge(), AggregationType.SUM, [(1, Decimal(500))])

    assert found.adds_up
    assert not replace(found, line=replace(found.line, amount_cents=1)).adds_up
    assert not replace(found, line=replace(found.line, quantity=Decimal(7))).adds_up
    assert not found.is_erased
    assert replace(found, usage=None).is_erased


def test_a_customer_checks_a_line_alone(tmp_path: Path) -> None:
    """The published script takes a signed file, and refuses any other byte or key."""
    charge = a_charge(quantity_included=Decimal(3))
    found, rows = explained(
        charge, AggregationType.WEIGHTED_SUM, [(1, Decimal(50)), (9, Decimal(-8))]
    )
    data, key = b"".join(signed_csv(found, rows, SECRET)), public_key(SECRET)

    good = verdict(tmp_path, data, key)
    assert (good.returncode, good.stdout.split(":")[0]) == (0, "good"), good.stderr
    for place in (len(data) // 3, len(data) // 2):
        harmed = bytearray(data)
        harmed[place] ^= 1
        assert "InvalidSignature" in verdict(tmp_path, bytes(harmed), key).stderr
    assert "InvalidSignature" in verdict(tmp_path, data, public_key(b"another")).stderr


def test_text_is_no_formula() -> None:
    """Text that a spreadsheet would run starts with a quote mark; numbers keep their sign."""
    found, rows = explained(a_charge(), AggregationType.SUM, [(1, Decimal(-5))])
    renamed = rows.with_columns(transaction_id=pl.lit("=1+1"))

    data = b"".join(signed_csv(found, renamed, SECRET)).decode()

    assert "usage,'=1+1,2026-11-01T01:00:00Z,-5.0,1," in data
    assert datetime(2026, 11, 1, tzinfo=UTC) == START
