"""One Chromium and one served house for all browser tests of a run; each only reads."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from dashboards.costs.routes import router as costs
from fusion_billing.openapi.document import install_openapi
from fusion_billing.openapi.page import router as docs
from tests.browser.chromium import running_chromium, served
from tests.dashboards.documents import seed_documents
from tests.dashboards.seed import open_seeded, seeded_app

MOUNT = "/api/billing/v1"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    lake, state = open_seeded(tmp_path_factory.mktemp("seeded"))
    seed_documents(lake, state)
    app = seeded_app(lake, state)
    app.include_router(costs, prefix=MOUNT)
    app.include_router(docs)
    install_openapi(app, (MOUNT,))
    with served(app) as house:
        yield house
    lake.close()
    state.close()
