"""Files of results and ballots: what they hold, what they keep back, and that other programs count them alike."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from office.certify_acts import Certify
from polls.models import Election
from results.exports import write_csv
from tests.tally.test_certification import finish

pytestmark = pytest.mark.urls("voting_site.urls.result")

ANIMALS = ("ant", "bee", "cat", "dog")
# By method: markings with how often each is cast. Where two are last together, the draw decides.
RANKED = {"ant>bee": 4, "bee>cat>ant": 3, "cat>bee": 2, "dog>cat>bee": 2}
PROFILES = {
    "plurality": ({"ant": 3, "bee": 5, "cat": 1}, {}),
    "approval": ({"ant,bee": 3, "bee": 2, "cat,dog": 1}, {}),
    "irv": (RANKED, {}),
    "stv": (RANKED, {}),
    "schulze": (RANKED, {}),
    "borda": (RANKED, {}),
}


# By method: markings, NIST's word for the method, and what the records say: option, rank and votes.
CVRS: dict[str, Any] = {
    "plurality": ({"ant": 2, "bee": 1}, ("plurality", ""), {(("Ant", None, 1),): 2, (("Bee", None, 1),): 1}),
    "approval": ({"ant,bee": 2}, ("approval", ""), {(("Ant", None, 1), ("Bee", None, 1)): 2}),
    "stv": ({"bee>ant": 1}, ("rcv", ""), {(("Bee", 1, 1), ("Ant", 2, 1)): 1}),
    "schulze": ({"q1=ant=bee>cat": 1}, ("other", "schulze"), {(("Ant", 1, 1), ("Bee", 1, 1), ("Cat", 2, 1)): 1}),
    "score": ({"ant:5,bee:0": 2}, ("range", ""), {(("Ant", None, 5), ("Bee", None, 0)): 2}),
}


@pytest.fixture
def held(make_election: Any, cast: Any) -> Callable[..., Election]:
    """Return a function that holds an election by a method, and certifies its result."""

    def hold(method: str, ballots: dict[str, int], rules: dict[str, Any], **more: Any) -> Election:
        made: Election = make_election(options=ANIMALS, method=method, rules=rules, **more)
        number = 0
        for marking, times in ballots.items():
            for _ in range(times):
                number += 1
                cast(made, f"v{number}", marking)
        finish(made)
        Certify(made).perform(by=None)
        return made

    return hold


def rows(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:])))


class TestBallots:
    @pytest.mark.parametrize("method", PROFILES)
    def test_as_blt_are_counted_to_the_same_winners_by_another_program(
        self, held, client: Client, tmp_path: Path, method: str
    ):
        ballots, rules = PROFILES[method]
        held(method, ballots, rules)
        file = tmp_path / "ballots.blt"
        file.write_bytes(client.get("/drink/ballots-q1.blt").content)
        out = io.StringIO()
        told = client.get("/drink/results.json").json()
        draw = told["draw"]["secret"]
        call_command("tabulate", str(file), "--method", method, "--seats", "1", "--draw", draw, "--json", stdout=out)
        [contest] = told["contests"]
        assert json.loads(out.getvalue())["winners"] == contest["winners"] != []

    def test_as_csv_and_json_have_each_marking_with_its_number(self, held, client: Client):
        held("irv", RANKED, {})
        assert rows(client.get("/drink/ballots.csv").content.decode()) == [
            ["contest", "marking", "weight", "number"],
            ["q1", "ant>bee", "1", "4"],
            ["q1", "bee>cat>ant", "1", "3"],
            ["q1", "cat>bee", "1", "2"],
            ["q1", "dog>cat>bee", "1", "2"],
        ]
        told = client.get("/drink/ballots.json").json()
        assert told["contests"][0]["ballots"][0] == {"marking": "ant>bee", "weight": 1, "number": 4}

    def test_come_in_an_order_that_does_not_tell_when_they_were_cast(self, held, client: Client):
        held("irv", dict(reversed(RANKED.items())), {})
        numbers = [row[1] for row in rows(client.get("/drink/ballots.csv").content.decode())[1:]]
        assert numbers == sorted(numbers)

    def test_are_split_by_question(self, held, client: Client):
        held("plurality", {"q1=ant;q2=bee": 2, "q1=ant;q2=cat": 1}, {}, contests=2)
        assert rows(client.get("/drink/ballots.csv").content.decode())[1:] == [
            ["q1", "ant", "1", "3"],
            ["q2", "bee", "1", "2"],
            ["q2", "cat", "1", "1"],
        ]

    @pytest.mark.parametrize("method", CVRS)
    def test_as_cast_vote_records_say_what_was_marked(self, held, client: Client, method: str):
        ballots, variation, expected = CVRS[method]
        held(method, ballots, {})
        response = client.get("/drink/ballots-q1.cvr.json")
        told = json.loads(response.content)
        [election] = told["Election"]
        [contest] = election["Contest"]
        assert (contest["VoteVariation"], contest.get("OtherVoteVariation", "")) == variation
        names = {one["@id"]: one["Name"] for one in election["Candidate"]}
        options = {one["@id"]: names[one["CandidateIds"][0]] for one in contest["ContestSelection"]}
        found = Counter(
            tuple(
                (options[one["ContestSelectionId"]], one.get("Rank"), one["SelectionPosition"][0]["NumberVotes"])
                for one in record["CVRSnapshot"][0]["CVRContest"][0]["CVRContestSelection"]
            )
            for record in told["CVR"]
        )
        assert found == expected
        assert told["GeneratedDate"].endswith("Z")
        assert 'filename="drink-q1.cvr.json"' in response["Content-Disposition"]
        assert "ballots-q1.cvr.json" in client.get("/drink/").content.decode()

    def test_as_cast_vote_records_stand_in_no_order_of_voting(self, held, client: Client):
        held("plurality", {"cat": 1, "ant": 2, "bee": 1}, {})
        told = client.get("/drink/ballots-q1.cvr.json").json()
        marked = [one["CVRSnapshot"][0]["CVRContest"][0]["CVRContestSelection"] for one in told["CVR"]]
        assert [one[0]["ContestSelectionId"] for one in marked] == ["selection-1"] * 2 + ["selection-2", "selection-3"]

    def test_are_no_cast_vote_records_where_there_are_too_many(self, held, client: Client, monkeypatch):
        monkeypatch.setattr("results.exports.MOST_CVRS", 3)
        held("plurality", {"cat": 4}, {})
        response = client.get("/drink/ballots-q1.cvr.json")
        assert response.status_code == 404
        assert "too many votes for a record of each" in response.json()["detail"]

    def test_with_grades_are_no_blt(self, held, client: Client):
        held("score", {"ant:5,bee:0": 2}, {})
        assert client.get("/drink/ballots-q1.blt").status_code == 404
        assert "ballots-q1.blt" not in client.get("/drink/").content.decode()

    def test_are_there_only_once_the_result_is_certified(self, make_election, cast, client: Client):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        finish(drink)
        for name in (
            "ballots.csv",
            "ballots.json",
            "ballots-q1.blt",
            "ballots-q1.cvr.json",
            "certified.json",
            "protocol/",
        ):
            assert client.get(f"/drink/{name}").status_code == 404
        assert client.get("/drink/ballots-q9.blt").status_code == 404
        assert client.get("/drink/ballots-q9.cvr.json").status_code == 404


class TestResults:
    def test_as_csv_have_each_option(self, held, client: Client):
        held("plurality", {"ant": 3, "bee": 5, "cat": 1}, {})
        answer = client.get("/drink/results.csv")
        assert answer["Content-Disposition"] == 'attachment; filename="drink-results.csv"'
        table = rows(answer.content.decode())
        assert [(row[2], row[4], row[6]) for row in table[1:]] == [
            ("ant", "3", ""),
            ("bee", "5", "winner"),
            ("cat", "1", ""),
            ("dog", "0", ""),
        ]

    def test_are_no_file_while_they_are_withheld(self, make_election, client: Client):
        make_election(shows="hidden")
        assert client.get("/drink/results.csv").status_code == 404
        assert "results.csv" not in client.get("/drink/").content.decode()

    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "＝1"])
    def test_hold_nothing_that_a_spreadsheet_would_run(self, text: str):
        assert rows(write_csv([[text, "Ana = Bea", -1, None]])) == [[f"'{text}", "Ana = Bea", "-1", ""]]


class TestProtocol:
    def test_says_what_was_asked_when_and_what_came_out(self, held, client: Client):
        held("irv", RANKED, {})
        page = client.get("/drink/protocol/").content.decode()
        shown = client.get("/drink/results.json").json()
        for text in ("drink?", "Instant runoff", "Round 1", shown["certificate"]["sha256"], "Name and signature"):
            assert text in page
        assert "everybody who opened the page" in page
        assert "<dd>11</dd>" in page

    def test_in_the_office_says_who_did_what(self, held, client: Client, django_user_model, settings):
        drink = held("plurality", {"ant": 1}, {})
        settings.ROOT_URLCONF = "voting_site.urls.admin"
        client.force_login(django_user_model.objects.create_superuser("mia"))
        page = client.get(reverse("admin:polls_election_protocol", args=[drink.pk])).content.decode()
        assert "certification ordered, command" in page
        assert "Certified by: command" in page
