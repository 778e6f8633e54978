"""Provider cost as the settings name its sources: the folder of dropped files, and Odoo."""

from collections.abc import Iterable
from pathlib import Path

import structlog

from dashboards.costs.cost_store import Kept
from dashboards.costs.drop_folder import Dropped, import_dropped
from dashboards.costs.faults import RowFault
from dashboards.costs.fusion_api import FusionApi, names_from_text, sync_fusion_api
from dashboards.costs.fx_store import add_rates, read_rates
from dashboards.costs.rate_sources import rates_of_odoo
from fusion_billing.house import House
from fusion_billing.odoo import odoo_of
from fusion_billing.settings import Settings

FAULTS_TOLD_MAX = 5
_log = structlog.get_logger(__name__)


def costs_folder(settings: Settings) -> Path:
    """Return the folder that cost files are dropped into."""
    return Path(settings.costs_folder) if settings.costs_folder else settings.data_dir / "costs"


def import_waiting_costs(house: House) -> list[Dropped]:
    """Import what lies in the folder; a refused file is logged and set aside."""
    with house.state.read() as connection:
        rates = read_rates(connection)
    settings = house.settings
    done = import_dropped(
        house.lake, costs_folder(settings), rates, at=house.clock(),
        rows_max=settings.costs_rows_max,
    )  # fmt: skip
    for dropped in done:
        result = dropped.result
        told = {"file": dropped.name, "rows": result.rows, "faults": len(result.errors)}
        if result.errors:
            _log.error("costs_refused", **told, first=told_faults(result.errors[:1]))
        else:
            _log.info("costs_imported", **told)
    return done


def sync_costs(house: House) -> Kept:
    """Take rates and fusion_api's costs from Odoo; ValueError names the first faulty records."""
    odoo = odoo_of(house.settings)
    if odoo is None:
        raise ValueError(
            "no Odoo is configured: set FUSION_ODOO_URL, or no FUSION_COSTS_ODOO_SECONDS"
        )
    at = house.clock()
    rates = rates_of_odoo(odoo)
    with house.state.write() as connection:
        add_rates(connection, rates, at)
    settings = house.settings
    where = FusionApi(settings.costs_odoo_model, names_from_text(settings.costs_odoo_fields))
    kept = sync_fusion_api(house.lake, house.state, odoo, where, at=at)
    if kept.faults:
        told = told_faults(kept.faults[:FAULTS_TOLD_MAX])
        raise ValueError(f"{len(kept.faults)} costs in Odoo are faulty, none was taken: {told}")
    return kept


def told_faults(faults: Iterable[RowFault]) -> str:
    """Return faults as one line."""
    return "; ".join(f"{fault.place}: {fault.reason}" for fault in faults)
