"""The x_fc_ fields that carry our keys in Odoo: listed, looked for, created by an administrator.

They are for people and for searches; what makes a record unique is its external id.
"""

from dataclasses import dataclass

from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import Misconfigured, NeedsHuman, OdooFault, OutcomeUnknown

SETUP_COMMAND = "fusion-billing odoo setup"


@dataclass(frozen=True, slots=True)
class OdooField:
    """One text field on one model of Odoo; a key is indexed, a long text has many lines."""

    model: str
    name: str
    label: str
    is_key: bool = True
    is_long: bool = False


FIELDS = (
    OdooField("res.partner", "x_fc_account_id", "Fusion Billing account"),
    OdooField("sale.order", "x_fc_service", "Fusion Billing service", is_key=False),
    OdooField("sale.order", "x_fc_account_id", "Fusion Billing account"),
    OdooField("sale.order", "x_fc_subscription_id", "Fusion Billing subscription"),
    OdooField("sale.order", "x_fc_subscription_status", "Fusion Billing status", is_key=False),
    OdooField("sale.order.line", "x_fc_subscription_id", "Fusion Billing subscription"),
    OdooField("sale.order.line", "x_fc_rated_line_id", "Fusion Billing rated line"),
    OdooField("sale.order.line", "x_fc_metric_code", "Fusion Billing metric", is_key=False),
    OdooField("account.move", "x_fc_draft_id", "Fusion Billing draft"),
    OdooField("account.move", "x_fc_service", "Fusion Billing service", is_key=False),
    OdooField("account.move", "x_fc_account_id", "Fusion Billing account"),
    OdooField("account.move", "x_fc_subscription_id", "Fusion Billing subscription"),
    OdooField(
        "account.move", "x_fc_corrects_draft_ids", "Fusion Billing drafts corrected", is_key=False
    ),
    OdooField("account.move.line", "x_fc_rated_line_id", "Fusion Billing rated line"),
    OdooField("account.move.line", "x_fc_metric_code", "Fusion Billing metric", is_key=False),
    OdooField("account.move.line", "x_fc_quantity", "Fusion Billing quantity", is_key=False),
    OdooField("product.template", "x_fc_service", "Fusion Billing service", is_key=False),
    OdooField("product.template", "x_fc_charge_code", "Fusion Billing charge"),
    OdooField("product.template", "x_fc_plan_code", "Fusion Billing plan"),
    OdooField("product.template", "x_fc_plan_interval", "Fusion Billing interval", is_key=False),
    OdooField(
        *("product.template", "x_fc_plan_properties", "Fusion Billing plan, more (JSON)"),
        is_key=False,
        is_long=True,
    ),
    OdooField("product.template", "x_fc_metric_code", "Fusion Billing metric"),
    OdooField(
        *("product.template", "x_fc_metric_properties", "Fusion Billing metric, more (JSON)"),
        is_key=False,
        is_long=True,
    ),
    OdooField(
        *("product.template", "x_fc_charge_model", "Fusion Billing charge model"), is_key=False
    ),
    OdooField(
        *("product.template", "x_fc_charge_properties", "Fusion Billing price (JSON)"),
        is_key=False,
        is_long=True,
    ),
    OdooField(
        *("product.template", "x_fc_charge_options", "Fusion Billing charge, more (JSON)"),
        is_key=False,
        is_long=True,
    ),
    OdooField(
        *("product.template", "x_fc_included_quota", "Fusion Billing units included"),
        is_key=False,
    ),
    OdooField(
        *("product.template", "x_fc_overage_price", "Fusion Billing price of a unit beyond"),
        is_key=False,
    ),
)
RACES_MAX = 3


@dataclass(frozen=True, slots=True)
class SetupReport:
    """What `setup` created (or would create), and what was there."""

    created: tuple[OdooField, ...]
    already_there: tuple[OdooField, ...]


def missing_fields(odoo: OdooConnection) -> list[OdooField]:
    """Return the fields that Odoo lacks; any user may ask."""
    present: set[tuple[str, str]] = set()
    for model in dict.fromkeys(needed.model for needed in FIELDS):
        names = [needed.name for needed in FIELDS if needed.model == model]
        found = odoo.call(model, "fields_get", names, ["type"])
        present |= {(model, name) for name in found}
    return [needed for needed in FIELDS if (needed.model, needed.name) not in present]


def refuse_missing_fields(odoo: OdooConnection) -> None:
    """Raise Misconfigured, with the command to run, unless every field is there."""
    missing = missing_fields(odoo)
    if missing:
        named = ", ".join(f"{needed.model}.{needed.name}" for needed in missing)
        raise Misconfigured(f"Odoo lacks {named}: run `{SETUP_COMMAND}` as an administrator")


def setup(odoo: OdooConnection, *, dry_run: bool) -> SetupReport:
    """Create the fields that are missing, once; needs an administrator, unless it is a dry run."""
    missing = missing_fields(odoo)
    there = tuple(needed for needed in FIELDS if needed not in missing)
    if missing and not dry_run:
        _create(odoo, missing)
    return SetupReport(tuple(missing), there)


def _create(odoo: OdooConnection, missing: list[OdooField]) -> None:
    """Create fields in one call, for Odoo rebuilds itself after each; lost races are run again.

    Somebody else's setup may be faster with some of them: their fields are as good as ours.
    """
    models = sorted({needed.model for needed in missing})
    read = odoo.call("ir.model", "search_read", [["model", "in", models]], ["model"])
    model_ids = {found["model"]: int(found["id"]) for found in read}
    for _ in range(RACES_MAX):
        rows = [to_odoo_field(needed, model_ids[needed.model]) for needed in missing]
        try:
            odoo.call("ir.model.fields", "create", rows)
        except (NeedsHuman, OutcomeUnknown) as caught:
            fault: OdooFault = caught
        else:
            return
        missing = missing_fields(odoo)
        if not missing:
            return
    raise fault


def to_odoo_field(needed: OdooField, model_id: int) -> dict[str, object]:
    """Return a field as `ir.model.fields` creates it; a copied invoice must not copy our keys."""
    return {
        "model_id": model_id,
        "name": needed.name,
        "field_description": needed.label,
        "ttype": "text" if needed.is_long else "char",
        "state": "manual",
        "index": needed.is_key,
        "copied": False,
    }
