"""Late usage: what a billed period costs now, less what was billed for it. Pure.

Nothing billed is ever changed: the difference becomes lines of a later draft.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from uuid import uuid5
from zoneinfo import ZoneInfo

from catalog.money import MONEY_CONTEXT, ZERO, amount_of_cents
from catalog.subscriptions import Subscription
from rating.line_text import canonical_digest, late_description
from rating.rated_line import LineKind, RatedLine, Step
from rating.rater import LINE_NAMESPACE

OF_USAGE = (LineKind.CHARGE, LineKind.TRUE_UP, LineKind.MINIMUM_COMMITMENT)


@dataclass(slots=True)
class BilledLine:
    """One line of a billed period with everything billed for it later."""

    line: RatedLine
    corrections: list[RatedLine] = field(default_factory=list)

    @property
    def amount_cents(self) -> int:
        """Return the cents billed for it so far."""
        return sum(each.amount_cents for each in (self.line, *self.corrections))

    def left(self, quantity: Decimal, of: str) -> Decimal:
        """Return how much a quantity of a line exceeds what was billed of it."""
        billed = (getattr(each, of) for each in (self.line, *self.corrections))
        return MONEY_CONTEXT.subtract(quantity, sum(billed, ZERO))


@dataclass(frozen=True, slots=True)
class LateClosing:
    """A billed closing of which usage changed: its lines as billed, and as computed now."""

    subscription: Subscription
    timezone: str
    lines: Mapping[str, BilledLine]
    now: Sequence[RatedLine]

    @property
    def currency(self) -> str | None:
        """Return the currency of the lines, None when there is none."""
        every = [*self.now, *(each.line for each in self.lines.values())]
        return every[0].currency if every else None


def billed_lines(stored: Iterable[RatedLine]) -> dict[str, dict[str, BilledLine]]:
    """Return the lines that bill usage by draft and id, with what was billed for them later."""
    lines = list(stored)
    found: defaultdict[str, dict[str, BilledLine]] = defaultdict(dict)
    by_id: dict[str, BilledLine] = {}
    for line in lines:
        if line.kind in OF_USAGE:
            by_id[line.id] = found[line.draft_id][line.id] = BilledLine(line)
    for line in lines:
        if line.kind is not LineKind.LATE_USAGE or line.corrects_line_id is None:
            continue
        known = by_id.get(line.corrects_line_id)
        if known is not None:
            known.corrections.append(line)
        else:
            # The period had no such line when it was billed: the first correction stands for it.
            first = BilledLine(replace(line, id=line.corrects_line_id))
            by_id[line.corrects_line_id] = found[str(line.corrects_draft_id)][first.line.id] = first
    return found


def late_lines(
    billed: Mapping[str, BilledLine], now: Sequence[RatedLine], draft_id: str, rated_at: datetime
) -> Iterator[RatedLine]:
    """Yield a line for each difference between a closing's lines of usage, as billed and as now.

    The cents of a period's lines and of all its late lines add up to what it costs now.
    """
    computed = {line.id: line for line in now if line.kind in OF_USAGE}
    for line_id in sorted(billed.keys() | computed.keys()):
        known, fresh = billed.get(line_id), computed.get(line_id)
        if fresh is None and known is not None:
            fresh = _without_usage(known.line, now)
        if fresh is not None and fresh.is_invoiceable:
            late = _late_line(known, fresh, draft_id, rated_at)
            if late.amount_cents or late.quantity:
                yield late


def _without_usage(line: RatedLine, now: Sequence[RatedLine]) -> RatedLine:
    """Return a line as it would be of a period in which nothing of it is left."""
    return replace(
        line,
        quantity=ZERO,
        quantity_overage=ZERO,
        events_count=0,
        amount=ZERO,
        amount_cents=0,
        steps=(),
        watermark=now[0].watermark if now else line.watermark,
        inputs_digest=canonical_digest({"nothing left of": line.id}),
    )


def _late_line(
    known: BilledLine | None, fresh: RatedLine, draft_id: str, rated_at: datetime
) -> RatedLine:
    billed_cents = known.amount_cents if known else 0
    delta_cents = fresh.amount_cents - billed_cents
    amount, billed = (
        amount_of_cents(cents, fresh.currency) for cents in (fresh.amount_cents, billed_cents)
    )
    before = known or BilledLine(replace(fresh, quantity=ZERO, quantity_overage=ZERO))
    digests = [each.inputs_digest for each in (before.line, *before.corrections)] if known else []
    zone = ZoneInfo(fresh.timezone)
    return replace(
        fresh,
        id=str(uuid5(LINE_NAMESPACE, f"{draft_id}/late/{fresh.id}")),
        kind=LineKind.LATE_USAGE,
        draft_id=draft_id,
        corrects_line_id=fresh.id,
        corrects_draft_id=fresh.draft_id,
        quantity=before.left(fresh.quantity, "quantity"),
        quantity_included=ZERO,
        quantity_overage=before.left(fresh.quantity_overage, "quantity_overage"),
        amount=amount_of_cents(delta_cents, fresh.currency),
        amount_cents=delta_cents,
        description=late_description(fresh.description, fresh.period_start.astimezone(zone).date()),
        steps=(
            Step("as computed now", fresh.quantity, None, None, amount),
            Step("less what was billed", ZERO, None, None, -billed),
        ),
        inputs_digest=canonical_digest({"now": fresh.inputs_digest, "billed": digests}),
        rated_at=rated_at,
    )
