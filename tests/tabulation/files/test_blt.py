"""BLT: its dialects, what is refused, and the way there and back."""

import pytest
from hypothesis import given

from tabulation.files import blt
from tabulation.files.content import Content, Kind
from tabulation.files.sentences import InvalidFile, NotWritable

from .contents import contents, lines, refused

NAMES = '0\n"Ana"\n"Bea"\n"Carlo"\n"Board"'


def read(text: str) -> Content:
    return blt.read(text.split("\n"))


def ballots(text: str, names: str = NAMES) -> dict:
    return dict(read(f"3 2\n{text}\n{names}").ballots)


class TestRead:
    def test_takes_candidates_seats_ballots_and_title(self):
        content = read(
            '4 2\n-2\n3 1 3 4 0\n4 1 3 2 0\n2 4 1=3 0\n1 2 0\n0\n"Adam"\n"Basil"\n"Charlotte"\n"Donald"\n"Title"'
        )
        assert content == Content(
            names=("Adam", "Basil", "Charlotte", "Donald"),
            kind=Kind.RANKINGS,
            ballots={((0,), (2,), (3,)): 3, ((0,), (2,), (1,)): 4, ((3,), (0, 2)): 2, ((1,),): 1},
            title="Title",
            seats=2,
            withdrawn=frozenset({1}),
        )

    def test_takes_what_opavote_writes(self):
        text = """
4 2          # Four candidates for two seats
-2           # One has withdrawn

1 4 1 3 2 0  # The first ballot
6 4 3 0
1 0          # Empty
1 2 - 3 0    # Nobody second
1 2=3 1 0    # Two first
0            # The end
"Diane"      # Candidate 1
"Bob"
"Chuck #3"
"Amy"
"A club's election"  # Title
"""
        content = read(text)
        assert content.names == ("Diane", "Bob", "Chuck #3", "Amy")
        assert content.title == "A club's election"
        assert dict(content.ballots) == {
            ((3,), (0,), (2,), (1,)): 1,
            ((3,), (2,)): 6,
            (): 1,
            ((1,), (), (2,)): 1,
            ((1, 2), (0,)): 1,
        }
        assert content.blank == 1

    def test_adds_up_equal_ballots_and_equal_lines(self):
        assert ballots("2 1 2 0\n1  1 2 0\n2 1 2 0\n2 1 2 0") == {((0,), (1,)): 7}

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("1 1 2\n2 3", {((0,), (1,)): 1, ((2,),): 2}),
            ("1\n1 2", {(): 1, ((1,),): 1}),
            ("(17) 1 2 0\n(a b) 1 0", {((0,), (1,)): 1, ((0,),): 1}),
            ("1 1 = 2 3 0", {((0, 1), (2,)): 1}),
            ("1 - 1 - - 0", {((), (0,)): 1}),
            ("1 1 0 2 2 0", {((0,),): 1, ((1,),): 2}),
            ("1.0 1 0", {((0,),): 1}),
            ("0003 1 0", {((0,),): 3}),
            ("", {}),
        ],
        ids=["without-zeros", "empty-without-zeros", "ids", "spaces", "skipped", "one-line", "point", "zeros", "none"],
    )
    def test_takes_other_dialects(self, text, expected):
        assert ballots(text) == expected

    @pytest.mark.parametrize(
        ("names", "expected", "title"),
        [
            ('"Ana"\n"Bea"\n"Carlo"', ("Ana", "Bea", "Carlo"), ""),
            ("0\nAna Gómez\nBea\nCarlo # last\nBoard", ("Ana Gómez", "Bea", "Carlo"), "Board"),
            ('0\n"Ana" "Bea"\n"Carlo"\n"Board"', ("Ana", "Bea", "Carlo"), "Board"),
            ('0 "Ana" "Bea" "Carlo" "Board"', ("Ana", "Bea", "Carlo"), "Board"),
            ('0\n"Ana" "Greens"\n"Bea","Reds"\n"Carlo" "None"\n"Board"', ("Ana", "Bea", "Carlo"), "Board"),
            ('0\n"Ana "la jefa" Gómez"\n"B ""C"" D"\n"\\"E\\""\n""', ('Ana "la jefa" Gómez', 'B "C" D', '"E"'), ""),
            ('0\n"Ana"\n"Bea"\n"Carlo"\n"Board"\n"Source"\nFigures "1', ("Ana", "Bea", "Carlo"), "Board"),
            ('0\n\nAna\n# nobody\n\nBea # 1 # 2\nCarlo # says "hi\n \nBoard', ("Ana", "Bea", "Carlo"), "Board"),
        ],
        ids=["no-zero", "no-quotes", "together", "one-line", "parties", "quotes-inside", "more", "comments"],
    )
    def test_takes_names_as_programs_write_them(self, names, expected, title):
        content = read(f"3 2\n1 1 0\n{names}")
        assert (content.names, content.title) == (expected, title)

    def test_takes_a_file_on_one_line(self):
        content = read('3 2 -2 4 1 2 0 2 3 0 0 "Ana" "Bea" "Carlo" "Board"')
        assert (content.seats, content.withdrawn, content.title) == (2, {1}, "Board")
        assert dict(content.ballots) == {((0,), (1,)): 4, ((2,),): 2}

    def test_takes_as_many_seats_as_there_can_be(self):
        assert read("3 1000\n1 1 0\n" + NAMES).seats == 1000

    def test_remarks_what_it_does_not_read(self):
        content = read('1 1\n0\n"Ana"\n"Board"\nmore')
        said = ["What follows the title “Board” is not read."]
        assert [str(remark) for remark in content.remarks] == said
        content = read('2 1\n0\n"Ana" "Bea" "Board" "more"')
        assert [str(remark) for remark in content.remarks] == said

    @pytest.mark.parametrize("title", ["", '\n"Board"'])
    def test_remarks_nothing_where_all_is_read(self, title):
        assert read('1 1\n0\n"Ana"' + title).remarks == ()

    def test_knows_on_which_line_a_ballot_came_first(self):
        assert read("3 2\n1 1 0\n1 1=2 0\n1 1=2 0\n" + NAMES).lines == {((0,),): 2, ((0, 1),): 3}


