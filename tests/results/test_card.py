"""What the list of results shows of one election."""

import pytest
from django.template.loader import render_to_string

from results.card import Card

from .papers import LIVELY, approval, make_snapshot

pytestmark = pytest.mark.urls("voting_site.urls.result")


class TestCard:
    @pytest.mark.parametrize(
        ("counts", "ahead", "cut"),
        [
            ((1, 9, 3, 7, 5), [9, 7, 5, 3], 0),
            ((5, 5, 5, 5, 5, 5, 1), [5, 5, 5, 5], 2),
            ((9, 4, 4, 4, 4), [9, 4, 4, 4], 1),
            ((0, 0), [0, 0], 0),
        ],
        ids=["most votes", "all equal", "the last equal", "no votes"],
    )
    def test_has_those_ahead_and_how_many_equals_it_cuts(self, counts, ahead, cut):
        card = Card.of(approval(counts, 10))
        assert ([option.count for option in card.ahead], card.cut) == (ahead, cut)

    def test_shows_the_first_of_several_questions(self):
        assert Card.of(make_snapshot(LIVELY, 12)).first.title == "Board"

    def test_tells_of_the_equals_that_it_cuts(self):
        page = render_to_string("results/list.html", {"cards": [Card.of(approval((5, 5, 5, 5, 5, 5, 5), 10))]})
        assert "and 3 more with as many votes" in page
        assert "The four with most votes." not in page
