"""The three bases of revenue a finance reader knows, and why one can't be shown."""

from enum import StrEnum


class Basis(StrEnum):
    """Where revenue comes from: our rating, Odoo's posted invoices, or Odoo's deferrals."""

    RATED = "rated"
    INVOICED = "invoiced"
    RECOGNISED = "recognised"


BASES = tuple(str(basis) for basis in Basis)
NOT_READ = "No Odoo has been read, so what was invoiced is not known here."
NOT_DEFERRED = (
    "Odoo's deferred-revenue entries (its Enterprise accounting) are not read, and our invoice "
    "lines carry no deferral dates, so recognised revenue is not known here."
)


def basis_reason(basis: Basis, *, is_odoo_read: bool) -> str | None:
    """Say why revenue on this basis is n/a; None where it is known."""
    if basis is Basis.RECOGNISED:
        return NOT_DEFERRED
    return NOT_READ if basis is Basis.INVOICED and not is_odoo_read else None
