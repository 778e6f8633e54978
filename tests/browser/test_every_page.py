"""Every page in a real Chromium: usable by everybody, by keyboard alone, quiet and at home."""

import re
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import opened
from tests.browser.pages import PAGES, STATES, address_of, page_routes
from tests.real_parts import NODE, require

Scheme = Literal["light", "dark"]
Media = Literal["screen", "print"]
LOOKS: tuple[tuple[Media, Scheme], ...] = (
    ("screen", "light"), ("screen", "dark"), ("print", "light"),
)  # fmt: skip
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
JUDGED = """async (standards) => {
  const found = await axe.run(document, { runOnly: standards, resultTypes: ["violations"] });
  return found.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.target + " " +
    (node.any[0] ?? node.all[0] ?? node.none[0])?.message).slice(0, 3).join("; ")}`);
}"""
DRAWN = "document.querySelectorAll('.plot:not(.drawn)').length === 0"
# Each step of the keyboard: what has the focus, and what marks it.
WATCHED_STEPS = """() => {
  window.steps = [];
  const all = [...document.querySelectorAll("*")];
  document.addEventListener("focusin", ({ target }) => {
    const style = getComputedStyle(target);
    window.steps.push({
      place: all.indexOf(target),
      name: `${target.tagName} ${target.id} ${target.textContent.trim().slice(0, 30)}`,
      isMarked: target.checkVisibility() && style.outlineStyle !== "none" &&
        parseFloat(style.outlineWidth) > 0,
    });
  });
  return all.filter((each) => each.matches(
    "a[href], button, input:not([type=hidden]), select, summary, [tabindex='0']"
  ) && each.checkVisibility()).map((each) => all.indexOf(each));
}"""
# A row that slides under the head or foot of its table is judged where it stands when it does not.
UNROLLED = """() => document.querySelectorAll(".scroller.tall").forEach((each) => {
  each.style.maxHeight = "none";
})"""
# A browser itself says so when a page answers that it is not there.
SKIP = re.compile("Skip|Aller|Passer")
OWN_STATUS = re.compile(r"4\d\d: |console: Failed to load resource")
ADDRESSES = {path: address_of(path, query) for path, query in PAGES.items()}


@pytest.fixture(scope="module")
def axe() -> str:
    return require(NODE).axe.read_text()


def test_no_page_is_forgotten() -> None:
    """Every route that answers a page is looked at here."""
    assert set(page_routes()) == PAGES.keys()


@pytest.mark.parametrize("name", [*ADDRESSES, *STATES])
def test_everybody_can_use_the_page(browser: Browser, address: str, axe: str, name: str) -> None:
    """A page has no fault axe knows in light, dark and print, no error, and Tab reaches all."""
    page, watched = opened(browser, address)
    page.goto(address + (ADDRESSES | STATES)[name])
    page.wait_for_function(DRAWN)
    walked = _walk_faults(page)
    page.evaluate(UNROLLED)
    page.evaluate(axe)
    judged = [_judged(page, *look) for look in LOOKS]
    page.close()

    assert (walked, judged) == ([], [[], [], []])
    assert [
        each for each in watched.faults if name not in STATES or not OWN_STATUS.match(each)
    ] == []


def _judged(page: Page, media: Media, scheme: Scheme) -> list[str]:
    page.emulate_media(media=media, color_scheme=scheme)
    found: list[str] = page.evaluate(JUDGED, STANDARDS)
    return found


def _walk_faults(page: Page) -> list[str]:
    """Return what Tab alone can't reach or what has the focus without showing it."""
    controls = set(page.evaluate(WATCHED_STEPS))
    for _ in controls:
        page.keyboard.press("Tab")
    steps: list[dict[str, Any]] = page.evaluate("window.steps")
    faults = [f"{step['name']} has no mark" for step in steps if not step["isMarked"]]
    missed = controls - {step["place"] for step in steps}
    if missed:
        faults.append(f"{len(missed)} of {len(controls)} controls are not reached")
    if not SKIP.search(steps[0]["name"]):
        faults.append("the first step is no skip link")
    return faults
