"""Docs that fail: what the code offers has its line, and what a page points to is there."""

import pytest

from rating.charge_models import CHARGE_MODELS
from tests.house.markdown import anchors, local_links
from tests.house.pages import BEGIN, BLOCKS, END, expected_text, with_block
from tests.house.sources import ROOT, Source, all_sources

PAGES = [source for source in all_sources() if source.path.endswith(".md")]


def path_of(source: Source) -> str:
    """Return a source's path, to name a test by it."""
    return source.path


@pytest.mark.parametrize("page", [*BLOCKS, ".env.example"])
def test_the_generated_part_is_of_today(page: str) -> None:
    """Every setting, command and route has its line, since the code writes the lines itself."""
    written = (ROOT / page).read_text() if (ROOT / page).exists() else ""

    assert written == expected_text(page), f"{page} is not of today: run `make docs`"


@pytest.mark.parametrize("model", CHARGE_MODELS)
def test_every_charge_model_is_explained(model: str) -> None:
    """A charge model that can be billed has its line in docs/charge_models.md."""
    page = (ROOT / "docs/charge_models.md").read_text()

    assert f"`{model}`" in page, f"explain `{model}` in docs/charge_models.md"


@pytest.mark.parametrize("source", PAGES, ids=path_of)
def test_every_local_link_leads_somewhere(source: Source) -> None:
    """A link inside the repository names a file that is there, and a heading that is in it."""
    broken = [target for target in local_links(source.text) if not _leads(source, target)]

    assert not broken, f"{source.path} points to nothing: {broken}"


def _leads(source: Source, target: str) -> bool:
    name, _, anchor = target.partition("#")
    path = (ROOT / source.path).parent / name if name else ROOT / source.path
    if not path.exists():
        return False
    return not anchor or (path.suffix == ".md" and anchor in anchors(path.read_text()))


def test_a_page_keeps_its_own_words() -> None:
    """Writing the generated part again changes nothing around it, however often."""
    page = f"# Ours\n{BEGIN}\nold\n{END}\nAlso ours\n"

    once = with_block(page, "new")

    assert once == f"# Ours\n{BEGIN}\n\nnew\n\n{END}\nAlso ours\n"
    assert with_block(once, "new") == once


def test_a_page_without_its_part_is_refused() -> None:
    """A page that lost its markers is not silently left as it is."""
    with pytest.raises(ValueError, match="lacks its generated part"):
        with_block("# Ours", "new")


def test_links_and_anchors_are_read_as_github_reads_them() -> None:
    """Foreign links and code blocks don't count; a heading's anchor drops marks."""
    text = "# Odoo's *due* date\n[a](b.md#c) [d](https://e.example)\n```\n[f](g)\n```\n![h](i.png)"

    assert list(local_links(text)) == ["b.md#c", "i.png"]
    assert anchors(text) == {"odoos-due-date"}
