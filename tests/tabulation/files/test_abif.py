"""ABIF: rankings and scores, what is refused, and the way there and back."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabulation.files import abif
from tabulation.files.content import Content, Kind

from .contents import contents, lines, refused


def read(text: str) -> Content:
    return abif.read(text.split("\n"))


class TestRead:
    def test_takes_rankings_with_equals(self):
        content = read("# A comment\n27:Ana>Bea=Carlo\n 3 : Bea # another\n\n1:\n27: Ana > Carlo = Bea")
        assert content == Content(("Ana", "Bea", "Carlo"), Kind.RANKINGS, {((0,), (1, 2)): 54, ((1,),): 3, (): 1})

    def test_takes_scores(self):
        content = read("5:A/5,B/2\n2: A/5 > C/3 = B/3\n1:C/0")
        assert content == Content(("A", "B", "C"), Kind.SCORES, {(5, 2, None): 5, (5, 3, 3): 2, (None, None, 0): 1})

    def test_takes_names_title_seats_and_other_facts(self):
        content = read(
            'ABIF 0.1\n{title: "Board # 2", "seats": 2}\n{version: 1.0} # yes\n'
            + '=DGM:[Doña García Márquez]\n="蘇業":[Sue Ye (蘇業)]\nAM:[Adam Muñoz]\n'
            + '3:"蘇業">AM=DGM: {"precinct": 51}\n'
        )
        assert content == Content(
            ("Doña García Márquez", "Sue Ye (蘇業)", "Adam Muñoz"),
            Kind.RANKINGS,
            {((1,), (0, 2)): 3},
            title="Board # 2",
            seats=2,
        )

    @pytest.mark.parametrize("title", ['""', ""])
    def test_takes_an_empty_title_for_none(self, title):
        assert read(f"{{title: {title}}}\n1:A").title == ""

    def test_knows_on_which_line_a_ballot_came_first(self):
        assert read("1:A>B\n2:B\n1:A>B").lines == {((0,), (1,)): 1, ((1,),): 2}

    def test_takes_as_many_seats_as_there_can_be(self):
        assert read("{seats: 1000}\n1:A").seats == 1000

    def test_takes_names_in_brackets_and_in_quotation_marks(self):
        content = read('1:[Ana Gómez]>"Bea \\"B\\" > C"\n2:[Ana Gómez]')
        assert content.names == ("Ana Gómez", 'Bea "B" > C')
        assert dict(content.ballots) == {((0,), (1,)): 1, ((0,),): 2}

    def test_takes_names_that_come_after_the_ballots_in_their_order(self):
        content = read("1:B>A\n=A:[Ana]\n=B:[Bea]")
        assert (content.names, dict(content.ballots)) == (("Ana", "Bea"), {((1,), (0,)): 1})

    @given(st.permutations(["1:C>A", "2:B", "3:A=B>C"]))
    def test_does_not_depend_on_the_order_of_the_ballots(self, order):
        assert read("\n".join(order)) == read("1:C>A\n2:B\n3:A=B>C")


class TestRefusal:
    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", "the file names no option"),
            ("# nothing", "the file names no option"),
            ("1:", "the file names no option"),
            ("Ana,Bea", "line 1: 'Ana,Bea' is no line of ABIF"),
            ("1:A>B\n4 2", "line 2: '4 2' is no line of ABIF"),
            ("1:A>B>", "line 1: the ballot ends with >: it is not complete"),
            ("1:A>>B", "line 1: 'A>>B' is no ballot"),
            ("1:A>B\n1:A>[B", "line 2: 'A>[B' is no ballot"),
            ("1:A*3,B*2", "line 1: 'A*3,B*2' is no ballot"),
            ("1:A>B>A", "line 1: A is on the ballot twice"),
            ("1:A/5,A/5", "line 1: A is on the ballot twice"),
            ("x:A", "line 1: 'x' is no weight"),
            ("1.5:A", "line 1: the weight 1.5 is no whole number"),
            ("0:A", "line 1: '0' is no weight"),
            ("10000000000000000:A", "line 1: '10000000000000000' is no weight"),
            ("1:A/x", "line 1: 'x' is no score"),
            ("1:A/-1", "line 1: '-1' is no score"),
            ("1:A/2.5", "line 1: '2.5' is no score"),
            ("1:A/", "line 1: '' is no score"),
            ("1:A/5>B", "line 1: some options have a score, and some have none"),
            ("1:A/5,B/1\n1:A>B", "line 2: some options have a score, and some have none"),
            ("1:A/2>B/5", "line 1: order and scores contradict each other"),
            ("1:A/2=B/5", "line 1: order and scores contradict each other"),
            ("=A:[Ana]\n1:A>B", "line 2: there is no candidate B among those with a name"),
            ("1:B\n=A:[Ana]", "line 2: there is no candidate B among those with a name"),
            ("=A:[Ana]\n=A:[Bea]", "line 2: the name A is there twice"),
            ("=A:[Ana]\n=B:[Ana]", "line 2: the name Ana is there twice"),
            ('{title: "Board}', "line 1: '{title: \"Board}' is no fact"),
            ("{title: 3} 4", "line 1: '{title: 3} 4' is no fact"),
            ("{seats: none}", "line 1: there are none seats"),
            ("{seats: ٣}", "line 1: there are ٣ seats"),
            ("{seats: 1001}", "line 1: there are 1001 seats, and there have to be from 1 to 1000"),
            ("{seats: " + "9" * 21 + "}", f"line 1: there are {'9' * 20} seats"),
            ("{ballotcount: x}\n1:A", "line 1: “ballotcount” is not 1, the number of ballots"),
            ("{ballotcount: ٣}\n3:A", "line 1: “ballotcount” is not 3, the number of ballots"),
            ('="\\x":[Ana]', 'line 1: "\\x" is no text in quotation marks'),
            ('="A\x1bna":[Ana]', "line 1: a name has a control character"),
            ("=A:[A\x1bna]", "line 1: a name has a control character"),
            ('=A:"\\x"', 'line 1: "\\x" is no text in quotation marks'),
            ('{title: "A\x1bna"}', "line 1: a name has a control character"),
            ('{title: "\\x"}', 'line 1: "\\x" is no text in quotation marks'),
            ("{ballotcount: 9}\n1:A\n7:B", "line 1: “ballotcount” is not 8, the number of ballots"),
            ('1:"\\x"', 'line 1: "\\x" is no text in quotation marks'),
        ],
    )
    def test_says_line_and_reason(self, text, reason):
        assert refused(abif.read, text).startswith(reason)

    def test_of_too_many_options(self):
        text = "\n".join(f"1:o{number}" for number in range(1001))
        assert refused(abif.read, text) == "line 1001: there are 1001 options, and there have to be from 1 to 1000"
        text = "\n".join(f"=o{number}:[{number}]" for number in range(1002))
        assert refused(abif.read, text) == "line 1001: there are 1001 options, and there have to be from 1 to 1000"

    def test_of_what_nearly_fits_takes_no_long_search(self):
        spaces = " " * 900_000
        for text in (f"1:A{spaces}!]", "{title:" + spaces, f"=A{spaces}x", "1:" + "A=" * 99_999):
            assert refused(abif.read, text)


class TestLooksLike:
    @pytest.mark.parametrize(
        "line",
        ["ABIF 0.1", '{title: "Board"}', '{"seats": 2}', "{ title : 3}", "=A:[Ana]", "= A :[Ana]", "27:A>B", " 3 : A"],
    )
    def test_knows_a_first_line(self, line):
        assert abif.looks_like(line)

    @pytest.mark.parametrize("line", ["ABIFF", "A:[Ana]", "4 2", "Ana,Bea", "{}", "x27:A"])
    def test_knows_what_is_none(self, line):
        assert not abif.looks_like(line)


class TestWrite:
    @pytest.mark.parametrize("kind", list(Kind))
    @given(data=st.data())
    def test_is_read_again_as_it_was_without_skipped_ranks_and_withdrawals(self, kind, data):
        content = data.draw(contents(kind))
        again = abif.read(lines(abif.write(content)))
        ballots: dict = {}
        for marking, number in content.ballots.items():
            kept = tuple(group for group in marking if group != ())
            ballots[kept] = ballots.get(kept, 0) + number
        # Without a mark nothing tells rankings from scores.
        same_kind = kind if any(ballots) else Kind.RANKINGS
        assert again == replace(content, kind=same_kind, ballots=ballots, withdrawn=frozenset())

    def test_uses_names_as_tokens_where_they_can_be(self):
        content = Content(("Ana", "Bea Ruiz", "C [x]", "c2"), Kind.RANKINGS, {((1,), (0, 2)): 3}, "Board", 2)
        assert lines(abif.write(content)) == [
            '{title: "Board"}',
            "{seats: 2}",
            "{ballotcount: 3}",
            "=Ana:[Ana]",
            "=c2_:[Bea Ruiz]",
            '=c3:"C [x]"',
            "=c2:[c2]",
            "3:c2_>Ana=c3",
        ]

    def test_keeps_letters_as_they_are_in_quotation_marks(self):
        content = Content(("Bé [x]",), Kind.RANKINGS, {((0,),): 1}, "Señal")
        assert lines(abif.write(content)) == ['{title: "Señal"}', "{ballotcount: 1}", '=c1:"Bé [x]"', "1:c1"]
