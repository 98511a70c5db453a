"""Colours of organisers: what is shown can be seen."""

import re
from pathlib import Path

import pytest

from pages.colours import (
    DARK_GROUNDS,
    ENOUGH,
    ENOUGH_FOR_FIGURES,
    LIGHT_GROUNDS,
    contrast,
    make_visible,
    make_visible_everywhere,
    read_colour,
)

COLOURS = ("#ffffff", "#000000", "#ffee00", "#0000ff", "#808080", "#0a5d4d", "#e30613")


@pytest.mark.parametrize("colour", COLOURS)
def test_have_the_contrast_of_level_aa_in_both_schemes(colour):
    for dark, grounds in ((False, LIGHT_GROUNDS), (True, DARK_GROUNDS)):
        seen = read_colour(make_visible(colour, dark=dark))
        assert min(contrast(seen, read_colour(ground)) for ground in grounds) >= ENOUGH


def test_stay_as_they_are_where_they_can_be_seen():
    assert make_visible("#0a5d4d", dark=False) == "#0a5d4d"


@pytest.mark.parametrize(("one", "other", "ratio"), [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48)])
def test_are_compared_as_wcag_does(one, other, ratio):
    assert contrast(read_colour(one), read_colour(other)) == pytest.approx(ratio, abs=0.005)


def test_are_seen_beside_those_of_the_pages():
    sheet = Path("pages/static/pages/design.css").read_text()
    found = re.findall(r"--(?:paper|ground): var\(--light, (#\w+)\) var\(--dark, (#\w+)\);", sheet)
    shown = zip(("#fff", *LIGHT_GROUNDS[1:]), DARK_GROUNDS, strict=True)
    assert sorted(found) == sorted(shown)


@pytest.mark.parametrize("colour", COLOURS)
def test_of_options_are_seen_on_light_and_on_dark_pages(colour):
    seen = read_colour(make_visible_everywhere(colour))
    grounds = (*LIGHT_GROUNDS, *DARK_GROUNDS)
    assert min(contrast(seen, read_colour(ground)) for ground in grounds) >= ENOUGH_FOR_FIGURES


def test_of_options_are_changed_as_little_as_can_be():
    assert make_visible_everywhere("#e30613") == "#e30613"
    assert make_visible_everywhere("#ffee00") == "#968c00"
