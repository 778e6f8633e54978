"""What the monthly close reads and acts on, from an open house."""

from dashboards.close.facts import CloseSources
from fusion_billing.house import House
from fusion_billing.odoo import odoo_of


def close_sources(house: House) -> CloseSources:
    """Return the sources of a close."""
    return CloseSources(
        state=house.state,
        lake=house.lake,
        flusher=house.flusher,
        oldest_waiting=house.inbox.oldest_at,
        has_odoo=odoo_of(house.settings) is not None,
    )