class TestRefusal:
    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", "the file is empty"),
            ("\n# nothing\n", "the file is empty"),
            ("Ana,Bea\n1,2", "line 1: a BLT file begins with the number of candidates"),
            ("4\n1 1 0", "line 1: a BLT file begins"),
            ('"4 2"', "line 1: a BLT file begins"),
            ("٤ 2\n1 1 0", "line 1: a BLT file begins"),
            ("0 1\n0", "line 1: there are 0 options"),
            ("1001 1\n0", "line 1: there are 1001 options, and there have to be from 1 to 1000"),
            ("3 0\n0", "line 1: there are 0 seats"),
            ("3 2\n[nick a b c]\n0", "line 2: options in square brackets are a dialect that is not read"),
        ],
    )
    def test_of_a_beginning(self, text, reason):
        assert refused(blt.read, text).startswith(reason)

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("1 4 0", "line 2: there is no candidate 4: they have the numbers 1 to 3"),
            ("1 1 0\n1 99999999999999999999 0", "line 3: there is no candidate 99999999999999999999"),
            ("1 x 0", "line 2: 'x' is no number of a candidate"),
            ("1 ٣ 0", "line 2: '٣' is no number of a candidate"),
            ("1 1==2 0", "line 2: '' is no number of a candidate"),
            ("1 1 -2 0", "line 2: '-2' is no number of a candidate"),
            ("1 1 2 1 0", "line 2: candidate 1 is ranked twice"),
            ("1 1=1 0", "line 2: candidate 1 is ranked twice"),
            ("1 1 - - - 2 0", "line 2: there are 5 ranks for 3 candidates"),
            ("1 1 0\n0 x", "line 3: after the 0 that ends the ballots there is 'x', and no name"),
            ("1 1 0\n0 " + "x" * 41, f"line 3: after the 0 that ends the ballots there is '{'x' * 40}', and no name"),
            ("-4\n1 1 0", "line 2: there is no candidate 4"),
            ("-2 -2\n1 1 0", "line 2: -2 is no candidate who has withdrawn"),
            ("-1=2\n1 1 0", "line 2: -1=2 is no candidate who has withdrawn: write each once, as -2"),
            ("-1" + "=2" * 20, f"line 2: -1{'=2' * 19} is no candidate who has withdrawn"),
            ("0.5 1 0", "line 2: the weight 0.5 is no whole number"),
            ("1000000000000001 1 0", "line 2: '1000000000000001' is no weight of ballots"),
            ("9" * 5000 + " 1 0", "line 2: '9999"),
            ("x 1 0", "line 2: 'x' is no weight"),
            ("1000000000000000 1 0\n1 2 0", "line 3: there are more than 1000000000000000 ballots"),
            ("500000000000000 1 0\n" * 3, "line 2: there are more than 1000000000000000 ballots"),
            ("1 1 0\n1 2\n1 3 0", "line 3: some ballots end with 0 and some do not"),
            ("1 1 2\n3 0", "line 3: some ballots end with 0 and some do not"),
            ("0 1 2 0", "line 2: after the 0 that ends the ballots there is '1 2 0', and no name"),
        ],
    )
    def test_of_ballots(self, text, reason):
        assert refused(blt.read, f"3 2\n{text}\n{NAMES}").startswith(reason)

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("1 1 0\n1 2", "line 3: some ballots end"),
            ("1 1 0\n1 2 0\n", "line 4: the file ends before the names of the candidates: it is not complete"),
            ('1 1 0\n0\n"Ana"\n"Bea"', "line 5: the file ends after 2 names of 3 candidates: it is not complete"),
            ('1 1 0\n0\n"Ana"\n"Bea"\n"Car', "line 6: a quotation mark has no end"),
            ('1 1 0\n0\n"Ana"\n"Bea"\n"Ana"', "line 6: the name Ana is there twice"),
            ('1 1 0\n0\n"Ana"\n" "\n"Carlo"', "line 5: a name is empty"),
            ('1 1 0\n0\n"Ana"\n"B\x1bea"\n"Carlo"', "line 5: a name has a control character"),
            ('1 1 0\n0\n"Ana"\n"Bea"\n"Carlo"\n"B\x1board"', "line 7: a name has a control character"),
            (f'1 1 0\n0\n"{"a" * 501}"\n"Bea"\n"Carlo"', "line 4: a name is longer than 500 characters"),
        ],
    )
    def test_of_an_end(self, text, reason):
        assert refused(blt.read, f"3 2\n{text}").startswith(reason)

    def test_of_a_file_cut_anywhere_before_its_last_name(self):
        whole = f"3 2\n-2\n2 1 2 3 0\n1 3 0\n{NAMES}"
        assert read(whole).total == 3
        for end in range(whole.index('"Carlo"') + len('"Carl')):
            assert refused(blt.read, whole[:end])


