"""`manage.py tabulate`: what it prints, counts, writes and refuses."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tabulation.draw import SecretDraw
from tabulation.files.counting import METHODS, OF_SCORES
from tabulation.outcome import Outcome

BLT = """4 2
-4
40 1 2 0
9 2 1 3 0
15 3 2 0
6 2 0
2 0
0
"Ana Gómez"
"Bea"
"Carlo & Co."
"Dora"
"Board"
"""
SCORES = '{title: "Board"}\n40:Ana/5,Bea/2,Carlo/0\n9:Bea/4,Ana/1\n12:Carlo/5,Bea/3\n2:\n'


@pytest.fixture(autouse=True)
def _width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the command a terminal of a fixed width: one of several test processes has another."""
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def tabulate(tmp_path: Path) -> Any:
    """Return a function that counts a text, and returns what is printed."""

    def run(text: str, *arguments: str, name: str = "board.txt") -> str:
        file = tmp_path / name
        file.write_text(text)
        out = StringIO()
        call_command("tabulate", str(file), "--language=en", *arguments, stdout=out)
        return out.getvalue()

    return run


class TestText:
    def test_has_the_file_the_elected_the_standings_sentences_and_tables(self, tabulate):
        printed = tabulate(BLT, "--method=stv")
        assert printed.startswith(
            "Board\nboard.txt: BLT (UTF-8), 4 options, 72 ballots, 2 of them are blank\n\nWithout Dora\n"
        )
        assert "Scottish councils" in printed
        assert "\nElected: Ana Gómez and Bea.\n" in printed
        assert re.search(r"^Ana Gómez +40  55\.6%$", printed, re.MULTILINE)
        assert "- Round 2: what Ana Gómez had above the quota went on. Votes that moved: 16 to Bea." in printed
        assert re.search(r"^Bea +15  31$", printed, re.MULTILINE)

    @pytest.mark.parametrize("method", [method for method in METHODS if method != "borda"])
    def test_tells_how_a_method_counts(self, tabulate, method):
        printed = tabulate(SCORES if method in OF_SCORES else BLT, f"--method={method}")
        assert "Elected: " in printed
        if method != "plurality" and method != "approval":
            assert re.search(r"^- .*\.$", printed, re.MULTILINE | re.DOTALL)

    def test_counts_a_method_that_no_ballot_page_has(self, tabulate):
        assert re.search(r"Elected: Bea\..*Bea +155 ", tabulate(BLT, "--method=borda", "--seats=1"), re.DOTALL)

    def test_is_in_the_language_that_is_asked_for(self, tabulate):
        printed = tabulate(BLT, "--method=plurality", "--language=es")
        assert "Salen elegidos: Ana Gómez" in printed
        with pytest.raises(CommandError, match=r"board\.txt: línea 3: no hay ningún candidato 9"):
            tabulate("2 1\n1 1 0\n1 9 0\n", "--method=irv", "--language=es")

    @pytest.mark.parametrize(
        ("language", "word"), [("es_ES.UTF-8", "Ronda 1"), ("de_DE", "Runde 1"), ("nl_NL", "Round 1"), ("C", "Round 1")]
    )
    def test_is_in_the_language_of_the_terminal(self, tmp_path, monkeypatch, language, word):
        monkeypatch.setenv("LC_ALL", language)
        (tmp_path / "board.blt").write_text(BLT)
        out = StringIO()
        call_command("tabulate", str(tmp_path / "board.blt"), "--method=irv", stdout=out)
        assert word in out.getvalue()

    def test_shows_a_tie_as_a_tie_and_breaks_it_with_a_secret(self, tabulate):
        tied = '2 1\n1 1 0\n1 2 0\n0\n"Ana"\n"Bea"\n'
        assert "Tie for 1 seat: Ana and Bea." in tabulate(tied, "--method=plurality")
        drawn = tabulate(tied, "--method=plurality", "--draw=secret", "--contest=board")
        first, second = SecretDraw("secret").order("board", "plurality", 1, ["ana", "bea"])
        assert f"Elected: {first.title()}." in drawn
        assert f"gave the\n  order: {first.title()}, {second.title()}." in drawn

    def test_breaks_a_tie_by_a_lot_that_was_drawn(self, tabulate):
        tied = '2 1\n1 1 0\n1 2 0\n0\n"Ana"\n"Bea"\n'
        drawn = tabulate(tied, "--method=plurality", "--lot=1:bea,ana")
        assert "Elected: Bea." in drawn
        assert "A lot drawn in public gave the" in drawn
        assert "Tie for 1 seat" in tabulate(tied, "--method=plurality", "--lot=2:bea,ana")

    @pytest.mark.parametrize("lot", ["bea,ana", "1:bea", "1:bea,bea", "x:bea,ana", "1:bea,,ana"])
    def test_refuses_a_lot_that_says_no_order(self, tabulate, lot):
        with pytest.raises(CommandError, match="keys of the tied options in order"):
            tabulate(BLT, "--method=plurality", f"--lot={lot}")

    def test_says_that_nobody_is_elected_where_all_ballots_are_blank(self, tabulate):
        printed = tabulate('2 1\n5 0\n0\n"Ana"\n"Bea"\n', "--method=irv")
        assert "Nobody is elected: no ballot has marked an option." in printed

    def test_says_which_seats_stay_empty(self, tabulate):
        assert "Elected: Ana. 2 seats stay empty." in tabulate('2 3\n5 1 0\n0\n"Ana"\n"Bea"\n', "--method=plurality")

    def test_marks_a_second_result_without_those_who_withdrew_after_the_close(self, tabulate):
        first, second = tabulate(BLT, "--method=stv", "--withdraw=BEA").split("SECOND RESULT, AFTER WITHDRAWALS")
        assert "Elected: Ana Gómez and Bea." in first
        assert "Without Bea and Dora" in second
        assert "Elected: Ana Gómez and Carlo & Co.." in second


