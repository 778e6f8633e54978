"""The margin reports in a real Chromium: quiet, readable at every width, whole on paper."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chromium import opened
from tests.dashboards.reports.test_reports import REPORTS

LOSER = "Tidewater Marine"


@pytest.mark.parametrize(("scheme", "width", "language"),
                         [("light", 1440, "en"), ("dark", 390, "fr")])  # fmt: skip
def test_every_report_is_quiet_and_fits(
    browser: Browser, address: str, scheme: str, width: int, language: str, tmp_path: Path
) -> None:
    """Every report asks only its own house, has no fault and never overflows its width."""
    page, watched = opened(browser, address, is_dark=scheme == "dark", width=width)

    for path, query in REPORTS.items():
        page.goto(f"{address}/dashboards{path}?{query}&lang={language}")
        page.screenshot(path=tmp_path / f"{path.replace('/', '-')}-{scheme}.png", full_page=True)
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, path
    assert watched.faults == []
    page.close()


def test_the_loser_is_seen_without_scrolling(browser: Browser, address: str) -> None:
    """Who loses most, how much and why stand on the first screen of the overview."""
    page, _ = opened(browser, address)
    page.goto(f"{address}/dashboards")

    story = page.locator(".stories li").first
    expect(story).to_be_in_viewport(ratio=1)
    expect(story).to_contain_text(LOSER)
    expect(story).to_contain_text("-$133.29")
    expect(story).to_contain_text("3.8 times what it costs for others")
    page.close()


def test_three_clicks_lead_from_the_loss_to_a_cost_row(browser: Browser, address: str) -> None:
    """The loser's name leads to its page, and its COGS to the provider's charges."""
    page, watched = opened(browser, address)
    page.goto(f"{address}/dashboards")

    page.get_by_role("link", name=LOSER).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(LOSER)
    page.locator("#plans tbody td a").nth(1).click()
    expect(page).to_have_url(re.compile("/trace/cogs"))
    expect(page.get_by_role("table").first).to_contain_text("Example Cloud")
    assert watched.faults == []
    page.close()


def test_filters_work_without_script(browser: Browser, address: str) -> None:
    """Choosing months and a service changes the page and its address, the language stays."""
    page, watched = opened(browser, address, is_dark=True, scripts=False)
    page.goto(f"{address}/dashboards/margin/customers?lang=fr")

    page.locator("select[name=from]").select_option("2026-09")
    page.locator("select[name=service]").select_option(label="NexaVoice")
    page.get_by_role("button", name="Appliquer").click()

    expect(page.locator("#customers tbody tr")).to_have_count(9)
    assert "from=2026-09" in page.url
    assert "lang=fr" in page.url
    assert watched.faults == []
    page.close()


def test_on_paper_nothing_is_folded_away(browser: Browser, address: str) -> None:
    """Printed, the chart's table is open; filters, navigation and buttons are gone."""
    page, _ = opened(browser, address)
    page.goto(f"{address}/dashboards")
    expect(page.locator("details table")).to_be_hidden()

    page.emulate_media(media="print")

    expect(page.locator("details table")).to_be_visible()
    for gone in (".filters", ".actions", ".top nav"):
        expect(page.locator(gone)).to_be_hidden()
    page.close()
