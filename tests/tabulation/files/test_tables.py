"""Tables in CSV: the forms that are understood, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabulation.files import tables
from tabulation.files.content import Content, Kind
from tabulation.files.table_layout import Cells, Layout

from .contents import refused


def read(text: str, **layout: object) -> Content:
    return tables.read(text.split("\n"), Layout(**layout))


def ballots(text: str, **layout: object) -> tuple[tuple[str, ...], dict]:
    content = read(text, **layout)
    return content.names, dict(content.ballots)


class TestRanks:
    def test_come_from_google_forms_as_a_grid_of_options(self):
        text = (
            "Timestamp,Email Address,Board [Ana],Board [Bea],Board [Carlo]\n"
            '2026/05/01 10:00,"a@example.org",1st choice,3rd choice,2nd choice\n'
            "2026/05/01 10:01,b@example.org,,1st choice,\n"
            "2026/05/01 10:02,c@example.org,,,\n"
        )
        assert ballots(text) == (
            ("Ana", "Bea", "Carlo"),
            {((0,), (2,), (1,)): 1, ((1,),): 1, (): 1},
        )

    def test_come_from_google_forms_in_spanish(self):
        text = "Marca temporal;Junta [Ana];Junta [Bea]\n1/5/2026;Primera opción;2.ª opción\n1/5/2026;;Primera"
        assert ballots(text) == (("Ana", "Bea"), {((0,), (1,)): 1, ((1,),): 1})

    def test_come_as_a_column_for_each_option(self):
        assert ballots("Ana,Bea,Carlo\n1,2,\n2,1,3\n1,1,3") == (
            ("Ana", "Bea", "Carlo"),
            {((0,), (1,)): 1, ((1,), (0,), (2,)): 1, ((0, 1), (), (2,)): 1},
        )

    def test_come_with_words_of_ones_own(self):
        names, counted = ballots("Ana,Bea\nlove,like\nlike,", cells=Cells.RANKS, words={"Love": 1, "like": 2})
        assert (names, counted) == (("Ana", "Bea"), {((0,), (1,)): 1, ((), (0,)): 1})

    def test_stay_ranks_where_the_method_wants_scores_but_cells_are_ordinals(self):
        assert read("Ana,Bea\n1st,2nd", prefers=Kind.SCORES).kind is Kind.RANKINGS

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("Ana,Bea\n1,2\n3,1", "line 3: there is no rank 3: there are 1 to 2"),
            ("Ana,Bea\n0,1", "line 2: there is no rank 0"),
            ("Ana,Bea\n" + "1,2\n" * 300 + "x,1", "line 302: 'x' is no rank"),
            ("Ana,Ana\n1,2", "line 1: the name Ana is there twice"),
            ("\nAna,B\x1bea\n1,2", "line 1: a name has a control character"),
        ],
    )
    def test_are_refused_with_line_and_reason(self, text, reason):
        assert refused(tables.read, text).startswith(reason)


class TestScores:
    def test_come_as_a_column_for_each_option(self):
        content = read("Ana\tBea\n5\t0\n3\t\n\t\n", prefers=Kind.SCORES)
        assert content == Content(("Ana", "Bea"), Kind.SCORES, {(5, 0): 1, (3, None): 1, (): 1})

    def test_come_from_microsoft_forms_with_words(self):
        text = (
            "Id,Start time,Completion time,Email,Name,Ana,Bea\n1,a,b,anonymous,,Good,Very good\n2,a,b,anonymous,,Poor,"
        )
        layout = {"words": {"Very good": 4, "good": 3, "poor": 1}}
        assert ballots(text, **layout) == (("Ana", "Bea"), {(3, 4): 1, (1, None): 1})

    @pytest.mark.parametrize("cell", ["-1", "2.5", "x", "9" * 5000])
    def test_are_refused_where_they_are_no_whole_numbers(self, cell):
        with_scores = lambda lines: tables.read(lines, Layout(cells=Cells.SCORES))  # noqa: E731
        assert refused(with_scores, f"Ana,Bea\n1,2\n{cell},0").startswith(f"line 3: '{cell[:40]}' is no score")


class TestPlaces:
    def test_come_as_a_column_for_each_rank(self):
        text = "Timestamp,2nd choice,1st choice\nx,Bea,Ana\nx,,Bea\nx,Ana,\nx,,"
        assert ballots(text) == (("Ana", "Bea"), {((0,), (1,)): 1, ((1,),): 1, ((), (0,)): 1, (): 1})

    def test_come_from_google_forms_as_a_grid_of_ranks(self):
        assert ballots("Board [1],Board [2]\nAna,Bea\nBea,Ana")[1] == {((0,), (1,)): 1, ((1,), (0,)): 1}

    def test_are_refused_where_an_option_has_two(self):
        assert refused(tables.read, "First,Second\nAna,Bea\nAna,Ana") == "line 3: Ana is on the ballot twice"


class TestLists:
    def test_come_from_microsoft_forms_as_a_ranking(self):
        text = 'Id;Hora de inicio;Ordene\n1;x;"Bea;Ana;Carlo;"\n2;x;Ana'
        assert ballots(text) == (("Ana", "Bea", "Carlo"), {((1,), (0,), (2,)): 1, ((0,),): 1})

    def test_may_have_empty_places(self):
        assert ballots("Who?\nAna; ;Bea;\nBea;;Ana")[1] == {((0,), (), (1,)): 1, ((1,), (), (0,)): 1}

    def test_are_refused_with_the_line_of_a_name(self):
        assert refused(tables.read, "Who?\nAna;Bea\nAna;B\x1bea") == "line 3: a name has a control character"

    def test_come_from_google_forms_as_choices(self):
        assert ballots('Timestamp,Who?\nx,"Bea, Ana"\nx,Ana\nx,') == (("Ana", "Bea"), {((0, 1),): 1, ((0,),): 1, (): 1})

    def test_of_choices_are_refused_with_their_line(self):
        assert refused(tables.read, 'Who?\n"Ana, Bea"\n"Ana, Ana"') == "line 3: Ana is on the ballot twice"

    def test_can_be_said_to_be_choices(self):
        assert ballots("Who?\nBea;Ana;", cells=Cells.CHOICES)[1] == {((0, 1),): 1}

    def test_are_refused_where_there_are_several_columns(self):
        text = "Who?,Why?\nAna,because\nBea,so"
        assert refused(tables.read, text) == (
            "line 1: it is not clear which columns have the ballots; choose with --column: “Who?”, “Why?”"
        )
        assert ballots(text, columns=("who?",)) == (
            ("Ana", "Bea"),
            {((0,),): 1, ((1,),): 1},
        )

    @given(st.permutations(["Carlo;Ana", "Bea", "Ana;Bea"]))
    def test_do_not_depend_on_the_order_of_the_rows(self, rows):
        assert read("\n".join(["Who?", *rows])) == read("Who?\nCarlo;Ana\nBea\nAna;Bea")


class TestColumns:
    TEXT = "Board [Ana],Board [Bea],Chair [Ana],Chair [Bea]\n1,2,2,1"

    def test_are_chosen_by_the_question_of_a_grid(self):
        assert refused(tables.read, self.TEXT).endswith("choose one with --column: “Board”, “Chair”")
        assert ballots(self.TEXT, columns=("Chair",)) == (("Ana", "Bea"), {((1,), (0,)): 1})

    def test_are_chosen_one_by_one_in_the_order_given(self):
        assert ballots("Age,Ana,Bea\n33,1,2", columns=("Bea", "Ana"))[0] == ("Bea", "Ana")

    def test_that_are_not_there_are_named(self):
        with_column = lambda lines: tables.read(lines, Layout(columns=("Dora",)))  # noqa: E731
        assert refused(with_column, "Ana,Bea\n1,2") == (
            "line 1: there is no column Dora, or more than one: there are “Ana”, “Bea”"
        )

    @pytest.mark.parametrize(("length", "named"), [(498, f"“{'x' * 498}”"), (499, f"“{'x' * 499} …")])
    def test_are_named_in_500_characters_at_most(self, length, named):
        with_column = lambda lines: tables.read(lines, Layout(columns=("Dora",)))  # noqa: E731
        assert refused(with_column, "x" * length).endswith(f"there are {named}")

    def test_of_the_weight_multiply_a_ballot(self):
        text = "Ana,Bea,Shares\n1,2,30\n2,1,5\n1,2,1"
        assert ballots(text, weight="shares") == (("Ana", "Bea"), {((0,), (1,)): 31, ((1,), (0,)): 5})
        with_weight = lambda lines: tables.read(lines, Layout(weight="Shares"))  # noqa: E731
        assert refused(with_weight, text + "\n1,2,x").startswith("line 5: 'x' is no weight")


class TestTable:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_may_have_any_delimiter(self, delimiter):
        rows = [["Ana", "Bea", '"Carlo, jr; the\t3rd"'], ["1", "2", "3"]]
        text = "\n".join(delimiter.join(row) for row in rows)
        assert ballots(text)[0] == ("Ana", "Bea", "Carlo, jr; the 3rd")

    def test_counts_lines_also_where_a_cell_has_several(self):
        assert refused(tables.read, 'Ana,"Bea\nRuiz"\n1,2\n1,9').startswith("line 4: there is no rank 9")

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", "the file is empty"),
            ("\n \n", "the file is empty"),
            ("Ana,Bea\n1", "line 2: there are 1 cells for 2 columns"),
            ("Ana,Bea\n1,2,3", "line 2: there are 3 cells for 2 columns"),
            ('Ana,Bea\n1,"2', "line 2: this is no CSV: unexpected end of data"),
            ('Ana,Bea\n1,"2"x', "line 2: this is no CSV: ',' expected after '\"'"),
            ('Who?\n"' + "x\n" * 70_000, "line 65538: this is no CSV: field larger than field limit (131072)"),
            ("Who?\n", "line 1: there are 0 options"),
            ("Timestamp\n", "line 1: it is not clear which columns have the ballots"),
            ("Who?\n" + "\n".join(f"o{number}" for number in range(1001)), "line 1002: there are 1001 options"),
            (
                ",".join(f"o{number}" for number in range(1001)) + "\n" + "1," * 1000 + "2",
                "line 1: there are 1001 options",
            ),
        ],
    )
    def test_is_refused_with_line_and_reason(self, text, reason):
        assert refused(tables.read, text).startswith(reason)

    def test_tells_what_was_understood(self):
        assert [str(one) for one in read("Ana,Bea\n1,2").remarks] == [
            "Each of these columns is an option with its rank: Ana, Bea."
        ]
        long = "x" * 300
        [remark] = read(f"{long},{long}y\n1,2").remarks
        assert str(remark) == f"Each of these columns is an option with its rank: {long}, {'x' * 198}."

    def test_knows_on_which_line_a_ballot_came_first(self):
        assert read("Ana,Bea\n1,2\n2,1\n1,2").lines == {((0,), (1,)): 2, ((1,), (0,)): 3}
