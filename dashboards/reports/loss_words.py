"""A losing customer's cause in one sentence, and what would end the loss."""

from decimal import Decimal

from catalog.money import MONEY_CONTEXT
from dashboards.margin import Loss
from dashboards.margin.causes import Cause
from dashboards.reports.words import Words

SENTENCES = {
    Cause.NO_REVENUE: "It uses the service and is billed nothing.",
    Cause.INCLUDED: (
        "{share} of its {metric} units are included in its plan: a unit brings {price} and costs "
        "{cost}, elsewhere it brings {usual}."
    ),
    Cause.PRICE: (
        "It pays {price} a unit of {metric}, other customers pay {usual}; the unit costs {cost}."
    ),
    Cause.UNIT_COST: (
        "Its unit of {metric} costs {cost}, {times} times what it costs for others ({usual}); it "
        "brings {price}."
    ),
    Cause.PROVIDER_PRICE: (
        "The provider grew dearer: a unit of {metric} costs {cost}, before it was {usual}; it "
        "brings {price}."
    ),
    Cause.BELOW_COST: "A unit of {metric} brings {price} and costs {cost}.",
    Cause.COST_WITHOUT_USAGE: "Its costs are of no metric it is billed for.",
    Cause.CREDITED: "Credit notes and lines made in Odoo took back what it was invoiced.",
}
LABELS = {
    Cause.NO_REVENUE: "No revenue",
    Cause.INCLUDED: "Included quota",
    Cause.PRICE: "Price",
    Cause.UNIT_COST: "Costly usage",
    Cause.PROVIDER_PRICE: "Provider price",
    Cause.BELOW_COST: "Price below cost",
    Cause.COST_WITHOUT_USAGE: "Cost without usage",
    Cause.CREDITED: "Credited",
}


def cause_label(loss: Loss, words: Words) -> str:
    """Return the cause in a word or two."""
    return words.say(LABELS[loss.cause])


def cause_sentence(loss: Loss, words: Words) -> str:
    """Return the cause with its figures."""
    return words.say(
        SENTENCES[loss.cause],
        metric=loss.metric_code or "",
        price=_price(loss.price, words),
        cost=_price(loss.cost, words),
        usual=_price(loss.usual, words),
        share=words.whole_percent(loss.included_share) if loss.included_share else "",
        times=_times(loss, words),
    )


def advice(loss: Loss, words: Words) -> str:
    """Return the price of a unit at which the customer loses nothing, in words."""
    if loss.break_even_price is None:
        return ""
    return words.say(
        "Breaks even at {price} a unit.", price=words.unit_price(loss.break_even_price)
    )


def _price(amount: Decimal | None, words: Words) -> str:
    return words.say("n/a") if amount is None else words.unit_price(amount)


def _times(loss: Loss, words: Words) -> str:
    if not loss.cost or not loss.usual:
        return ""
    ratio = MONEY_CONTEXT.divide(loss.cost, loss.usual)
    return words.quantity(ratio.quantize(Decimal("0.1"), context=MONEY_CONTEXT))
