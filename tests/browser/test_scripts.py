"""What scripts add to a page, and what stays without them."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import opened

CHART = "Revenue and COGS by month and service"


def test_filters_change_the_page_without_loading_it(browser: Browser, address: str) -> None:
    """A choice changes figures, address and title; the focus stays, and back leads back."""
    page, watched = opened(browser, address)
    page.goto(f"{address}/dashboards/margin/customers")
    page.evaluate("window.isTheSame = true")
    everyone = page.locator("#customers tbody tr").count()

    page.locator("#filter-service").focus()
    page.locator("#filter-service").select_option("nexavoice")

    expect(page).to_have_url(re.compile("service=nexavoice"))
    expect(page.locator("#customers tbody tr")).to_have_count(9)
    expect(page.locator("#filter-service")).to_be_focused()
    expect(page.locator("#told")).to_contain_text("Customers")
    assert page.evaluate("window.isTheSame")
    page.go_back()
    expect(page.locator("#customers tbody tr")).to_have_count(everyone)
    assert watched.faults == []
    page.close()


def test_the_order_changes_the_table_alone(browser: Browser, address: str) -> None:
    """A heading orders the rows without loading the page, and says so in its address."""
    page, watched = opened(browser, address)
    page.goto(f"{address}/dashboards/margin/customers")
    page.evaluate("window.isTheSame = true")

    page.get_by_role("columnheader", name="Revenue").get_by_role("link").click()

    expect(page).to_have_url(re.compile("sort=-revenue"))
    expect(page.get_by_role("columnheader", name="Revenue")).to_have_attribute(
        "aria-sort", "descending"
    )
    assert page.evaluate("window.isTheSame")
    assert watched.faults == []
    page.close()


def test_a_chart_is_drawn_and_told(browser: Browser, address: str) -> None:
    """A chart says its figures to those who can't see it, and after a choice it is drawn again."""
    page, watched = opened(browser, address)
    page.goto(f"{address}/dashboards")
    chart = page.locator(".plot .live")

    expect(chart).to_have_attribute("aria-label", re.compile(f"^{CHART}.*COGS"))
    expect(page.locator(".plot > svg")).to_be_hidden()
    page.locator("#filter-service").select_option("nexadesk")
    expect(page).to_have_url(re.compile("service=nexadesk"))
    expect(chart).to_be_visible()
    expect(chart).to_have_count(1)
    assert watched.faults == []
    page.close()


def test_a_bar_says_its_amount(browser: Browser, address: str) -> None:
    """Under the pointer a bar tells its name and the amount as the table writes it."""
    page, watched = opened(browser, address)
    page.goto(f"{address}/dashboards/margin/negative")
    expect(page.locator(".plot")).to_have_class(re.compile("drawn"))

    bar = page.locator('.live path[fill="#a8231b"]').first.bounding_box()
    assert bar is not None
    page.mouse.move(bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2)

    expect(page.locator(".tip")).to_have_text("Tidewater Marine: -$133.29")
    assert watched.faults == []
    page.close()


def test_paper_and_readers_without_scripts_have_the_drawing(browser: Browser, address: str) -> None:
    """Printed, or without scripts, the page's own SVG is shown and its table follows."""
    printed, _ = opened(browser, address)
    printed.goto(f"{address}/dashboards")
    expect(printed.locator(".plot")).to_have_class(re.compile("drawn"))
    printed.emulate_media(media="print")
    plain, _ = opened(browser, address, scripts=False)
    plain.goto(f"{address}/dashboards")

    for page in (printed, plain):
        _shows_the_drawing(page)
        page.close()


def _shows_the_drawing(page: Page) -> None:
    drawing = page.get_by_role("img", name=CHART)
    expect(drawing).to_be_visible()
    expect(drawing.locator("rect.solid").first).to_be_visible()
    expect(page.locator(".plot .live").locator("visible=true")).to_have_count(0)


def test_a_phone_shows_where_one_is_without_moving_the_first_step(
    browser: Browser, address: str
) -> None:
    """In a narrow window the page's own link is in sight, and Tab still starts before it."""
    page, watched = opened(browser, address, width=390)
    page.goto(f"{address}/dashboards/close")

    expect(page.locator(".top [aria-current]")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    assert watched.faults == []
    page.close()
