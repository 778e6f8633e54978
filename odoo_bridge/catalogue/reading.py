"""One reading of the catalogue from Odoo: look, remember, keep what is good, tell what is not.

It may end anywhere: the catalogue is decided from the remembered products, not from what was new.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.services import Service
from odoo_bridge.catalogue.keeping import CatalogueReport, keep_catalogue
from odoo_bridge.catalogue.notes import post_notes, settled_problems
from odoo_bridge.catalogue.product import SeenProduct
from odoo_bridge.catalogue.product_reading import wanted_of_products
from odoo_bridge.catalogue.pulling import Pull, pulled
from odoo_bridge.catalogue.snapshot import (
    catalogue_mark,
    forget_seen,
    keep_mark,
    keep_seen,
    seen_products,
)
from odoo_bridge.catalogue.wanted import Problem
from odoo_bridge.connection import OdooConnection
from odoo_bridge.fields import refuse_missing_fields
from storage.state import State


@dataclass(frozen=True, slots=True)
class ReadingReport:
    """What a reading did, or would do: by service, and for products of no service of ours."""

    services: tuple[CatalogueReport, ...]
    strays: tuple[Problem, ...]
    products_changed: int
    notes_posted: int
    dry_run: bool

    @property
    def has_problems(self) -> bool:
        """Say whether anything was refused."""
        return bool(self.strays) or any(report.problems for report in self.services)


def read_catalogue(
    state: State,
    odoo: OdooConnection,
    known_services: Sequence[Service],
    *,
    at: datetime,
    new_id: Callable[[], str],
    service_code: str | None = None,
    dry_run: bool = False,
) -> ReadingReport:
    """Read Odoo's products into the catalogue of one service, or of all."""
    refuse_missing_fields(odoo)
    database = odoo.settings.database
    with state.read() as connection:
        known = seen_products(connection, database)
        mark = catalogue_mark(connection, database)
    pull = pulled(odoo, known, mark, at)
    if not dry_run:
        _remember(state, database, pull)
    chosen = [one for one in known_services if service_code in (None, one.code)]
    reports = [
        _kept(state, database, service, pull, at=at, new_id=new_id, dry_run=dry_run)
        for service in chosen
    ]
    codes = frozenset(service.code for service in known_services)
    strays = _strays(pull.seen.values(), codes) if service_code is None else ()
    posted = 0 if dry_run else _told(state, odoo, pull, chosen, reports, at)
    return ReadingReport(tuple(reports), strays, len(pull.changed), posted, dry_run)


def provider_of(database: str) -> str:
    """Return the name under which plans of a database's products are remembered."""
    return f"odoo:{database}"


def _remember(state: State, database: str, pull: Pull) -> None:
    with state.write() as connection:
        keep_seen(connection, database, pull.changed)
        forget_seen(connection, database, pull.forgotten)
        keep_mark(connection, database, pull.mark)


def _kept(
    state: State,
    database: str,
    service: Service,
    pull: Pull,
    *,
    at: datetime,
    new_id: Callable[[], str],
    dry_run: bool,
) -> CatalogueReport:
    wanted = wanted_of_products(pull.seen.values(), service.code)
    provider = provider_of(database)
    with state.read() if dry_run else state.write() as connection:
        return keep_catalogue(connection, service, provider, wanted, at, new_id, dry_run=dry_run)


def _told(
    state: State,
    odoo: OdooConnection,
    pull: Pull,
    services: Sequence[Service],
    reports: Iterable[CatalogueReport],
    at: datetime,
) -> int:
    """Remember each product's problem, and post a note for those that have none yet."""
    words: dict[int, list[str]] = defaultdict(list)
    for report in reports:
        for problem in report.problems:
            words[int(problem.source)].append(problem.words)
    problems = {product_id: "; ".join(dict.fromkeys(told)) for product_id, told in words.items()}
    codes = {service.code for service in services}
    mine = [one for one in pull.seen.values() if one.product.service_code in codes]
    settled = settled_problems(mine, problems, at)
    with state.write() as connection:
        keep_seen(connection, odoo.settings.database, settled)
    now = {one.product.product_id: one for one in (*mine, *settled)}
    live = frozenset(service.code for service in services if service.is_live)
    return post_notes(state, odoo, now.values(), live, at)


def _strays(seen: Iterable[SeenProduct], codes: frozenset[str]) -> tuple[Problem, ...]:
    """Return active products that name no service of ours; whose they are nobody here knows."""
    return tuple(
        Problem(
            one.product.source,
            f"there is no service {one.product.service_code!r}: write the code of one into "
            "'Fusion Billing service'",
        )
        for one in seen
        if one.product.is_active and one.product.service_code not in codes
    )
