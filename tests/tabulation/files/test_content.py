"""An election as a file has it: options that leave, and limits."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabulation.files import content as content_module
from tabulation.files.content import Ballots, Content, Kind, Pile, read_once
from tabulation.files.sentences import InvalidFile

from .contents import contents


class TestWithout:
    def test_lets_later_options_move_up_and_keeps_skipped_ranks(self):
        content = Content(
            ("Ana", "Bea", "Carlo", "Dora"),
            Kind.RANKINGS,
            {((0,), (1,), (3,)): 2, ((1, 3), (), (2,)): 1, ((1,),): 4, ((3,), (0,)): 3, ((0,), (3,)): 5},
            withdrawn=frozenset({0}),
            lines={((0,), (1,), (3,)): 7},
        )
        left = content.without([1])
        assert left.names == ("Carlo", "Dora")
        assert dict(left.ballots) == {((1,),): 10, ((1,), (), (0,)): 1, (): 4}
        assert (left.blank, left.total, left.withdrawn) == (4, content.total, frozenset())
        assert left.lines[((1,),)] == 7

    def test_leaves_a_ballot_blank_that_scored_nobody_else(self):
        left = Content(("Ana", "Bea"), Kind.SCORES, {(5, None): 2, (1, 3): 1}).without([0])
        assert dict(left.ballots) == {(): 2, (3,): 1}

    @given(data=st.data(), kind=st.sampled_from(Kind))
    def test_of_some_and_then_others_is_that_of_all(self, data, kind):
        content = data.draw(contents(kind))
        first, second = data.draw(st.tuples(*[st.sets(st.sampled_from(content.names))] * 2))
        once = content.without([content.names.index(name) for name in first])
        twice = once.without([once.names.index(name) for name in second if name in once.names])
        assert twice == content.without([content.names.index(name) for name in first | second])
        assert twice.total == content.total


class TestInOrder:
    def test_is_the_same_order_whatever_that_of_the_file(self):
        ballots = {((1,),): 2, (): 1, ((0,), (1,)): 3, ((0, 1),): 4}
        content = Content(("Ana", "Bea"), Kind.RANKINGS, ballots)
        assert content.in_order() == [(((0, 1),), 4), (((0,), (1,)), 3), (((1,),), 2), ((), 1)]
        assert replace(content, ballots=dict(reversed(ballots.items()))).in_order() == content.in_order()

    def test_takes_scores_beside_none(self):
        content = Content(("Ana", "Bea"), Kind.SCORES, {(None, 3): 1, (2, 3): 2})
        assert content.in_order() == [((2, 3), 2), ((None, 3), 1)]


class TestPile:
    def test_refuses_more_different_ballots_than_memory_is_for(self, monkeypatch):
        monkeypatch.setattr(content_module, "MOST_DIFFERENT", 3)
        pile = Pile()
        for option in range(3):
            pile.add(((option,),), 10, option)
        pile.add(((0,),), 10, 4)
        with pytest.raises(InvalidFile, match="line 5: there are more than 3 different ballots"):
            pile.add(((3,),), 1, 5)

    def test_refuses_ballots_that_are_too_long_together(self, monkeypatch):
        monkeypatch.setattr(content_module, "MOST_MARKS", 5)
        pile = Pile()
        pile.add(((0,), (1,), (2,)), 1, 1)
        with pytest.raises(InvalidFile, match=r"line 2: .* too long to be kept"):
            pile.add(((2,), (1,), (0,)), 1, 2)


class TestReadOnce:
    @given(st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=30), st.integers(0, 3))
    def test_counts_each_line_however_few_are_remembered(self, lines, remembered):
        pile = Pile()
        asked = []

        def read(line: str, number: int) -> list[Ballots]:
            asked.append(line)
            return [Ballots(((ord(line),),), 2, number)] if line else []

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(content_module, "MOST_REMEMBERED", remembered)
            assert read_once(enumerate(lines, 1), read, pile) == len(lines)
        assert pile.ballots == {((ord(line),),): 2 * lines.count(line) for line in set(lines) - {""}}
        if remembered == 3:
            assert len([line for line in asked if line]) == len(set(lines) - {""})

    def test_stops_where_ballots_end(self):
        numbered = iter([(1, "a"), (2, "a"), (3, "end"), (4, "a")])
        pile = Pile()
        ballot = [Ballots(((0,),), 1, 1)]
        assert read_once(numbered, lambda line, number: None if line == "end" else ballot, pile) == 3
        assert (pile.ballots, list(numbered)) == ({((0,),): 2}, [(4, "a")])
