"""Positional arguments under the names that JSON-2 wants. Pure.

The bridge calls methods as `/jsonrpc` takes them; records come first there, as `ids` here.
"""

from collections.abc import Mapping, Sequence

from odoo_bridge.faults import OurBug
from odoo_bridge.odoo_value import OdooValue

# The parameters of Odoo 19's own methods, records first where the method works on records.
NAMES = {
    "check_object_reference": ("module", "xml_id", "raise_on_access_error"),
    "create": ("vals_list",),
    "default_get": ("fields",),
    "fields_get": ("allfields", "attributes"),
    "has_access": ("ids", "operation"),
    "has_group": ("ids", "group_ext_id"),
    "load": ("fields", "data"),
    "name_search": ("name", "domain", "operator", "limit"),
    "read": ("ids", "fields"),
    "search": ("domain", "offset", "limit", "order"),
    "search_count": ("domain", "limit"),
    "search_read": ("domain", "fields", "offset", "limit", "order"),
    "write": ("ids", "vals"),
}
RECORDS_ONLY = ("ids",)


def named_arguments(
    method: str, args: Sequence[OdooValue], kwargs: Mapping[str, OdooValue]
) -> dict[str, OdooValue] | OurBug:
    """Return the body of a JSON-2 call, or the fault when an argument has no name here."""
    names = NAMES.get(method, RECORDS_ONLY)
    if len(args) > len(names):
        return OurBug(f"JSON-2 needs names for the arguments of {method}: pass them by name")
    named = dict(zip(names, args, strict=False)) | dict(kwargs)
    if asks_for_one(method, args):
        named["vals_list"] = [args[0]]
    if isinstance(named.get("ids"), int):
        named["ids"] = [named["ids"]]
    return named


def asks_for_one(method: str, args: Sequence[OdooValue]) -> bool:
    """Say whether one record is created, whose id then comes back alone."""
    return method == "create" and bool(args) and isinstance(args[0], Mapping)
