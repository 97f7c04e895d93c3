"""Tokens, accents and the stylesheet."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.storefront.colour import SHAPE_CONTRAST, TEXT_CONTRAST, accent_for, contrast, read_colour
from hub.storefront.style import STATIC, make_style, tokens

SCHEMES = ["light", "dark"]
CSS = {path.name: path.read_text() for path in STATIC.glob("*.css")}


def test_contrast_is_what_the_standard_says() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("words", ["text", "quiet", "bell", "good", "look", "no", "note"])
@pytest.mark.parametrize("behind", ["ground", "surface"])
def test_every_word_can_be_read_on_every_ground(scheme: str, words: str, behind: str) -> None:
    colours = tokens()[scheme]
    assert contrast(colours[words], colours[behind]) >= TEXT_CONTRAST


@pytest.mark.parametrize("scheme", SCHEMES)
def test_words_on_colour_can_be_read(scheme: str) -> None:
    colours = tokens()[scheme]
    assert contrast(colours["on-bell"], colours["bell"]) >= TEXT_CONTRAST
    for tone in ("good", "look", "no", "note"):
        assert contrast(colours["on-tone"], colours[tone]) >= TEXT_CONTRAST


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_edge_of_a_field_can_be_seen(scheme: str) -> None:
    colours = tokens()[scheme]
    for behind in ("ground", "surface"):
        assert contrast(colours["edge"], colours[behind]) >= SHAPE_CONTRAST


def test_the_coupon_is_black_on_white_in_the_dark_too() -> None:
    dark = tokens()["dark"]
    assert dark["paper"] == "#FFFFFF"
    for words in ("ink", "ink-quiet", "ink-bell"):
        assert contrast(dark[words], dark["paper"]) >= TEXT_CONTRAST


def test_the_tokens_are_those_of_the_look() -> None:
    light, dark = tokens()["light"], tokens()["dark"]
    assert (light["ground"], light["surface"], light["line"]) == ("#FAF8F5", "#FFFFFF", "#E6E1DA")
    assert (dark["ground"], dark["surface"], dark["line"]) == ("#161412", "#211E1B", "#37322D")
    assert (light["bell"], dark["bell"]) == ("#B4541A", "#F09A5B")


COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06X}")


@given(COLOURS, st.booleans())
def test_whatever_the_shops_colour_the_accent_can_be_read(own: str, dark: bool) -> None:
    colours = tokens()["dark" if dark else "light"]
    grounds = (colours["ground"], colours["surface"])
    accent = accent_for(own, grounds, dark=dark)
    if accent is not None:
        assert all(contrast(accent.colour, each) >= TEXT_CONTRAST for each in grounds)
        assert contrast(accent.on, accent.colour) >= TEXT_CONTRAST


def test_a_colour_that_can_be_read_is_taken_as_it_is_and_one_that_cannot_is_not() -> None:
    grounds = ("#FAF8F5", "#FFFFFF")
    teal = accent_for("#00695c", grounds, dark=False)
    assert teal is not None
    assert (teal.colour, teal.on) == ("#00695C", "#FFFFFF")
    assert accent_for("#FFFF66", grounds, dark=False) is None


@pytest.mark.parametrize(
    "text", [None, "", "red", "#12345", "#1234567", "#GGGGGG", "red;}body{display:none", "#fff"]
)
def test_what_is_no_colour_changes_nothing(text: str | None) -> None:
    assert read_colour(text) is None
    assert make_style(text) == make_style(None)


def test_the_shops_colour_is_in_the_stylesheet_and_changes_its_address() -> None:
    own = make_style("#00695C")
    assert "--bell:#00695C" in own.text
    assert own.version != make_style(None).version


def test_only_the_tokens_file_names_colours() -> None:
    allowed = {"#FFF", "#000", "#333", "#999", "#0000"}  # the QR's own black and white, paper, and masks
    for name, text in CSS.items():
        if name != "tokens.css":
            assert set(re.findall(r"#[0-9A-Fa-f]{3,8}\b", text)) <= allowed, name


def test_spacing_follows_the_direction_of_the_script() -> None:
    physical = re.compile(
        r"(?:margin|padding|border)-(?:left|right|top|bottom)\b|[;{ ](?:left|right|top|bottom|width|height):"
    )
    for name, text in CSS.items():
        assert not physical.findall(text), name


def test_nothing_moves_for_longer_than_a_blink() -> None:
    assert "--pace: 160ms" in CSS["tokens.css"]
    for name, text in CSS.items():
        for declaration in re.findall(r"transition:[^;]+;", text):
            assert re.fullmatch(
                r"transition:( \w+ var\(--pace\),?)+;|transition: none !important;", declaration
            ), name


def test_the_portals_style_leaves_room_for_the_page() -> None:
    assert len(make_style(None, "shopper").text.encode()) <= 18_000
