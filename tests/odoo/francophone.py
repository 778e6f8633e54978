"""Partners who read French, as a person says so in Odoo."""

from collections.abc import Sequence

from tests.real_parts import OdooDatabase

FRENCH = "fr_CA"


def let_read_french(inside: OdooDatabase, partner_ids: Sequence[int]) -> None:
    """Set the language of partners, which the database then has."""
    every = {"active_test": False}
    lang_ids = inside.call("res.lang", "search", [["code", "=", FRENCH]], context=every)
    inside.call("res.lang", "write", lang_ids, {"active": True})
    inside.call("res.partner", "write", list(partner_ids), {"lang": FRENCH})
