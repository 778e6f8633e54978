"""Fees of rated lines: each line of a draft as one fee, with what its true-ups name. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aggregation.quantity import Quantity
from catalog.charge_terms import GraduatedTerms
from catalog.money import MONEY_CONTEXT
from catalog.plans import Charge, ChargeFilter, Plan
from catalog.subscriptions import Subscription
from rating.charge_models import unit_amount
from rating.fees.amount_details import amount_details
from rating.fees.fee import Fee, FeeType, fee_type
from rating.price_book import PriceBook
from rating.rated_line import LineKind, Price, RatedLine


@dataclass(frozen=True, slots=True)
class TrueUpLinks:
    """Which line of a charge a true-up adds to, and which true-up adds to a line, by line id."""

    parents: Mapping[str, str] = field(default_factory=dict)
    true_ups: Mapping[str, str] = field(default_factory=dict)


def true_up_links(lines: Sequence[RatedLine]) -> TrueUpLinks:
    """Return the links among the lines of some drafts.

    A true-up adds to the charge's line that no filter takes, else to its first one.
    """
    of_charges: dict[tuple[str, str | None], list[RatedLine]] = {}
    for line in lines:
        if line.kind is LineKind.CHARGE:
            of_charges.setdefault((line.draft_id, line.charge_id), []).append(line)
    parents = {}
    for line in lines:
        own = of_charges.get((line.draft_id, line.charge_id), [])
        if line.kind is LineKind.TRUE_UP and own:
            parents[line.id] = min(own, key=lambda one: (one.filter_id or "", one.id)).id
    return TrueUpLinks(parents, {parent: child for child, parent in parents.items()})


def line_fee(
    book: PriceBook, subscription: Subscription, line: RatedLine, links: TrueUpLinks
) -> Fee:
    """Return the fee that a rated line is."""
    plan = plan_of_line(book, subscription, line)
    charge, one = priced_part(plan, line)
    is_priced = line.kind is LineKind.CHARGE and charge is not None
    terms = (one or charge).terms if charge is not None and is_priced else None
    average = MONEY_CONTEXT.divide(line.amount, line.quantity) if line.quantity else line.amount
    if terms is not None:
        average = unit_amount(terms, Quantity(line.quantity, 0), Price(line.amount, ()))
    return Fee(
        id=line.id,
        type=fee_type(line),
        subscription=subscription,
        plan=plan,
        amount=line.amount,
        amount_cents=line.amount_cents,
        unit_amount=average,
        units=line.quantity,
        events_count=line.events_count if charge is not None else None,
        start=line.period_start,
        end=line.period_end,
        created_at=line.rated_at,
        charge=charge,
        filter=one,
        metric=None if charge is None else book.metric_until(charge.metric_id, line.period_end),
        group=line.group,
        details=_details(plan, charge, one, line),
        description=line.description,
        invoice_id=line.draft_id if line.is_invoiceable else None,
        true_up_id=links.true_ups.get(line.id),
        true_up_parent_id=links.parents.get(line.id),
    )


def plan_of_line(book: PriceBook, subscription: Subscription, line: RatedLine) -> Plan:
    """Return the plan version that priced a line."""
    versions = book.plans[line.plan_id or subscription.plan_id]
    return next(each for each in versions if each.version == line.plan_version)


def priced_part(plan: Plan, line: RatedLine) -> tuple[Charge | None, ChargeFilter | None]:
    """Return the charge and the filter of a line; lines of release 0.1.0 name only its code."""
    if line.charge_code is None:
        return None, None
    charge = next(
        each
        for each in plan.charges
        if (each.id == line.charge_id if line.charge_id else each.code == line.charge_code)
    )
    return charge, next((each for each in charge.filters if each.id == line.filter_id), None)


def _details(
    plan: Plan, charge: Charge | None, one: ChargeFilter | None, line: RatedLine
) -> dict[str, object]:
    if charge is None:
        is_of_plan = fee_type(line) is FeeType.SUBSCRIPTION
        return {"plan_amount_cents": plan.amount_cents} if is_of_plan else {}
    terms = (one or charge).terms
    is_walked = charge.is_prorated and isinstance(terms, GraduatedTerms)
    if line.kind is not LineKind.CHARGE or charge.is_pay_in_advance or is_walked:
        return {}
    return amount_details(terms, line)
