"""The commands for single acts on a roll."""

import csv
import getpass
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from office.models import LoggedAct
from office.roll_acts import StrikeEntry
from polls.models import Election
from polls.roll import codes
from tests.office.test_roll_pages import make_election, open_now, put


@pytest.fixture
def drink(transactional_db: None, redis: Any) -> Election:
    election = make_election("drink", None)
    put(election, "Ana", "Bea")
    return election


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    call_command(*arguments)
    return capsys.readouterr().out.strip()


def last_act() -> LoggedAct:
    return LoggedAct.objects.latest("pk")


class TestAddVoter:
    def test_prints_a_code_that_is_the_voters(self, drink: Election, capsys: pytest.CaptureFixture[str]) -> None:
        values = ("--name", "Eva", "--group", "Red", "--group", "Blue", "--weight", "3", "--member-number", "M7")
        said = call(capsys, "add_voter", "drink", *values)
        entry = drink.roll.get(number=3)
        assert (entry.name, entry.groups, entry.weight, entry.member_number) == ("Eva", ["Blue", "Red"], 3, "M7")
        assert entry.code_hash == codes.hash_code(drink.pk, codes.read(said.rpartition(" ")[2]))
        assert (last_act().act, last_act().actor) == ("add-voter", f"command, {getpass.getuser()}")

    @pytest.mark.parametrize(
        ("values", "said"),
        [((), "needs a name or a member number"), (("--name", "Eva", "--weight", "0"), "whole number from 1 on"),
         (("--name", "x" * 500), "at most 200 characters")],
    )  # fmt: skip
    def test_says_what_is_wrong_and_adds_nobody(self, drink: Election, values: tuple[str, ...], said: str) -> None:
        with pytest.raises(CommandError, match=said):
            call_command("add_voter", "drink", *values)
        assert drink.roll.count() == 2

    def test_needs_a_reason_once_people_vote(self, drink: Election, capsys: pytest.CaptureFixture[str]) -> None:
        open_now(drink)
        with pytest.raises(CommandError, match="this needs a reason"):
            call_command("add_voter", "drink", "--name", "Eva")
        call(capsys, "add_voter", "drink", "--name", "Eva", "--reason", "Was forgotten.")
        assert last_act().changes["reason"] == [None, "Was forgotten."]

    def test_of_an_unknown_election_says_so(self, drink: Election) -> None:
        with pytest.raises(CommandError, match="There is no election tea"):
            call_command("add_voter", "tea", "--name", "Eva")


class TestChangeVoter:
    def test_changes_what_is_given_alone(self, drink: Election, capsys: pytest.CaptureFixture[str]) -> None:
        assert "voter 1, Ana, is changed" in call(capsys, "change_voter", "drink", "1", "--weight", "5")
        entry = drink.roll.get(number=1)
        assert (entry.name, entry.weight) == ("Ana", 5)
        assert last_act().changes == {"entry 1": ["weight 1", "weight 5"]}

    def test_of_nothing_or_of_nobody_says_so(self, drink: Election) -> None:
        with pytest.raises(CommandError, match="Say what is to be changed"):
            call_command("change_voter", "drink", "1")
        with pytest.raises(CommandError, match="There is no voter 9"):
            call_command("change_voter", "drink", "9", "--name", "Eva")


class TestStrikeVoter:
    def test_strikes_once(self, drink: Election, capsys: pytest.CaptureFixture[str]) -> None:
        assert "voter 1 is struck" in call(capsys, "strike_voter", "drink", "1")
        assert drink.roll.get(number=1).struck_at
        with pytest.raises(CommandError, match="was struck off the roll"):
            call_command("strike_voter", "drink", "1")


class TestReissueCode:
    def test_prints_the_new_code_and_nothing_else(self, drink: Election, capsys: pytest.CaptureFixture[str]) -> None:
        before = drink.roll.get(number=1).code_hash
        code = call(capsys, "reissue_code", "drink", "1")
        assert drink.roll.get(number=1).code_hash == codes.hash_code(drink.pk, codes.read(code)) != before
        assert code not in str(last_act().changes)


class TestReissueCodes:
    def test_writes_a_file_of_its_owner(
        self, drink: Election, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        file = tmp_path / "codes.csv"
        StrikeEntry(drink.roll.get(number=2)).perform(by=None)
        assert "1 voters have a new code" in call(capsys, "reissue_codes", "drink", str(file))
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        [row] = csv.DictReader(file.read_text().splitlines())
        assert row["name"] == "Ana"
        assert drink.roll.get(number=1).code_hash == codes.hash_code(drink.pk, codes.read(row["code"]))

    def test_only_for_those_without_one(
        self, drink: Election, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        drink.roll.filter(number=1).update(code_hash="")
        call(capsys, "reissue_codes", "drink", str(tmp_path / "codes.csv"), "--only-missing")
        assert [drink.roll.get(number=n).issue for n in (1, 2)] == [2, 1]

    def test_overwrites_no_file_and_leaves_none_behind(self, drink: Election, tmp_path: Path) -> None:
        file = tmp_path / "codes.csv"
        with pytest.raises(CommandError, match="There is no election tea"):
            call_command("reissue_codes", "tea", str(file))
        assert not file.exists()
        file.write_text("mine")
        with pytest.raises(CommandError, match="No code was made"):
            call_command("reissue_codes", "drink", str(file))
        assert file.read_text() == "mine"


class TestCopyRoll:
    def test_copies_who_is_not_struck(self, drink: Election, capsys: pytest.CaptureFixture[str]) -> None:
        tea = make_election("tea", None)
        StrikeEntry(drink.roll.get(number=2)).perform(by=None)
        assert "1 voters are on the roll" in call(capsys, "copy_roll", "tea", "drink")
        assert [one.name for one in tea.roll.all()] == ["Ana"]
        assert last_act().act == "copy-roll"

    def test_says_why_not(self, drink: Election) -> None:
        with pytest.raises(CommandError, match="has voters already"):
            call_command("copy_roll", "drink", "drink")
        with pytest.raises(CommandError, match="There is no election tea"):
            call_command("copy_roll", "drink", "tea")
