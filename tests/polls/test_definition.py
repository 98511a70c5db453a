"""An election as `vote` sees it."""

import json
from dataclasses import replace
from itertools import permutations
from typing import Any

from polls import definition as definition_module
from polls.definition import Definition
from polls.methods import ContestOnBallot, OptionOnBallot
from polls.networks import pseudonym
from polls.proof_of_work import KEY
from polls.voters import derive_voter
from tests.conftest import contest


class TestDerive:
    def test_gives_what_it_gave_before(self, define):
        # An older release has derived the values in Redis, in PostgreSQL, and in the forms that browsers have open.
        drink = define(voter_secret="ab" * 32)
        assert derive_voter(drink, "visitor").key == "f9B5x-z7ybJokX2VBTp2Sw"
        assert pseudonym(drink, "192.0.2.7") == "-xVX6WKckkqhxbzQ"
        assert drink.derive(KEY).hex() == "dd36555f58a9f28e087dda59253dbc245217fc785a0ebaa91c02afd4ee8a62ff"

    def test_differs_by_election(self, define):
        assert define().derive("visitor") != define(election=2, slug="tea", voter_secret="cd" * 32).derive("visitor")


class TestJson:
    # As the first release wrote it: one contest, no key for it, and no design.
    FIRST: dict[str, Any] = {
        "election": 1,
        "revision": 3,
        "slug": "drink",
        "title": "Drink?",
        "description": "",
        "method": "approval",
        "max_choices": 1,
        "votes_final": False,
        "options": [{"key": "nesquik", "label": "Nesquik"}, {"key": "cola-cao", "label": "Cola Cao"}],
        "opens_at": 1000,
        "closes_at": None,
        "time_zone": "Europe/Madrid",
        "shards": 1,
        "voter_secret": "ab" * 32,
        "sealed": False,
        "archived": False,
    }

    def test_of_the_first_release_is_read_with_the_design_that_each_of_its_processes_computed(self):
        definition = Definition.from_json(json.dumps(self.FIRST))
        options = (OptionOnBallot("nesquik", "Nesquik"), OptionOnBallot("cola-cao", "Cola Cao"))
        assert definition.contests == (ContestOnBallot("q1", "", "", "approval", 1, 1, options, {"max_choices": 1}),)
        assert (definition.design, definition.is_of_first_release) == ("b9acbbe23d1419a0", True)
        assert (definition.title, definition.opens_at, definition.proof_of_work) == ("Drink?", 1000, False)

    def test_holds_what_the_first_release_needs(self, define):
        definition = replace(Definition.from_json(json.dumps(self.FIRST)), title="¿Drink?")
        written = definition.to_json()
        assert "¿Drink?" in written
        assert json.loads(written).items() >= {**self.FIRST, "title": "¿Drink?"}.items()
        assert json.loads(define().to_json())["max_choices"] is None

    def test_is_read_as_it_was_written_without_what_a_newer_release_adds(self, define):
        definition = define(proof_of_work=True)
        newer = json.dumps(json.loads(definition.to_json()) | {"colour": "red"})
        assert Definition.from_json(newer) == definition

    def test_names_what_later_schemes_brought_only_where_a_paper_says_it(self, define):
        """The release before cannot read an option with an emoji."""
        newer = {"language", "translations", "emoji", "colour", "picture", "step", "checkable"}
        content = json.loads(define().to_json())
        [asked] = content["contests"]
        assert not newer & {*content, *asked, *(name for option in asked["options"] for name in option)}
        first, *others = (one := contest()).options
        said = define(
            language="en",
            translations={"es": {"title": "¿Bebida?"}},
            step=10,
            checkable=True,
            contests=(replace(one, options=(replace(first, emoji="🥛", colour="#d9a400"), *others)),),
        )
        assert Definition.from_json(said.to_json()) == said
        assert json.loads(said.to_json())["contests"][0]["options"][0]["emoji"] == "🥛"


class TestCountKeys:
    def test_are_remembered_of_no_more_markings_than_there_is_memory_for(self, define, monkeypatch):
        monkeypatch.setattr(definition_module, "REMEMBERED_KEYS", 12)
        options = ("ant", "bee", "cat", "dog")
        asked = define(contests=(contest(method="schulze", options=options),))
        for order in permutations(options):
            assert len(asked.count_keys(f"q1={'>'.join(order)}")) == 6
        assert len(asked._counted) == 2
