"""What an app is told of usage that could not be counted: the body of Lago's `events.errors`.

Decides which list a reason belongs to; knows no lake and no webhook. Pure.
"""

from collections.abc import Iterable

EVENTS_ERRORS = "events.errors"
TRANSACTION_IDS_MAX = 1_000
LAGO_LISTS = ("invalid_code", "missing_aggregation_property", "invalid_filter_values")
LIST_OF_REASON = {"billable_metric_not_found": "invalid_code"}


def errors_event(quarantined: Iterable[tuple[str, str]]) -> dict[str, object]:
    """Return the body for (transaction id, reason) pairs: one sorted list of ids for each reason.

    Lago's three lists are always there; reasons that Lago does not know have lists of their own
    name. A list holds the first thousand ids; `left_out` counts the others by list. The body of
    no pairs has three empty lists: there is nothing to send.
    """
    found: dict[str, set[str]] = {}
    for transaction_id, reason in quarantined:
        found.setdefault(LIST_OF_REASON.get(reason, reason), set()).add(transaction_id)
    body: dict[str, object] = {name: [] for name in LAGO_LISTS}
    # Lago's serializer still writes this member, always null.
    body["missing_group_key"] = None
    for name in sorted(found):
        body[name] = sorted(found[name])[:TRANSACTION_IDS_MAX]
    left_out = {
        name: len(ids) - TRANSACTION_IDS_MAX
        for name, ids in sorted(found.items())
        if len(ids) > TRANSACTION_IDS_MAX
    }
    return body | ({"left_out": left_out} if left_out else {})