class TestJson:
    def test_is_one_object_with_winners_working_and_names(self, tabulate):
        result = json.loads(tabulate(BLT, "--method=stv", "--json"))
        assert result["winners"] == ["ana-gomez", "bea"]
        assert result["names"] == {"ana-gomez": "Ana Gómez", "bea": "Bea", "carlo-co": "Carlo & Co."}
        assert result["working"]["quota"] == 24 * result["working"]["scale"]
        assert result["withdrawn"] == ["Dora"]
        assert result["file"] == {"format": "blt", "encoding": "UTF-8", "ballots": 72, "blank": 2, "remarks": []}
        assert (result["title"], result["seats"], result["contest"], "recount" in result) == ("Board", 2, "q1", False)

    @pytest.mark.parametrize("method", METHODS)
    def test_has_the_whole_outcome_of_each_method(self, tabulate, method):
        printed = tabulate(SCORES if method in OF_SCORES else BLT, f"--method={method}", "--json")
        fields = json.loads(printed)
        outcome = Outcome.from_dict({name: fields[name] for name in Outcome.__dataclass_fields__})
        assert outcome.method == method
        assert outcome.winners

    def test_is_the_same_byte_for_byte_in_any_order_of_ballots_and_any_language(self, tabulate):
        lines = BLT.split("\n")
        mixed = "\n".join([*lines[:2], *reversed(lines[2:7]), *lines[7:]])
        arguments = ["--method=stv", "--json", "--withdraw=Bea"]
        assert tabulate(BLT, *arguments) == tabulate(mixed, *arguments, "--language=es")

    def test_has_the_recount_apart(self, tabulate):
        result = json.loads(tabulate(BLT, "--method=stv", "--json", "--withdraw", "Ana Gómez"))
        assert result["winners"] == ["ana-gomez", "bea"]
        assert result["recount"]["winners"] == ["bea", "carlo-co"]
        assert result["recount"]["withdrawn"] == ["Ana Gómez", "Dora"]

    def test_has_no_winner_where_there_is_a_tie(self, tabulate):
        result = json.loads(tabulate('2 1\n1 1 0\n1 2 0\n0\n"Ana"\n"Bea"\n', "--method=irv", "--json"))
        assert (result["winners"], result["decided"], result["ties"]) == (
            [],
            False,
            [{"keys": ["ana", "bea"], "seats": 1}],
        )


