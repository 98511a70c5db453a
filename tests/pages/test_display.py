"""How numbers are written on the pages."""

import datetime as dt
import re
from types import SimpleNamespace

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from pages.templatetags.display import (
    SAMPLES,
    bar_width,
    counted,
    isolate,
    percent,
    standing,
    standing_word,
    whole,
)


class TestPercent:
    @pytest.mark.parametrize(
        ("permille", "english", "spanish"),
        [(513, "51.3%", "51,3 %"), (1000, "100.0%", "100,0 %"), (1, "0.1%", "0,1 %"), (0, "0.0%", "0,0 %")],
    )
    def test_writes_tenths_of_a_percent_as_the_language_has_it(self, permille, english, spanish):
        with translation.override("en"):
            assert percent(permille) == english
        with translation.override("es"):
            assert percent(permille).replace("\N{NO-BREAK SPACE}", " ") == spanish

    def test_writes_nothing_where_there_is_no_share(self):
        assert percent(None) == ""


class TestBarWidth:
    @pytest.mark.parametrize(
        ("permille", "width"), [(513, "51.3%"), (1000, "100%"), (1, "0.1%"), (0, "0%"), (None, "0%")]
    )
    def test_is_a_length_that_svg_reads_in_any_language(self, permille, width):
        with translation.override("es"):
            assert bar_width(permille) == width


class TestWhole:
    def test_writes_a_dash_for_what_is_not_known(self):
        assert (whole(None), whole(0)) == ("–", "0")

    @pytest.mark.parametrize(
        ("language", "written"),
        [
            ("en", "1,234,567"),
            ("es", "1\xa0234\xa0567"),
            ("es-mx", "1,234,567"),
            ("gl", "1.234.567"),
            ("de", "1.234.567"),
        ],
    )
    def test_groups_digits_as_the_language_and_its_region_do(self, language, written):
        with translation.override(language):
            assert whole(1_234_567) == written


class TestCounted:
    @pytest.mark.parametrize(
        ("language", "number", "shown"),
        [
            ("en", 1, "ballot"),
            ("en", 0, "ballots"),
            ("en", None, "ballots"),
            ("es", 1, "papeleta"),
            ("es", 41, "papeletas"),
            ("es", 3_000_000, "de papeletas"),
        ],
    )
    def test_shows_the_form_for_the_number_and_hides_the_others(self, language, number, shown):
        with translation.override(language):
            forms = re.findall(
                r"<span data-when-plural=\"([0-9 ]+)\"( hidden)?>([^<]+)</span>", counted(number, "ballots")
            )
        assert [word for _samples, hidden, word in forms if not hidden] == [shown]
        assert sorted(" ".join(samples for samples, _hidden, _word in forms).split()) == sorted(map(str, SAMPLES))


class TestClock:
    moment = dt.datetime(2026, 11, 29, 20, 5, 9, tzinfo=dt.UTC)

    @pytest.mark.parametrize(
        ("language", "day", "time"),
        [
            ("en", "Nov. 29, 2026, 8:05 p.m.", "8:05:09 PM"),
            ("en-gb", "29 November 2026, 20:05", "20:05:09"),
            ("es", "29 de noviembre de 2026 a las 20:05", "20:05:09"),
            ("de", "29. November 2026 20:05", "20:05:09"),
        ],
    )
    def test_is_that_of_the_language_and_its_region(self, language, day, time):
        with translation.override(language), timezone.override("UTC"):
            template = Template("{% load display %}{{ moment|date:'DATETIME_FORMAT' }}/{{ moment|clock }}")
            assert template.render(Context({"moment": self.moment})) == f"{day}/{time}"


class TestStanding:
    shown = SimpleNamespace(winners=["ana"], tied=["bea", "leo"])

    @pytest.mark.parametrize(
        ("key", "live", "final"),
        [("ana", "Leading", "Winner"), ("bea", "Level", "Tie"), ("leo", "Level", "Tie"), ("mia", "", "")],
    )
    def test_tells_those_elected_from_those_who_tie_for_the_last_seat(self, key, live, final):
        assert standing_word(standing(self.shown, key, final=False)) == live
        assert standing_word(standing(self.shown, key, final=True)) == final


@pytest.mark.parametrize(
    ("text", "isolated"),
    [("Tea", "\u2068Tea\u2069"), ("\u2069\u202eaeT", "\u2068\u202eaeT\u2069"), ("\u2067شاي", "\u2068شاي\u2069")],
)
def test_a_text_in_a_sentence_keeps_its_direction_to_itself(text, isolated):
    assert isolate(text) == isolated
