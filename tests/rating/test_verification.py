"""A difference names what is stored, what is computed and what to do; honest age is none."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from rating.closing import Closing
from rating.invoice_draft import InvoiceDraft, invoice_draft
from rating.rated_line_store import rated_line_frame
from rating.rater import rated_plan_fee_line
from rating.verifying.line_difference import RESTORE, SHIP, Difference, differences, told
from rating.verifying.recomputed_draft import RecomputedDraft
from tests.rating.makers import TORONTO, a_charge_line, a_period, a_scope, a_subscription, used


@pytest.fixture
def computed() -> RecomputedDraft:
    """Give a draft of a fee and a charge."""
    period = a_period()
    closing = Closing(a_subscription(), period.usage_end, TORONTO.key, usage=period, fee=period)
    scope = a_scope()
    lines = [rated_plan_fee_line(scope, period), a_charge_line(used(1_500), scope=scope)]
    return RecomputedDraft(invoice_draft(closing, "CAD", lines, scope.rated_at), lines)


def found(
    computed: RecomputedDraft, kept: InvoiceDraft | None = None, *harm: pl.Expr
) -> list[Difference]:
    """Return the differences where the lake's rows are harmed and the draft is another."""
    stored = rated_line_frame(computed.lines).with_columns(*harm)
    return list(differences(kept or computed.draft, computed, stored))


def test_what_is_the_same_is_no_difference(computed: RecomputedDraft) -> None:
    """A draft that was sent meanwhile is still the draft that was computed."""
    sent = replace(computed.draft, odoo_move_id=7, sent_at=computed.draft.rated_at)

    assert found(computed) == found(computed, sent) == []


def test_a_difference_says_both_sides_and_a_cure(computed: RecomputedDraft) -> None:
    """One changed cent is told with its line, both amounts, and what to do."""
    is_fee = pl.col("kind") == "plan_fee"
    cents = pl.when(is_fee).then(pl.col("amount_cents") + 1).otherwise("amount_cents")

    (shown,) = told(found(computed, None, cents.alias("amount_cents")))

    assert shown.pop("cure")
    assert shown == {
        "draft_id": computed.draft.id,
        "line_id": computed.lines[0].id,
        "what": "amount_cents",
        "stored": "10001",
        "computed": "10000",
    }


def test_drafts_of_the_first_release_kept_less(computed: RecomputedDraft) -> None:
    """Without periods a draft is of 0.1.0: its digest and later columns are its own, cents not."""
    old = replace(computed.draft, periods=None, usage_until=None, fee_until=None)
    harm = [
        pl.lit("of another kind").alias("inputs_digest"),
        pl.lit(None, pl.String).alias("charge_id"),
        pl.lit(None, pl.Boolean).alias("is_invoiceable"),
    ]

    assert found(computed, old, *harm) == []
    assert {each.what for each in found(computed, None, *harm)} >= {"inputs_digest", "charge_id"}
    later = (pl.col("rated_at") + timedelta(seconds=1)).alias("rated_at")
    assert {each.what for each in found(computed, old, *harm, later)} == {"rated_at"}


def test_a_draft_without_a_line_differs(computed: RecomputedDraft) -> None:
    """A line that the draft lost, and a total that lost its cents, are told each."""
    kept = replace(computed.draft, lines=computed.draft.lines[:1], amount_cents=100_00)

    assert [each.what for each in found(computed, kept)] == [
        "draft's amount_cents", "line of the draft",
    ]  # fmt: skip


def test_each_fault_of_the_lake_is_told_by_its_line(computed: RecomputedDraft) -> None:
    """Rows that are missing, there twice, or of no line of the draft are told with a cure each."""
    rows, fee = rated_line_frame(computed.lines), computed.lines[0].id
    twice = pl.concat([rows, rows.head(1)])
    foreign = pl.concat([rows, rows.head(1).with_columns(id=pl.lit("foreign"))])

    def faults(stored: pl.DataFrame) -> list[Difference]:
        return list(differences(computed.draft, computed, stored))

    def one(line_id: str, stored: str, expected: str, cure: str) -> list[Difference]:
        return [Difference(computed.draft.id, line_id, "line", stored, expected, cure)]

    assert faults(rows.filter(pl.col("id") != fee)) == one(fee, "not in the lake", "one line", SHIP)
    assert faults(twice) == one(fee, "in the lake 2 times", "one line", SHIP)
    assert faults(foreign) == one("foreign", "in the lake", "no such line", RESTORE)


def test_what_a_line_corrects_may_have_been_kept_by_no_early_draft(
    computed: RecomputedDraft,
) -> None:
    """A draft that kept nothing of what its line corrects agrees; one naming another does not."""
    fee, charge = computed.draft.lines
    late = replace(computed.draft, lines=(fee, replace(charge, corrects_draft_id="draft-0")))
    mended = RecomputedDraft(late, computed.lines)
    other = replace(computed.draft, lines=(fee, replace(charge, corrects_draft_id="draft-9")))

    assert found(mended, computed.draft) == []
    assert [(each.what, each.line_id) for each in found(mended, other)] == [
        ("line of the draft", charge.rated_line_id)
    ]


def test_a_changed_field_of_a_draft_is_told_with_both_values(computed: RecomputedDraft) -> None:
    """Nothing is a value too: it is told by its name."""
    kept = replace(computed.draft, account_id="other", fee_until=None)

    shown = {each.what: each for each in found(computed, kept)}

    assert set(shown) == {"draft's account_id", "draft's fee_until"}
    account, fee = shown["draft's account_id"], shown["draft's fee_until"]
    assert (account.stored, account.computed, account.line_id) == ("other", "account-1", None)
    assert (fee.stored, fee.computed) == ("nothing", '"2026-02-01T05:00:00Z"')
    assert {each.cure for each in shown.values()} == {RESTORE}


def test_a_line_twice_in_a_draft_is_told(computed: RecomputedDraft) -> None:
    """A draft that names one line twice has more lines than there are."""
    kept = replace(computed.draft, lines=(*computed.draft.lines, computed.draft.lines[0]))

    (twice,) = found(computed, kept)

    assert (twice.what, twice.stored, twice.computed) == ("lines of the draft", "3 lines", "2")
