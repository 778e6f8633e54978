"""The three bases of revenue a finance reader knows, and why one can't be shown."""

from enum import StrEnum


class Basis(StrEnum):
    """Where revenue comes from: our rating, Odoo's posted invoices, or Odoo's deferrals."""

    RATED = "rated"
    INVOICED = "invoiced"
    RECOGNISED = "recognised"


BASES = tuple(str(basis) for basis in Basis)
REASONS = {
    Basis.INVOICED: (
        "The lake holds no posted invoice line of Odoo yet, so invoiced revenue is not known here."
    ),
    Basis.RECOGNISED: (
        "Odoo's deferred-revenue entries are not read yet, so recognised revenue is not known here."
    ),
}


def basis_reason(basis: Basis) -> str | None:
    """Say why revenue on this basis is n/a; None where it is known."""
    return REASONS.get(basis)
