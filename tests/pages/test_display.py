"""How numbers are written on the pages."""

from types import SimpleNamespace

import pytest
from django.utils import translation

from pages.templatetags.display import bar_width, isolate, percent, standing, standing_word, whole


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
