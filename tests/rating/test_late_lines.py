"""Late lines: what a difference to a billed line says, and which lines have one."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from catalog.charge_terms import StandardTerms
from rating.late.late_usage import BilledLine, LateClosing, billed_lines, late_lines
from rating.line_text import canonical_digest, grouped, late_description
from rating.rated_line import LineKind, RatedLine, Step
from tests.rating.makers import a_charge, a_charge_line, a_scope, a_subscription, used

RATED_AT = datetime(2026, 3, 1, 6, tzinfo=UTC)
CHARGE = a_charge(StandardTerms(Decimal("0.5")), quantity_included=Decimal(2))
ABSENT = canonical_digest({"nothing left of": "other"})


def billed_of(units: int, watermark: str = "0:17") -> RatedLine:
    """Return the line of some units, at half a dollar beyond two."""
    return a_charge_line(used(units), CHARGE, a_scope(watermark=watermark))


def told(line: RatedLine) -> tuple[str, str, int]:
    """Return units, overage and cents of a line."""
    units, overage = (grouped(each) for each in (line.quantity, line.quantity_overage))
    return units, overage, line.amount_cents


def only_late(known: dict[str, BilledLine], now: list[RatedLine], draft: str) -> RatedLine:
    """Return the one late line of a closing."""
    (line,) = late_lines(known, now, draft, RATED_AT)
    return line


def test_a_late_line_is_the_difference_and_names_what_it_corrects() -> None:
    """Ten units billed, fourteen now: four more units, two dollars, and both sides as steps."""
    billed, now = billed_of(10), billed_of(14, "0:40")

    late = only_late({billed.id: BilledLine(billed)}, [now], "draft-2")

    assert late == replace(
        now,
        id=late.id,
        kind=LineKind.LATE_USAGE,
        draft_id="draft-2",
        corrects_line_id=billed.id,
        corrects_draft_id="draft-1",
        quantity=Decimal(4),
        quantity_included=Decimal(0),
        quantity_overage=Decimal(4),
        amount=Decimal(2),
        amount_cents=200,
        description=late_description(now.description, datetime(2026, 1, 1, tzinfo=UTC).date()),
        steps=(
            Step("as computed now", Decimal(14), None, None, Decimal(6)),
            Step("less what was billed", Decimal(0), None, None, Decimal(-4)),
        ),
        inputs_digest=canonical_digest(
            {"now": now.inputs_digest, "billed": [billed.inputs_digest]}
        ),
        rated_at=RATED_AT,
    )
    assert late.id not in {billed.id, now.id}


def test_a_line_that_was_never_billed_is_late_as_a_whole() -> None:
    """What a period did not have when it was billed is due whole, and its digest says so."""
    now = billed_of(14)

    late = only_late({}, [now], "draft-2")

    assert told(late) == ("14", "12", 600)
    assert late.corrects_line_id == now.id
    assert late.inputs_digest == canonical_digest({"now": now.inputs_digest, "billed": []})


def test_corrections_count_as_billed() -> None:
    """A second look at the same usage adds nothing; more usage adds only what is more."""
    billed, now = billed_of(10), billed_of(14)
    late = only_late({billed.id: BilledLine(billed)}, [now], "draft-2")
    known = billed_lines([billed, late])["draft-1"]

    assert known[billed.id].corrections == [late]
    assert list(late_lines(known, [now], "draft-3", RATED_AT)) == []
    more = only_late(known, [billed_of(15)], "draft-3")
    assert told(more) == ("1", "1", 50)
    digests = [billed.inputs_digest, late.inputs_digest]
    assert more.inputs_digest == canonical_digest(
        {"now": billed_of(15).inputs_digest, "billed": digests}
    )


def test_a_correction_without_its_line_stands_for_it() -> None:
    """Where the period had no such line when it was billed, its first correction is the line."""
    now = billed_of(14)
    late = only_late({}, [now], "draft-2")

    known = billed_lines([late])

    assert list(known) == ["draft-1"]
    assert known["draft-1"][now.id] == BilledLine(replace(late, id=now.id))
    assert list(late_lines(known["draft-1"], [now], "draft-3", RATED_AT)) == []


def test_a_line_of_which_nothing_is_left_is_given_back() -> None:
    """Usage taken back whole gives all its units and cents back, at the watermark of today."""
    billed, other = billed_of(10), replace(billed_of(1, "0:40"), id="other", kind=LineKind.PLAN_FEE)

    late = only_late({billed.id: BilledLine(billed)}, [other], "draft-2")

    assert told(late) == ("-10", "-8", -400)
    assert (late.events_count, late.watermark) == (0, "0:40")
    assert late.steps == (
        Step("as computed now", Decimal(0), None, None, Decimal(0)),
        Step("less what was billed", Decimal(0), None, None, Decimal(-4)),
    )
    gone = canonical_digest({"nothing left of": billed.id})
    assert gone != ABSENT
    assert late.inputs_digest == canonical_digest({"now": gone, "billed": [billed.inputs_digest]})


def test_without_any_line_of_today_the_watermark_stays() -> None:
    """A closing of which nothing at all is left keeps the watermark it was billed at."""
    billed = billed_of(10)

    late = only_late({billed.id: BilledLine(billed)}, [], "draft-2")

    assert late.watermark == billed.watermark


def test_what_no_invoice_carries_is_never_late() -> None:
    """A fee of the plan and a line that is not invoiceable have no late line."""
    hidden = replace(billed_of(14), is_invoiceable=False)
    fee = replace(billed_of(14), kind=LineKind.PLAN_FEE)

    assert list(late_lines({}, [hidden, fee], "draft-2", RATED_AT)) == []
    assert billed_lines([fee]) == {}


def test_units_without_cents_are_late_too() -> None:
    """A unit more within the quota costs nothing and is told all the same."""
    billed = billed_of(1)

    late = only_late({billed.id: BilledLine(billed)}, [billed_of(2)], "draft-2")

    assert told(late) == ("1", "0", 0)


def test_the_currency_of_a_closing_is_that_of_its_lines() -> None:
    """Lines of today or of then name the currency; without any there is none."""
    billed = {"a": BilledLine(billed_of(1))}

    def currency(lines: dict[str, BilledLine], now: list[RatedLine]) -> str | None:
        return LateClosing(a_subscription(), "UTC", lines, now).currency

    assert currency(billed, []) == currency({}, [billed_of(1)]) == "CAD"
    assert currency({}, []) is None