def test_a_refusal_has_its_line_apart_too():
    with pytest.raises(InvalidFile) as problem:
        read("3 0")
    assert (problem.value.line, str(problem.value.reason)) == (
        1,
        "there are 0 seats, and there have to be from 1 to 1000",
    )


class TestLooksLike:
    @pytest.mark.parametrize("line", ["4 2", " 4  2 ", "4 2 # seats", "4 2 -1", "4 2 1 1 0"])
    def test_knows_a_first_line(self, line):
        assert blt.looks_like(line)

    @pytest.mark.parametrize("line", ["4", "4 2 x", "x 4 2", "4,2", "Ana,Bea", "٤ 2", ""])
    def test_knows_what_is_none(self, line):
        assert not blt.looks_like(line)


class TestWrite:
    @given(contents())
    def test_is_read_again_as_it_was(self, content):
        assert blt.read(lines(blt.write(content))) == content

    def test_doubles_quotation_marks_and_has_a_seat_at_least(self):
        content = Content(('Ana "la jefa"',), Kind.RANKINGS, {((0,),): 2})
        assert lines(blt.write(content)) == ["1 1", "2 1 0", "0", '"Ana ""la jefa"""', '""']

    def test_does_not_depend_on_the_order_of_the_ballots(self):
        one, other = read("3 2\n1 1 0\n2 2 0\n" + NAMES), read("3 2\n2 2 0\n1 1 0\n" + NAMES)
        assert lines(blt.write(one)) == lines(blt.write(other)) == ["3 2", "1 1 0", "2 2 0", *NAMES.split("\n")]

    def test_is_refused_for_scores(self):
        with pytest.raises(NotWritable, match="BLT has rankings"):
            list(blt.write(Content(("Ana",), Kind.SCORES, {(3,): 1})))
