"""The id that an app sees of a record which only Odoo knows: the same for ever. Pure."""

from uuid import UUID, uuid5

ODOO_NAMESPACE = UUID("7d6c3f0e-5f0a-5b52-9a41-2f8f3a1c9d55")


def odoo_lago_id(database: str, model: str, record_id: int) -> str:
    """Return the id of a record of Odoo; another database's record has another."""
    return str(uuid5(ODOO_NAMESPACE, f"{database}\0{model}\0{record_id}"))


def is_lago_id(text: str) -> bool:
    """Say whether a text can be the id of anything here: a UUID as we write it."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
