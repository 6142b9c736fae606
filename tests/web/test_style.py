"""Colours that can be told apart: 4.5 to 1 for text (WCAG 2, AA), by day and by night."""

import re
from pathlib import Path

import pytest

import app.web

STYLE = (Path(app.web.__path__[0]) / "static" / "style.css").read_text(encoding="utf-8")
PAIRS = [
    ("ink", "paper"),
    ("ink", "card"),
    ("quiet", "paper"),
    ("quiet", "card"),
    ("link", "paper"),
    ("link", "card"),
    ("plus", "card"),
    ("minus", "card"),
    ("card", "stamp"),
    ("good-ink", "good"),
    ("wait-ink", "wait"),
    ("off-ink", "off"),
    ("bad-ink", "bad"),
]


def palettes() -> list[dict[str, str]]:
    """Return the colours by day, and those by night over them."""
    day, night = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    colours = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", part)) for part in (day, night)]
    return [colours[0], colours[0] | colours[1]]


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(char * 2 for char in colour[1:])
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("palette", palettes(), ids=["day", "night"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_stands_out_from_its_ground(palette: dict[str, str], text: str, ground: str) -> None:
    dark, light = sorted((luminance(palette[text]), luminance(palette[ground])))
    assert (light + 0.05) / (dark + 0.05) >= 4.5
