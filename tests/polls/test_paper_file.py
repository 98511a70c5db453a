"""Papers as JSON."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from polls import ballot_box
from polls.models import Election
from polls.paper_file import create_election
from tally.healing import keep_box

BOARD = {
    "title": "Annual meeting",
    "slug": "meeting",
    "votes_final": True,
    "closes_at": "2099-01-01T20:00:00+01:00",
    "contests": [
        {
            "title": "Shall we move?",
            "method": "motion",
            "rules": {"majority": "two-thirds"},
            "options": [{"label": "Yes"}, {"label": "No"}, {"label": "Abstain"}],
        },
        {"key": "board", "title": "Board", "seats": 2, "options": [{"label": "Ana"}, {"label": "Bea", "key": "b"}]},
        {
            "title": "Dates",
            "method": "approval",
            "rules": {"max_choices": 2, "blank": True},
            "options": [{"label": day} for day in ("Mon", "Tue", "Wed")],
        },
    ],
}


def changed(*path: Any, value: Any) -> dict[str, Any]:
    """Return the paper with one value in it changed, or taken out where it is None."""
    paper: Any = copy.deepcopy(BOARD)
    place = paper
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return paper


def translated(*path: Any, value: Any) -> dict[str, Any]:
    """Return the paper in English, with translations of one of its parts."""
    return changed(*path, "translations", value=value) | {"language": "en"}


@pytest.fixture
def box_with_epoch(transactional_db: None, redis: Any) -> None:
    keep_box()


@pytest.mark.usefixtures("box_with_epoch")
class TestCreateElection:
    def test_makes_a_draft_with_all_its_contests(self):
        election = create_election(BOARD)
        assert election.revision == 0
        contests = list(election.contests.all())
        assert [one.key for one in contests] == ["q1", "board", "q3"]
        assert [option.key for option in contests[1].options.all()] == ["ana", "b"]
        assert (contests[1].seats, contests[2].rules) == (2, {"max_choices": 2, "blank": True})

    @pytest.mark.parametrize(
        ("paper", "said"),
        [
            (changed("title", value=None), "the paper has no “title”"),
            (changed("title", value=5), "the paper has no “title”"),
            (changed("slug", value="MyPoll"), "Write the address in small letters, as “mypoll”"),
            (changed("contests", value=[]), "no “contests”"),
            (changed("contests", value="x"), "no “contests”"),
            (changed("contests", 0, value=7), "contest 1 has to be an object"),
            (changed("contests", 1, "title", value=None), "contest 2 has no “title”"),
            (changed("contests", 1, "key", value="q1"), "“q1” of contest 2 is there twice"),
            (changed("contests", 1, "key", value="Q 1"), "small letters"),
            (changed("contests", 1, "method", value="dictator"), "Choose one of: plurality, approval, motion"),
            (changed("contests", 1, "seats", value=0), "at least one is needed"),
            (changed("contests", 1, "seats", value=True), "cannot be filled"),
            (changed("contests", 1, "options", value=[{"label": "Ana"}]), "at least two options"),
            (changed("contests", 1, "options", 1, "label", value="ANA"), "look the same"),
            (changed("contests", 1, "options", 1, "label", value="\u200b"), "shows nothing"),
            (changed("contests", 1, "options", 1, "key", value="ana"), "“ana” of option 2 of contest 2 is there twice"),
            (changed("contests", 1, "options", 1, "shape", value="round"), "has 'shape', which is not known"),
            (changed("contests", 1, "options", 1, "colour", value="red"), "of option 2 of contest 2 is no colour"),
            (changed("contests", 1, "options", 1, "colour", value=["#123456"]), "of contest 2 is no colour"),
            (changed("contests", 1, "options", 1, "emoji", value="🥛🍫"), "of option 2 of contest 2 is not one emoji"),
            (
                changed("contests", 1, "options", 1, "picture", value="https://example.org/a.png"),
                "has to be a data URI",
            ),
            (changed("contests", 1, "options", 1, "picture", value="data:image/png;base64,!"), "cannot be taken"),
            (changed("contests", 1, "options", 1, "picture", value="data:image/png;base64,AAAA"), "is no picture"),
            (changed("contests", 0, "rules", value={"majority": "101"}), "has to be one of simple, absolute"),
            (changed("contests", 0, "rules", value={"quorum": "101/100"}), "quorum"),
            (changed("contests", 0, "rules", value=[]), "have to be an object"),
            (changed("contests", 0, "rules", value={"blank": "yes"}), "true or false"),
            (changed("contests", 0, "rules", value={"quorum": 0.5}), "quorum"),
            (changed("contests", 2, "rules", value={"max_choices": {"a": 1.5}}), "max_choices"),
            (changed("contests", 2, "description", value=5), "“description” of contest 3"),
            (changed("title", value="a" * 201), "“title” of the paper has more than 200 characters"),
            (changed("description", value="a" * 2001), "“description” of the paper has more than 2000 characters"),
            (changed("contests", 0, "title", value="a" * 201), "“title” of contest 1 has more than 200 characters"),
            (changed("contests", 2, "description", value="a" * 2001), "“description” of contest 3 has more than 2000"),
            (
                changed("contests", 1, "options", 1, "label", value="a" * 121),
                "“label” of option 2 of contest 2 has more than 120 characters",
            ),
            (changed("contests", 1, "options", 1, "label", value="a\0b"), "“label” of option 2 of contest 2 has to be"),
            (
                changed("contests", 1, "options", 1, "description", value="a" * 2001),
                "of option 2 of contest 2 has more",
            ),
            (changed("slug", value=["a"]), "slug"),
            (changed("time_zone", value=5), "time"),
            (changed("contests", 1, "method", value=["plurality"]), "Choose one of"),
            (changed("contests", 1, "seats", value=10**6), "contest 2 has 1000000 seats, and can have 32767 at most"),
            (changed("votes_final", value="no"), "true or false"),
            (changed("contests", 2, "rules", value={"max_choices": 0}), "max_choices"),
            (changed("opens_at", value="2099-05-01T20:00:00+01:00"), "closes before it opens"),
            (changed("opens_at", value="tomorrow"), "Write a time with its offset"),
            (changed("opens_at", value="2026-11-25T20:00:00"), "Write a time with its offset"),
            (changed("opens_at", value="2026-13-45T20:00:00Z"), "Write a time with its offset"),
            (changed("slug", value="admin"), "address of the site itself"),
            (changed("slug", value="a b"), "slug"),
            (changed("eligibility", value="members"), "Write “open” or “roll”"),
            (changed("eligibility", value=["roll"]), "Write “open” or “roll”"),
            (changed("contests", 0, "groups", value="Board"), "have to be a list of texts"),
            (changed("contests", 0, "groups", value=["a|b"]), "a character that no group may have"),
            (changed("contests", 0, "groups", value=["Board"]), "needs a roll"),
            (changed("shows", value="later"), "Write one of: live, turnout, hidden"),
            *((changed("step", value=value), "from 1 to 1000") for value in (0, 1001, 2.5, True, "10")),
            ({**BOARD, "shows": "turnout", "step": 2}, "Write 1 as the ballots in a step"),
            (changed("checkable", value="yes"), "true or false"),
            (changed("language", value="Spanish"), "Write a language as its code"),
            (changed("language", value=["es"]), "Write a language as its code"),
            (changed("translations", value={"es": {"title": "Junta"}}), "the paper needs its own “language”"),
            (translated("contests", 0, value=["es"]), "“translations” of contest 1 have to be an object"),
            (translated("contests", 0, value={"en": {"title": "x"}}), "into “en”, the paper's own language"),
            (translated("contests", 0, value={"spanish-of-spain": {}}), "Write a language as its code"),
            (translated("contests", 0, value={"es": {"label": "x"}}), "“es” of contest 1 has 'label', which is not"),
            (translated(value={"es": {"title": "a" * 201}}), "translation “es” of the paper has more than 200"),
            (translated(value={f"a{one}{two}": {} for one in "abcde" for two in "abcde"}), "more than 20 translations"),
            (translated("contests", 1, "options", 0, value={"es": {"label": "a" * 121}}), "of option 1 of contest 2"),
            ([], "has to be an object"),
        ],
    )
    def test_says_what_is_wrong_and_makes_nothing(self, paper, said):
        with pytest.raises(ValidationError) as caught:
            create_election(paper)
        assert said in " ".join(caught.value.messages)
        assert not Election.objects.exists()

    def test_holds_so_many_contests_and_options_and_no_more(self):
        options = [{"label": f"Option {number}"} for number in range(20)]
        contests = [{"title": f"Question {number}", "options": options} for number in range(50)]
        assert create_election({"title": "Large", "contests": contests}).contests.count() == 50
        with pytest.raises(ValidationError, match="at most 50 questions with 1000 options"):
            create_election({"title": "Larger", "contests": [*contests, contests[0]]})


@pytest.mark.usefixtures("box_with_epoch")
class TestImport:
    def write(self, folder: Path, paper: Any) -> str:
        file = folder / "paper.json"
        file.write_text(paper if isinstance(paper, str) else json.dumps(paper))
        return str(file)

    def test_publishes_if_told_to(self, tmp_path, capsys):
        call_command("import_election", self.write(tmp_path, BOARD), "--publish")
        assert capsys.readouterr().out == "meeting is published.\n"
        definition = ballot_box.read_definition("meeting")[0]
        assert [one.key for one in definition.contests] == ["q1", "board", "q3"]

    def test_leaves_a_draft_that_nobody_sees(self, tmp_path):
        call_command("import_election", self.write(tmp_path, BOARD))
        assert ballot_box.read_definition("meeting")[0] is None

    @pytest.mark.parametrize(("text", "said"), [("{", "is no JSON"), ("", "is no JSON"), ("[]", "has to be an object")])
    def test_says_what_is_wrong_with_a_file(self, tmp_path, text, said):
        with pytest.raises(CommandError, match="Nothing was imported") as caught:
            call_command("import_election", self.write(tmp_path, text))
        assert said in str(caught.value)

    def test_says_that_there_is_no_file(self, tmp_path):
        with pytest.raises(CommandError, match="cannot be read"):
            call_command("import_election", str(tmp_path / "none.json"))
