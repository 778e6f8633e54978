"""Both clients find the app under each base URL a person may give them."""

from pathlib import Path

import pytest

from tests.lago_clients.javascript import live
from tests.lago_clients.python_client import models, new_client, python_client, refused
from tests.lago_clients.python_using import an_event
from tests.lago_clients.served import Served
from tests.real_parts import NODE, require

MOUNTS = ("/api/billing/v1", "/api/v1", "/api/billing/api/v1")
pytestmark = pytest.mark.xdist_group("lago_base_urls")


@pytest.fixture(autouse=True)
def forget(world: Served) -> None:
    """Forget the exchanges of the test before."""
    world.recorder.exchanges.clear()


def mounts_asked(world: Served) -> set[str]:
    return {each.mount for each in world.recorder.exchanges}


@pytest.mark.parametrize(
    ("base", "mount"),
    [
        ("", "/api/v1"),
        ("/", "/api/v1"),
        ("/api/billing", "/api/api/v1"),
        ("/api/billing/", "/api/billing/api/v1"),
        ("/api/billing/v1", "/api/billing/api/v1"),
        ("/api/billing/v1/", "/api/billing/v1/api/v1"),
        ("/api/v1", "/api/api/v1"),
        ("/api/v1/", "/api/v1/api/v1"),
        ("/api/billing/api/v1", "/api/billing/api/api/v1"),
        ("/api/billing/api/v1/", "/api/billing/api/v1/api/v1"),
    ],
)
def test_the_python_client_finds_a_mount(base: str, mount: str, world: Served) -> None:
    """What it makes of an address, by dropping a word and appending `api/v1/`, is a mount."""
    lago = python_client(world, base)

    assert lago.plans.find_all()["meta"]["total_count"] == 0
    assert lago.events.create(an_event(f"visit {base}")).code == "tokens"
    assert mounts_asked(world) == {mount}


@pytest.mark.parametrize("end", ["", "/"])
@pytest.mark.parametrize("mount", MOUNTS)
def test_the_javascript_client_finds_each_mount(
    mount: str, end: str, world: Served, folder: Path
) -> None:
    """It takes its address as it is; a slash at its end does no harm."""
    live("visit", f"{mount}{end}", world, require(NODE), folder)

    assert {each.status for each in world.recorder.exchanges} == {200}
    assert len(world.recorder.exchanges) == 2


def test_a_key_nobody_knows_is_a_401(world: Served) -> None:
    """Both kinds of route ask for the key: those of pushes and all others."""
    stranger = new_client(api_key="nobody", api_url=f"{world.root}/")

    refused(401, "", stranger.plans.find_all)
    refused(401, "", stranger.events.create, an_event("1"))
    refused(401, "", stranger.customers.create, models.Customer(external_id="acme"))


def test_what_is_not_offered_is_the_clients_404(world: Served) -> None:
    """The client reads Lago's code for an unknown route, whatever it asks for that is not ours."""
    lago = python_client(world)

    for resource in (lago.wallets, lago.coupons, lago.add_ons, lago.payment_receipts):
        refused(404, "resource_not_found", resource.find_all)
    refused(404, "resource_not_found", lago.subscriptions.update_lifetime_usage, "acme-team", 1)
    refused(404, "resource_not_found", lago.plans.replace_metadata, "team", {"a": "b"})
