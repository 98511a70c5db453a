"""PrefLib's orders: what is read, refused and written."""

import pytest
from hypothesis import given

from tabulation.files import preflib
from tabulation.files.content import Content, Kind
from tabulation.files.sentences import NotWritable

from .contents import contents, lines, refused

HEAD = "# FILE NAME: 1.toi\n# TITLE: Board\n# NUMBER ALTERNATIVES: 3\n# NUMBER VOTERS: 6\n"
NAMES = "# ALTERNATIVE NAME 1: Ana\n# ALTERNATIVE NAME 2: Bea: the second\n# ALTERNATIVE NAME 3: Carlo\n"


class TestRead:
    def test_takes_names_title_and_orders(self):
        content = preflib.read((HEAD + NAMES + "3: 1,{2,3}\n2: 2\n1: {1,3},2\n").split("\n"))
        assert content == Content(
            ("Ana", "Bea: the second", "Carlo"),
            Kind.RANKINGS,
            {((0,), (1, 2)): 3, ((1,),): 2, ((0, 2), (1,)): 1},
            title="Board",
        )

    def test_takes_no_names_after_the_first_order_and_no_other_comment(self):
        content = preflib.read((NAMES + "# made by hand\n3: 1,2\n# ALTERNATIVE NAME 1: Dora\n2: 2").split("\n"))
        assert content.names == ("Ana", "Bea: the second", "Carlo")

    def test_needs_no_title_and_no_number_of_voters(self):
        content = preflib.read((NAMES + "3: 1,2\n2: 2").split("\n"))
        assert (content.title, content.total) == ("", 5)

    def test_knows_on_which_line_an_order_came_first(self):
        content = preflib.read((NAMES + "3: 1,2\n2: 2\n1: 1,2").split("\n"))
        assert content.lines == {((0,), (1,)): 4, ((1,),): 5}

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", "line 1: there are 0 options"),
            (HEAD, "line 5: there are 0 options"),
            (HEAD + NAMES, "line 4: the number of voters is not that of the orders"),
            (HEAD + NAMES + "3: 1,2", "line 4: the number of voters is not that of the orders"),
            (HEAD + "1: 1", "line 5: there are 0 options"),
            (
                HEAD + "# ALTERNATIVE NAME 2: Bea\n1: 1",
                "line 6: the names of the alternatives have to be those of 1 to 1",
            ),
            ("# ALTERNATIVE NAME: Ana\n1: 1", "line 2: there are 0 options"),
            ("# ALTERNATIVE NAME 1: A\x1bna\n1: 1", "line 1: a name has a control character"),
            (NAMES + "3: 1: 2", "line 4: '3: 1: 2' is no order"),
            (NAMES + "1: 1,4", "line 4: there is no candidate 4"),
            (NAMES + "1: 1,1", "line 4: candidate 1 is ranked twice"),
            (NAMES + "1: 1,{2,3", "line 4: '1: 1,{2,3' is no order"),
            (NAMES + "1 1 2 0", "line 4: '1 1 2 0' is no order"),
            (NAMES + "x: 1", "line 4: 'x' is no weight"),
            (NAMES.replace("Carlo", "Ana") + "1: 1", "line 3: the name Ana is there twice"),
        ],
    )
    def test_refuses_with_line_and_reason(self, text, reason):
        assert refused(preflib.read, text).startswith(reason)


class TestLooksLike:
    @pytest.mark.parametrize("line", ["# FILE NAME: 1.soc", "#TITLE:", "# DATA TYPE : soc", "# NUMBER ALTERNATIVES: 3"])
    def test_knows_a_first_line(self, line):
        assert preflib.looks_like(line)

    @pytest.mark.parametrize("line", ["# made by hand", "FILE NAME: 1.soc", "# TITLES: 3", "3: 1,2", ""])
    def test_knows_what_is_none(self, line):
        assert not preflib.looks_like(line)


class TestWrite:
    @given(contents())
    def test_is_read_again_as_it_was_without_skipped_ranks_and_blank_ballots(self, content):
        again = preflib.read(lines(preflib.write(content)))
        expected: dict = {}
        for ranking, number in content.ballots.items():
            groups = tuple(group for group in ranking if group)
            if groups:
                expected[groups] = expected.get(groups, 0) + number
        assert (again.names, again.title, dict(again.ballots)) == (content.names, content.title, expected)

    @pytest.mark.parametrize(
        ("ballots", "type_"),
        [
            ({((0,), (1,)): 1}, "soc"),
            ({((0,), (1,)): 1, ((1,),): 1}, "soi"),
            ({((0, 1),): 1}, "toc"),
            ({((0, 1),): 1, ((1,),): 1}, "toi"),
            ({(): 1, ((0,), (), (1,)): 1}, "soc"),
        ],
    )
    def test_has_the_type_of_the_orders(self, ballots, type_):
        assert preflib.type_of(Content(("Ana", "Bea"), Kind.RANKINGS, ballots)) == type_

    def test_has_a_header_and_the_orders_of_most_voters_first(self):
        content = Content(("Ana", "Bea"), Kind.RANKINGS, {((0,),): 2, ((0, 1),): 3, (): 9}, "Board")
        assert lines(preflib.write(content, "1.toi", "2026-05-01")) == [
            "# FILE NAME: 1.toi",
            "# TITLE: Board",
            "# DESCRIPTION:",
            "# DATA TYPE: toi",
            "# MODIFICATION TYPE: original",
            "# RELATES TO:",
            "# RELATED FILES:",
            "# PUBLICATION DATE: 2026-05-01",
            "# MODIFICATION DATE: 2026-05-01",
            "# NUMBER ALTERNATIVES: 2",
            "# NUMBER VOTERS: 5",
            "# NUMBER UNIQUE ORDERS: 2",
            "# ALTERNATIVE NAME 1: Ana",
            "# ALTERNATIVE NAME 2: Bea",
            "3: {1,2}",
            "2: 1",
        ]

    def test_adds_up_orders_that_differ_by_skipped_ranks_alone(self):
        ballots = {((1,),): 3, ((0,), (), (1,)): 1, ((0,), (1,)): 2, ((), (0,), (1,)): 4}
        written = lines(preflib.write(Content(("Ana", "Bea"), Kind.RANKINGS, ballots)))
        assert written[-2:] == ["7: 1,2", "3: 2"]

    def test_has_orders_of_equal_numbers_in_their_order(self):
        ballots = {((1,),): 3, ((0,),): 3, ((0,), (1,)): 3}
        written = lines(preflib.write(Content(("Ana", "Bea"), Kind.RANKINGS, ballots)))
        assert written[-3:] == ["3: 1", "3: 1,2", "3: 2"]

    def test_has_no_file_name_and_date_unless_they_are_given(self):
        written = lines(preflib.write(Content(("Ana",), Kind.RANKINGS, {((0,),): 1})))
        assert (written[0], written[7:9]) == ("# FILE NAME:", ["# PUBLICATION DATE:", "# MODIFICATION DATE:"])

    def test_is_refused_for_scores(self):
        with pytest.raises(NotWritable, match="PrefLib's orders are rankings"):
            list(preflib.write(Content(("Ana",), Kind.SCORES, {(3,): 1})))