class TestRules:
    @pytest.mark.parametrize("variant", ["scottish", "meek", "minneapolis"])
    def test_choose_the_variant_of_stv(self, tabulate, variant):
        assert (
            json.loads(tabulate(BLT, "--method=stv", f"--variant={variant}", "--json"))["working"]["variant"] == variant
        )

    def test_choose_strength_and_best_score(self, tabulate):
        assert (
            json.loads(tabulate(BLT, "--method=schulze", "--strength=margins", "--json"))["working"]["strength"]
            == "margins"
        )
        assert json.loads(tabulate(SCORES, "--method=score", "--max-score=9", "--json"))["working"]["max_score"] == 9

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (["--method=irv", "--variant=meek"], "--variant is for other methods: stv"),
            (["--method=irv", "--seats=2"], "instant-runoff voting fills one seat, not 2"),
            (["--method=irv", "--seats=0"], "'0' is no whole number from 1 to 1000"),
            (["--method=score", "--max-score=11"], "'11' is no whole number from 1 to 10"),
            (["--method=irv", "--map=Good"], "'Good' is no word with its number"),
            (["--method=irv", "--withdraw=Eva"], "There is no option Eva, or more than one. There are: Ana Gómez, Bea"),
            (
                ["--method=irv", *(f"--withdraw={name}" for name in ("Ana Gomez", "bea", "carlo-co"))],
                "There is no option Ana",
            ),
            (
                ["--method=irv", *(f"--withdraw={name}" for name in ("ana-gomez", "bea", "carlo-co"))],
                "no option is left",
            ),
            ([], "Name a method with --method, or a format with --write"),
            (["--method=score"], "the ballots have rankings, and this method counts scores"),
        ],
    )
    def test_are_refused_where_they_make_no_sense(self, tabulate, arguments, reason):
        with pytest.raises(CommandError, match=re.escape(reason)):
            tabulate(BLT, *arguments)


