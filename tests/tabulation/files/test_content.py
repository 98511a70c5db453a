"""An election as a file has it: options that leave, and limits."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabulation.files import content as content_module
from tabulation.files.content import (
    LONGEST_NAME,
    MOST_VOTES,
    Ballots,
    Content,
    Kind,
    Pile,
    read_name,
    read_once,
    read_option,
    read_score,
    read_weight,
    require_once,
)
from tabulation.files.sentences import InvalidFile

from .contents import contents

NO_WEIGHT = "line 4: {} is no weight of ballots: it has to be a whole number from 1 to 1000000000000000"
NOT_WHOLE = "line 4: the weight {} is no whole number, and only these are counted"


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

    def test_takes_scores_that_end_before_the_last_option(self):
        left = Content(("Ana", "Bea", "Carlo"), Kind.SCORES, {(5,): 2, (5, 1): 1}).without([0])
        assert dict(left.ballots) == {(): 2, (1, None): 1}

    def test_gives_line_0_to_a_ballot_of_which_none_is_known(self):
        left = Content(("Ana", "Bea"), Kind.RANKINGS, {((0,), (1,)): 1}).without([0])
        assert left.lines == {((0,),): 0}

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


class TestKind:
    def test_says_which_ballots_there_are(self):
        ranked = Content(("Ana",), Kind.RANKINGS, {((0,),): 2})
        scored = Content(("Ana",), Kind.SCORES, {(3,): 1})
        assert (list(ranked.rankings()), list(scored.scores())) == ([(((0,),), 2)], [((3,), 1)])
        with pytest.raises(AssertionError):
            ranked.scores()
        with pytest.raises(AssertionError):
            scored.rankings()


class TestPile:
    def test_refuses_more_ballots_than_any_election_has(self):
        pile = Pile()
        pile.add(((0,),), MOST_VOTES - 1, 1)
        pile.add(((1,),), 1, 2)
        assert pile.ballots == {((0,),): MOST_VOTES - 1, ((1,),): 1}
        with pytest.raises(InvalidFile, match=f"^line 3: there are more than {MOST_VOTES} ballots$"):
            pile.add(((0,),), 1, 3)

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
        pile.add(((0,), (1,)), 1, 1)
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

    def test_remembers_no_more_lines_than_it_may_and_none_without_a_ballot(self, monkeypatch):
        monkeypatch.setattr(content_module, "MOST_REMEMBERED", 1)
        asked = []

        def read(line: str, number: int) -> list[Ballots]:
            asked.append((line, number))
            return [Ballots(((ord(line),),), 1, number)] if line else []

        pile = Pile()
        read_once(enumerate(["", "a", "b", "a", "b", ""], 1), read, pile)
        assert asked == [("", 1), ("a", 2), ("b", 3), ("b", 5), ("", 6)]
        assert pile.lines == {((ord("a"),),): 2, ((ord("b"),),): 3}

    def test_stops_where_ballots_end(self):
        numbered = iter([(1, "a"), (2, "a"), (3, "end"), (4, "a")])
        pile = Pile()
        ballot = [Ballots(((0,),), 1, 1)]
        assert read_once(numbered, lambda line, number: None if line == "end" else ballot, pile) == 3
        assert (pile.ballots, list(numbered)) == ({((0,),): 2}, [(4, "a")])


class TestReadName:
    def test_has_one_unicode_form_and_single_spaces(self):
        assert read_name("  Ana \t Go\u0301mez ", 1) == "Ana G\u00f3mez"

    def test_may_be_as_long_as_the_longest(self):
        assert read_name("x" * LONGEST_NAME, 1) == "x" * LONGEST_NAME

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            (" ", "line 3: a name is empty"),
            ("x" * (LONGEST_NAME + 1), "line 3: a name is longer than 500 characters"),
            ("Ana\x1b", "line 3: a name has a control character"),
        ],
    )
    def test_is_refused_with_line_and_reason(self, text, reason):
        with pytest.raises(InvalidFile) as problem:
            read_name(text, 3)
        assert str(problem.value) == reason


class TestReadNumbers:
    @pytest.mark.parametrize(
        ("text", "weight"),
        [
            ("1", 1),
            ("007", 7),
            ("10", 10),
            ("5.", 5),
            ("5,00", 5),
            (str(MOST_VOTES), MOST_VOTES),
            (f"00{10**9}", 10**9),
        ],
    )
    def test_take_a_weight(self, text, weight):
        assert read_weight(text, 1) == weight

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            *((text, NO_WEIGHT.format(repr(text))) for text in ("", "0", "-1", "x1", "1x", "٣", "+1", "1.0.0", "1,5x")),
            (str(MOST_VOTES + 1), NO_WEIGHT.format(repr(str(MOST_VOTES + 1)))),
            ("8" * 41, NO_WEIGHT.format(repr("8" * 40))),
            *((text, NOT_WHOLE.format(text)) for text in ("1.5", ",5", "0.25")),
            ("1." + "5" * 39, NOT_WHOLE.format("1." + "5" * 38)),
        ],
    )
    def test_refuse_a_weight_with_line_and_reason(self, text, reason):
        with pytest.raises(InvalidFile) as problem:
            read_weight(text, 4)
        assert str(problem.value) == reason

    @pytest.mark.parametrize(("text", "score"), [("0", 0), ("007", 7), ("3.0", 3), ("3,", 3), ("9" * 9, 999_999_999)])
    def test_take_a_score(self, text, score):
        assert read_score(text, 1) == score

    @pytest.mark.parametrize("text", ["", "-1", "2.5", "٣", "x3", "3x", "1" * 10, "1" * 41])
    def test_refuse_a_score_with_line_and_reason(self, text):
        with pytest.raises(InvalidFile) as problem:
            read_score(text, 4)
        assert str(problem.value) == f"line 4: {text[:40]!r} is no score: only whole numbers from 0 on are"

    def test_take_an_option_from_1_on(self):
        assert [read_option(text, 3, 1) for text in ("1", "2", "03")] == [0, 1, 2]

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("0", "there is no candidate 0: they have the numbers 1 to 3"),
            ("4", "there is no candidate 4: they have the numbers 1 to 3"),
            ("1" * 41, f"there is no candidate {'1' * 40}: they have the numbers 1 to 3"),
            ("", "'' is no number of a candidate"),
            ("x" * 41, f"'{'x' * 40}' is no number of a candidate"),
            ("٣", "'٣' is no number of a candidate"),
        ],
    )
    def test_refuse_an_option_with_line_and_reason(self, text, reason):
        with pytest.raises(InvalidFile) as problem:
            read_option(text, 3, 4)
        assert str(problem.value) == f"line 4: {reason}"


class TestRequireOnce:
    def test_names_the_first_option_that_is_there_twice(self):
        require_once([[0], [1, 2]], 4)
        with pytest.raises(InvalidFile, match=r"^line 4: candidate 3 is ranked twice$"):
            require_once([[0], [2, 1], [1, 2]], 4)
