"""The colours of the stylesheet can be read by everybody, in light and in dark."""

import re

import pytest

from dashboards.pages import ASSET_BYTES

CSS = ASSET_BYTES["dashboards.css"].decode()
ROOT = re.compile(r":root \{(.*?)\}", re.DOTALL)
COLOUR = re.compile(r"--([\w-]+): (#[0-9a-f]{6});")
TEXT_ON_GROUND = [
    *((ink, ground) for ink in ("ink", "muted", "accent") for ground in ("ground", "surface",
                                                                       "raised")),
    *((ink, f"heat-{step}") for ink in ("ink", "accent") for step in (1, 2, 3, 4)),
    ("loss", "surface"), ("loss", "raised"), ("loss", "loss-ground"), ("warn", "warn-ground"),
    ("good", "good-ground"), ("on-accent", "accent"),
]  # fmt: skip
SHAPE_ON_GROUND = [
    ("edge", "surface"),
    ("loss", "surface"),
    ("good", "surface"),
    *((f"series-{place}", "surface") for place in range(6)),
]


def palettes() -> dict[str, dict[str, str]]:
    light, dark, printed = (dict(COLOUR.findall(block)) for block in ROOT.findall(CSS))
    return {"light": light, "dark": {**light, **dark}, "print": {**light, **printed}}


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_right() -> None:
    """Black on white is 21 to 1, as WCAG says."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
@pytest.mark.parametrize(("ink", "ground"), TEXT_ON_GROUND)
def test_text_can_be_read(scheme: str, ink: str, ground: str) -> None:
    """Text has at least 4.5 to 1 against every ground it stands on."""
    palette = palettes()[scheme]

    assert contrast(palette[ink], palette[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
@pytest.mark.parametrize(("shape", "ground"), SHAPE_ON_GROUND)
def test_shapes_can_be_seen(scheme: str, shape: str, ground: str) -> None:
    """Edges of fields and columns of charts have at least 3 to 1."""
    palette = palettes()[scheme]

    assert contrast(palette[shape], palette[ground]) >= 3


def test_dark_names_every_colour() -> None:
    """The dark scheme gives each colour of the light one a value of its own."""
    light, dark, _ = (dict(COLOUR.findall(block)) for block in ROOT.findall(CSS))

    assert set(dark) == set(light)


def test_colours_have_names() -> None:
    """No rule of the stylesheet has a colour that the palette does not name."""
    rules = ROOT.sub("", CSS)

    assert re.findall(r"#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(", rules) == []
