"""The README's commands exist: what a newcomer types first is a verb of the Makefile."""

import re

import pytest

from tests.house.markdown import commands
from tests.house.sources import ROOT

VERB = re.compile(r"^([a-z]+):(?!=)", re.MULTILINE)


def verbs() -> set[str]:
    """Return the verbs of the Makefile."""
    return set(VERB.findall((ROOT / "Makefile").read_text()))


@pytest.mark.parametrize("command", ["make demo", "make test"])
def test_the_readme_shows_the_two_commands(command: str) -> None:
    """One command shows the product, one proves it; the README gives both."""
    shown = commands((ROOT / "README.md").read_text(), "make")

    assert command in [line.split("#")[0].strip() for line in shown]


def test_every_make_command_of_the_readme_exists() -> None:
    """No page of the README names a verb that the Makefile has not."""
    shown = commands((ROOT / "README.md").read_text(), "make")

    assert {line.split()[1] for line in shown} <= verbs()


def test_every_verb_is_described() -> None:
    """`make` alone lists every verb that a person may use."""
    described = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert verbs() - described == {"runtime", "dev"}
