"""The margin pages in a real Chromium: quiet, alone, readable at every width."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chromium import opened

PATHS = {
    "margin": "/dashboards/margin/table",
    "accounts": "/dashboards/margin/table?by=account&service=nexavoice&sort=gross_profit",
    "rated_lines": "/dashboards/rated_lines?service=nexadesk&month=2026-11",
    "rated_line": "/dashboards/rated_lines/line-0-0-0-use",
    "costs": "/dashboards/costs?month=2026-11",
    "drafts": "/dashboards/drafts",
    "draft": "/dashboards/drafts/draft-nexadesk-acct-05",
}


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_quiet_and_fits(
    browser: Browser, address: str, scheme: str, width: int, tmp_path: Path
) -> None:
    """Every page, in both schemes and widths, asks only its own house and never overflows."""
    page, watched = opened(browser, address, is_dark=scheme == "dark", width=width)

    for name, path in PATHS.items():
        page.goto(address + path)
        page.screenshot(path=tmp_path / f"{name}-{scheme}-{width}.png", full_page=True)
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, name
    assert watched.faults == []
    page.close()


def test_the_figures_can_be_seen(browser: Browser, address: str) -> None:
    """The five tiles, the chart and the total stand on the page with their figures."""
    page, _ = opened(browser, address, width=1280)
    page.goto(f"{address}/dashboards/margin/table")

    expect(page.locator(".tile")).to_have_count(5)
    expect(page.locator(".tile").first).to_contain_text("$70,625.32")
    expect(page.locator("#table tfoot")).to_contain_text("70,625.32")
    expect(page.get_by_role("img", name="Revenue and COGS by month and service")).to_be_visible()
    solid = page.locator('.live path[fill="#2563ae"]').first
    expect(solid).to_be_visible()
    page.close()


def test_a_figure_can_be_followed_to_its_steps(browser: Browser, address: str) -> None:
    """Two clicks lead from a revenue figure to the steps of one of its lines."""
    page, watched = opened(browser, address, width=1280)
    page.goto(f"{address}/dashboards/margin/table?by=account&service=nexacloud")

    page.get_by_role("row", name="Maple Ridge Clinic").get_by_role("link").nth(2).click()
    expect(page.get_by_role("heading", name="Rated lines")).to_be_visible()
    page.get_by_role("link", name="Tokens used").first.click()

    expect(page.get_by_role("table")).to_contain_text("included quota")
    expect(page.get_by_role("table")).to_contain_text("Steps together")
    assert watched.faults == []
    page.close()


def test_filters_work_without_script(browser: Browser, address: str) -> None:
    """Choosing a service and a grouping changes the page and its address."""
    page, watched = opened(browser, address, is_dark=True, width=1280, scripts=False)
    page.goto(f"{address}/dashboards/margin/table")

    page.locator("select[name=service]").select_option(label="NexaVoice")
    page.locator("select[name=by]").select_option(label="Account")
    page.get_by_role("button", name="Apply").click()

    expect(page.get_by_role("heading", name="By account")).to_be_visible()
    expect(page.locator("#table tbody tr")).to_have_count(9)
    assert "service=nexavoice" in page.url
    assert watched.faults == []
    page.close()


def test_the_keyboard_reaches_the_content(browser: Browser, address: str) -> None:
    """The first key leads to a visible link that skips the navigation."""
    page, _ = opened(browser, address, width=1280)
    page.goto(f"{address}/dashboards/margin/table")

    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    assert skip.evaluate("link => getComputedStyle(link).outlineStyle") == "solid"
    page.close()


def test_on_paper_nothing_is_folded_away(browser: Browser, address: str) -> None:
    """Printed, the chart's table is open, and filters and navigation are gone."""
    page, _ = opened(browser, address, width=1280)
    page.goto(f"{address}/dashboards/margin/table")
    table = page.get_by_role("table", name="Revenue, COGS, gross profit")
    expect(table).to_be_hidden()

    page.emulate_media(media="print")

    expect(page.locator("details table")).to_be_visible()
    expect(page.locator(".filters")).to_be_hidden()
    page.close()
