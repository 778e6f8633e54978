"""What a product stands for, and its row for `load`. Pure."""

from dataclasses import dataclass

from odoo_bridge.external_ids import product_external_id
from rating.invoice_draft import DraftLine, InvoiceDraft
from rating.rated_line import LineKind


@dataclass(frozen=True, slots=True)
class ProductKey:
    """One charge of a service; without a charge, the service's plan fee."""

    service_code: str
    charge_code: str | None

    @property
    def external_id(self) -> str:
        """Return the name under which Odoo keeps the product."""
        return product_external_id(self.service_code, self.charge_code)


def product_key(service_code: str, line: DraftLine) -> ProductKey:
    """Return the product that a line needs."""
    is_fee = line.kind == LineKind.PLAN_FEE
    return ProductKey(service_code, None if is_fee else line.charge_code or line.metric_code or "")


def product_keys(draft: InvoiceDraft) -> set[ProductKey]:
    """Return the products that a draft needs."""
    return {product_key(draft.service_code, line) for line in draft.lines}


def to_odoo_product(key: ProductKey) -> tuple[list[str], list[str]]:
    """Return the columns and the row that create a product; its taxes are the company's default."""
    cells = {
        "id": key.external_id,
        "name": f"{key.service_code}: {key.charge_code or 'plan fee'}",
        "type": "service",
        "invoice_policy": "order",
        "list_price": "0",
        "x_fc_service": key.service_code,
        "x_fc_charge_code": key.charge_code or "",
    }
    return list(cells), list(cells.values())