class TestDocument:
    def test_shows_what_is_printed(self, tabulate):
        document = (Path(__file__).parents[3] / "docs/tabulate.md").read_text()
        [text] = re.findall(r"^```blt\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)
        [printed] = re.findall(r"^```text\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)
        assert tabulate(text, "--method=irv", name="board.blt") == printed


class TestTables:
    def test_are_read_as_they_are_described(self, tabulate):
        text = "When;Ana;Bea;Shares;Age\nx;Good;Poor;3;20\nx;Poor;Good;1;30\n"
        arguments = ["--column=Ana", "--column=Bea", "--map=good=4", "--map=Poor=1", "--weight=Shares", "--delimiter=;"]
        result = json.loads(tabulate(text, "--method=score", "--cells=scores", *arguments, "--json"))
        assert [(one["key"], one["count"]) for one in result["standings"]] == [("ana", 13), ("bea", 7)]
        assert result["file"]["remarks"] == ["Each of these columns is an option with its score: Ana, Bea."]

    def test_have_ranks_or_scores_as_the_method_needs(self, tabulate):
        text = "Ana,Bea\n1,2\n1,2\n2,1\n"
        assert json.loads(tabulate(text, "--method=irv", "--json"))["winners"] == ["ana"]
        assert json.loads(tabulate(text, "--method=score", "--json"))["winners"] == ["bea"]

    def test_may_have_tabs(self, tabulate):
        assert "Elected: Ana." in tabulate("Ana\tBea\n1\t2\n", "--method=irv", "--delimiter=tab", "--format=csv")


class TestWriting:
    @pytest.mark.parametrize("format", ["blt", "abif", "preflib"])
    def test_gives_a_file_with_the_same_result(self, tabulate, tmp_path, format):
        printed = tabulate(BLT, "--write", format, str(tmp_path / "new"))
        assert "new is written." in printed
        again = json.loads(tabulate((tmp_path / "new").read_text(), "--method=stv", "--seats=2", "--json"))
        assert again["winners"] == ["ana-gomez", "bea"]
        assert again["file"]["format"] == format

    def test_says_what_a_format_cannot_hold(self, tabulate, tmp_path):
        text = BLT.replace("15 3 2 0", "15 3 - 2 0")
        printed = tabulate(text, "--write", "preflib", str(tmp_path / "new.soi"))
        assert printed.endswith(
            "new.soi is written. Options that have withdrawn are left out: the format does not know them. "
            "Ranks that were skipped are left out: later options move up. "
            "Blank ballots are left out: the format does not know them.\n"
        )

    def test_gives_cast_vote_records(self, tabulate, tmp_path):
        printed = tabulate(BLT, "--write", "nist-cvr", str(tmp_path / "new.json"), "--method=irv", "--json")
        assert json.loads(printed)["winners"] == ["ana-gomez"]
        report = json.loads((tmp_path / "new.json").read_text())
        assert len(report["CVR"]) == 72
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", report["GeneratedDate"])

    def test_leaves_an_existing_file_alone(self, tabulate, tmp_path):
        with pytest.raises(CommandError, match=r"board.txt is there already, and nothing was written"):
            tabulate(BLT, "--write", "abif", str(tmp_path / "board.txt"))
        assert (tmp_path / "board.txt").read_text() == BLT

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (["xml", "new"], "There is no format xml to write. There are: blt, abif, preflib, nist-cvr."),
            (["blt", "new"], "BLT has rankings, and the file has scores"),
            (["abif", "nowhere/new"], "nowhere/new: No such file or directory"),
        ],
    )
    def test_is_refused_and_leaves_no_file(self, tabulate, tmp_path, arguments, reason):
        format, name = arguments
        with pytest.raises(CommandError, match=re.escape(reason)):
            tabulate(SCORES, "--write", format, str(tmp_path / name))
        assert [path.name for path in tmp_path.iterdir()] == ["board.txt"]


class TestBadFiles:
    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", "board.txt: the file is empty"),
            (BLT.partition('0\n"Ana')[0], "the file ends before the names of the candidates: it is not complete"),
            ('3 1\n1 1 4 0\n0\n"Ana"\n"Bea"\n"Carlo"\n', "line 2: there is no candidate 4"),
            ('3 1\n1 1 0\n2 1=2 0\n0\n"Ana"\n"Bea"\n"Carlo"\n', "line 3: options are ranked equal"),
            ('1 1\n1000000000000001 1 0\n0\n"Ana"\n', "line 2: '1000000000000001' is no weight of ballots"),
            ("Ana,Bea\n1,1\n", "line 2: options are ranked equal, which this method cannot count"),
            ("Ana,Bea\n1,3\n", "line 2: there is no rank 3"),
            ("{title: 1\n", "line 1: '{title: 1' is no fact"),
        ],
    )
    def test_are_refused_in_a_sentence(self, tabulate, text, reason):
        with pytest.raises(CommandError, match=re.escape(reason)):
            tabulate(text, "--method=irv")

    def test_that_are_not_there_or_folders_are_refused(self, tmp_path):
        for path in (tmp_path / "nothing", tmp_path):
            with pytest.raises(CommandError, match=re.escape(str(path))):
                call_command("tabulate", str(path), "--method=irv", "--language=en")

    def test_of_500_options_are_counted(self, tabulate):
        names = "\n".join(f'"Option {number}"' for number in range(500))
        ballots = "\n".join(f"2 {number} {number % 500 + 1} 0" for number in range(1, 501)) + "\n1 7 0"
        result = json.loads(tabulate(f"500 3\n{ballots}\n0\n{names}", "--method=stv", "--json", "--draw=secret"))
        assert len(result["winners"]) == 3
