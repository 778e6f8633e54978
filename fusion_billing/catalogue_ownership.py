"""Who owns the catalogue: where it is not the API, its writes are refused before they are read."""

from collections.abc import Sequence

from fastapi import APIRouter, Depends, Request
from fastapi.params import Depends as Dependency

from catalog.errors import MethodNotAllowed
from catalog.http import CallerService
from fusion_billing.settings import Settings

CATALOGUE_PREFIXES = ("/billable_metrics", "/plans")
ASKING = frozenset({"GET", "HEAD", "OPTIONS"})
# A trial of an expression keeps nothing.
TRIALS = ("/evaluate_expression",)
OWNED_BY = {"file": "catalogue_owned_by_file", "odoo": "catalogue_owned_by_odoo"}
WHERE = {
    "file": "change the file and run `fusion-billing catalog load FILE`",
    "odoo": "change the products in Odoo",
}


def guards_of(router: APIRouter, settings: Settings) -> Sequence[Dependency]:
    """Return what a router's requests must pass first."""
    owner = settings.catalogue_owner
    if owner == "api" or not router.prefix.startswith(CATALOGUE_PREFIXES):
        return ()

    def refuse_writes(request: Request, _service: CallerService) -> None:
        if request.method in ASKING or request.url.path.endswith(TRIALS):
            return
        raise MethodNotAllowed(OWNED_BY[owner], {"catalogue": [WHERE[owner]]})

    return (Depends(refuse_writes),)
