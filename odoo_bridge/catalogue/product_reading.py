"""Products become what the catalogue is wanted to be. Pure.

A plan is one product with a plan's code and no metric's; each charge of it is a product with both.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext

from catalog.errors import BadRequest
from catalog.exact_json import JsonObject, exact_value
from catalog.money import MONEY_CONTEXT, currency_exponent
from odoo_bridge.catalogue.members import (
    CHARGE_OPTIONS,
    METRIC_MEMBERS,
    PLAN_MEMBERS,
    refuse_unknown_in_charge,
    whole_metric,
    whole_plan,
)
from odoo_bridge.catalogue.product import CatalogueProduct, SeenProduct
from odoo_bridge.catalogue.wanted import (
    Problem,
    UnreadableError,
    WantedCatalogue,
    WantedCharge,
    WantedMetric,
    WantedPlan,
    refuse_unknown,
)

JSON_DEPTH_MAX = 32
INTERVAL_DEFAULT = "monthly"
MODEL_DEFAULT = "standard"
SET_BY_FIELDS = frozenset({"code", "name", "interval", "amount_cents", "amount_currency"})


@dataclass(slots=True)
class _Reading:
    """What was read so far of one service's products."""

    metrics: dict[str, list[tuple[JsonObject, CatalogueProduct]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    charges: dict[str, list[WantedCharge]] = field(default_factory=lambda: defaultdict(list))
    problems: list[Problem] = field(default_factory=list)
    spoiled: set[str] = field(default_factory=set)

    def refuse(self, product: CatalogueProduct, words: str) -> None:
        """Note a problem; the plan that the product belongs to stays as it is."""
        self.problems.append(Problem(product.source, words))
        self.spoiled.add(product.plan_code)


def wanted_of_products(seen: Iterable[SeenProduct], service_code: str) -> WantedCatalogue:
    """Return what a service's products ask for; archived ones ask for nothing."""
    every = sorted(
        (one for one in seen if one.product.service_code == service_code),
        key=lambda one: one.product.product_id,
    )
    active = [one.product for one in every if one.product.is_active]
    reading = _Reading()
    plans = defaultdict(list)
    for product in active:
        if product.is_plan:
            plans[product.plan_code].append(product)
    for product in active:
        if product.metric_code:
            _read_metric(reading, product)
            _read_charge(reading, product, plans)
    metrics = _metrics(reading)
    wanted = [_plan(reading, code, products, every) for code, products in plans.items()]
    return WantedCatalogue(
        metrics=metrics,
        plans=tuple(plan for plan in wanted if plan is not None),
        named_plan_codes=frozenset(plans),
        problems=tuple(reading.problems),
    )


def _read_metric(reading: _Reading, product: CatalogueProduct) -> None:
    if not product.metric_properties:
        if not product.plan_code:
            reading.refuse(product, "it names a metric, but neither a plan nor how to count it")
        return
    try:
        given = _members(product.metric_properties, "Fusion Billing metric, more")
        refuse_unknown(given, METRIC_MEMBERS - {"code"}, "Fusion Billing metric, more")
        named: JsonObject = {"name": product.metric_code, **given, "code": product.metric_code}
        reading.metrics[product.metric_code].append((whole_metric(named), product))
    except UnreadableError as unreadable:
        reading.refuse(product, str(unreadable))


def _metrics(reading: _Reading) -> tuple[WantedMetric, ...]:
    """Return each metric that its products define alike."""
    wanted = []
    for code, definitions in reading.metrics.items():
        given, _ = definitions[0]
        if all(other == given for other, _ in definitions):
            sources = tuple(product.source for _, product in definitions)
            wanted.append(WantedMetric(code, given, sources))
            continue
        named = ", ".join(f"#{product.product_id}" for _, product in definitions)
        for _, product in definitions:
            words = f"products {named} define the metric {code} in different ways: make them alike"
            reading.refuse(product, words)
    return tuple(wanted)


def _read_charge(
    reading: _Reading, product: CatalogueProduct, plans: dict[str, list[CatalogueProduct]]
) -> None:
    code = product.plan_code
    if not code:
        return
    if code not in plans:
        reading.refuse(
            product,
            f"no active product of {product.service_code} is the plan {code} itself: make one with "
            f"this plan code and no metric, or archive this one",
        )
        return
    try:
        reading.charges[code].append(
            WantedCharge(product.metric_code, _charge_members(product), product.source)
        )
    except UnreadableError as unreadable:
        reading.refuse(product, str(unreadable))


def _charge_members(product: CatalogueProduct) -> JsonObject:
    model = product.charge_model or MODEL_DEFAULT
    options = _members(product.charge_options, "Fusion Billing charge, more")
    refuse_unknown(options, CHARGE_OPTIONS, "Fusion Billing charge, more")
    given: JsonObject = {
        "invoice_display_name": product.name,
        **options,
        "code": product.charge_code or product.metric_code,
        "charge_model": model,
        "properties": _price(product, model),
    }
    refuse_unknown_in_charge(given)
    return given


def _price(product: CatalogueProduct, model: str) -> JsonObject:
    """Return the price: its JSON, with the two fields that people fill in most."""
    price = _members(product.charge_properties, "Fusion Billing price")
    if product.overage_price and model != MODEL_DEFAULT:
        raise UnreadableError(
            f"the model {model} has more than one price of a unit: write them into Fusion Billing "
            "price, and leave 'price of a unit beyond' empty"
        )
    own: JsonObject = {}
    if product.overage_price:
        own["amount"] = product.overage_price
    if product.included_quota:
        own["included_quota"] = product.included_quota
    twice = sorted(own.keys() & price.keys())
    if twice:
        raise UnreadableError(
            f"{' and '.join(twice)} is said twice, in a field and in Fusion Billing price: keep one"
        )
    if model == MODEL_DEFAULT and "amount" not in own | price:
        raise UnreadableError(
            "it has no price: fill in 'price of a unit beyond', with 0 where it is free"
        )
    return own | price


def _plan(
    reading: _Reading,
    code: str,
    products: Sequence[CatalogueProduct],
    every: Sequence[SeenProduct],
) -> WantedPlan | None:
    """Return a plan with its charges, or None when any part of it can't be read."""
    if len(products) > 1:
        named = ", ".join(f"#{product.product_id}" for product in products)
        for product in products:
            reading.refuse(product, f"products {named} are all the plan {code}: keep one of them")
        return None
    product = products[0]
    try:
        given = _plan_members(product)
    except UnreadableError as unreadable:
        reading.refuse(product, str(unreadable))
        return None
    if code in reading.spoiled:
        return None
    return WantedPlan(
        code=code,
        given=given,
        charges=tuple(reading.charges[code]),
        source=product.source,
        changed_at=max(one.changed_at for one in every if one.product.plan_code == code),
    )


def _plan_members(product: CatalogueProduct) -> JsonObject:
    more = _members(product.plan_properties, "Fusion Billing plan, more")
    refuse_unknown(more, PLAN_MEMBERS - SET_BY_FIELDS, "Fusion Billing plan, more")
    return whole_plan(
        {
            **more,
            "code": product.plan_code,
            "name": product.name,
            "interval": product.plan_interval or INTERVAL_DEFAULT,
            "amount_cents": _cents(product),
            "amount_currency": product.currency,
        }
    )


def _cents(product: CatalogueProduct) -> int:
    """Return the sales price in cents; one that is finer, or no number, can't be billed."""
    with localcontext(MONEY_CONTEXT):
        cents = Decimal(product.price).scaleb(currency_exponent(product.currency))
    # Odoo keeps NaN and Infinity where somebody's program writes them.
    if not cents.is_finite() or cents < 0 or cents != cents.to_integral_value():
        raise UnreadableError(
            f"its sales price {product.price} is not a whole number of cents in {product.currency}"
        )
    return int(cents)


def _members(text: str, label: str) -> JsonObject:
    """Return the JSON object that a field holds; an empty field has no members."""
    if not text:
        return {}
    try:
        value = exact_value(text.encode(), JSON_DEPTH_MAX)
    except BadRequest as malformed:
        told = malformed.error.removeprefix("BadRequest: the body is ")
        raise UnreadableError(f"{label} is {told}") from malformed
    if not isinstance(value, dict):
        raise UnreadableError(f"{label} is no JSON object: write {{...}}")
    return value
