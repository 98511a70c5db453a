"""An election as `vote` sees it."""

from polls.networks import pseudonym
from polls.proof_of_work import KEY
from polls.voters import derive_voter


class TestDerive:
    def test_gives_what_it_gave_before(self, define):
        # An older release has derived the values in Redis, in PostgreSQL, and in the forms that browsers have open.
        drink = define(voter_secret="ab" * 32)
        assert derive_voter(drink, "visitor").key == "f9B5x-z7ybJokX2VBTp2Sw"
        assert pseudonym(drink, "192.0.2.7") == "-xVX6WKckkqhxbzQ"
        assert drink.derive(KEY).hex() == "dd36555f58a9f28e087dda59253dbc245217fc785a0ebaa91c02afd4ee8a62ff"

    def test_differs_by_election(self, define):
        assert define().derive("visitor") != define(election=2, slug="tea", voter_secret="cd" * 32).derive("visitor")
