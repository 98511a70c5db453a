"""The Borda count on paper; what all rankings have in common is in test_ranking.py."""

import pytest

from polls import methods
from tabulation.contest import Contest
from tests.results.papers import make_snapshot, render, single

from .marks import ask, count_keys, parse

PEOPLE = ask("borda", ("ana", "bea", "carlo"))


class TestBorda:
    def test_counts_the_place_of_each_option(self):
        assert parse(PEOPLE, {"bea": 1, "ana": 2}) == "bea>ana"
        assert count_keys(PEOPLE, "bea>ana") == ["bea:1", "ana:2"]

    def test_takes_long_names_since_its_count_keys_stay_short(self):
        methods.get("borda").check(ask("borda", tuple(f"{number:03d}" + "x" * 33 for number in range(100))))

    def test_is_told_with_points_and_places(self):
        counts = {"bea:1": 3, "ana:2": 2, "ana:1": 1}
        outcome = methods.get("borda").tabulate(Contest(PEOPLE.keys, 1, {}, ballots=4), counts)
        told = methods.get("borda").tell(PEOPLE, outcome)
        assert list(told.sentences) == [
            "A first place gives 3 points, each place after it one less, and an option that is left out none.",
            "The points: Bea 9; Ana 7; Carlo 0.",
        ]
        assert [cell.text for cell in told.tables[0].rows[1].cells] == ["7", "1", "2", "0"]
        assert told.figures[0].drawn.bars[0].parts[0].width == "75.000%"

    def test_of_nothing_says_so(self):
        outcome = methods.get("borda").tabulate(Contest(PEOPLE.keys), {})
        assert list(methods.get("borda").tell(PEOPLE, outcome).sentences) == ["No ballot has marked an option yet."]

    def test_of_very_many_options_has_a_table_and_no_bars(self):
        asked = ask("borda", tuple(f"o{number}" for number in range(12)))
        outcome = methods.get("borda").tabulate(Contest(asked.keys, 1, {}, ballots=1), {"o3:1": 1})
        told = methods.get("borda").tell(asked, outcome)
        assert told.figures == []
        assert len(told.tables[0].rows) == 12

    @pytest.mark.urls("voting_site.urls.result")
    def test_is_on_the_page(self):
        page = render(make_snapshot({"q1:bea:1": 1}, 1, single(PEOPLE)))
        assert 'data-unit="points"' in page
        assert "The points: Bea 3; Ana 0; Carlo 0." in page
