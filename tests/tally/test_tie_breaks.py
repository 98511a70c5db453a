"""Ties end in a draw from a secret that is fixed at publication, or in a lot drawn in public."""

import hashlib
import random
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from polls import markings
from polls.design import Paper
from polls.life import State
from polls.models import DrawSecret, Election, TieBreak
from polls.publishing import publish_election
from results.views import get_snapshot
from tabulation.draw import SecretDraw
from tally import outcomes, tie_breaks
from tally.drain import drain_all
from tally.lifecycle import close_election, turn_phases

ANIMALS = ("ant", "bee", "cat")


@pytest.fixture
def tie(make_election: Callable[..., Election], cast: Callable[..., Any]) -> Callable[..., Election]:
    """Return a function that makes a final election in which ant and bee tie for the only seat."""

    def make(**fields: Any) -> Election:
        election = make_election(options=ANIMALS, **fields)
        for voter, marking in (("ana", "ant"), ("eva", "bee")):
            cast(election, voter, marking)
        drain_all()
        close_election(election)
        turn_phases()
        election.refresh_from_db()
        assert election.state == State.FINAL
        return election

    return make


def winners(election: Election) -> list[str]:
    return get_snapshot(election.slug).contests[0].winners


class TestCommitment:
    def test_is_made_at_publication_and_stands_in_the_paper(self, make_election):
        election = make_election()
        election.refresh_from_db()
        secret = DrawSecret.objects.get()
        assert election.draw_hash == secret.hash == hashlib.sha256(secret.value.encode()).hexdigest()
        assert Paper.read(election.designs.get(hash=election.in_force).paper).draw_hash == election.draw_hash
        assert get_snapshot("drink").as_dict()["draw"] == {"sha256": election.draw_hash, "secret": None}

    def test_stays_while_a_scheduled_election_is_edited(self, make_election):
        election = make_election(opens_at=timezone.now() + timezone.timedelta(days=1))
        before = election.draw_hash
        election.title = "Another title"
        election.save(update_fields=["title"])
        publish_election(election)
        assert before
        assert election.draw_hash == before
        assert DrawSecret.objects.count() == 1

    def test_goes_with_the_rule_and_is_a_new_one_when_it_comes_back(self, make_election):
        election = make_election(opens_at=timezone.now() + timezone.timedelta(days=1))
        seen = [election.draw_hash]
        for rule in (TieBreak.LOT, TieBreak.DRAW):
            Election.objects.filter(pk=election.pk).update(tie_break=rule)
            publish_election(election)
            seen.append(election.draw_hash)
        first, none, last = seen
        assert none == ""
        assert first
        assert last
        assert first != last
        tie_breaks.reveal_draw(Election.objects.get())
        assert hashlib.sha256(Election.objects.get().draw_secret.encode()).hexdigest() == last

    def test_is_another_one_for_each_election(self, make_election):
        assert make_election().draw_hash != make_election("tea").draw_hash


class TestDraw:
    def test_decides_only_once_it_is_revealed(self, tie):
        election = tie()
        assert winners(election) == []
        tie_breaks.reveal_draw(election)
        outcomes.catch_up()
        [winner] = winners(election)
        order = SecretDraw(election.draw_secret).order("q1", "plurality", 1, ("bee", "ant"))
        assert winner == order[0]
        contest = get_snapshot("drink").as_dict()["contests"][0]
        assert contest["working"]["draws"] == [{"round": 1, "order": list(order), "by": "secret"}]

    def test_may_be_revealed_twice(self, tie):
        election = tie()
        for _ in range(2):
            tie_breaks.reveal_draw(election)
        assert Election.objects.get().result_revision == 1

    def test_of_a_paper_without_one_reveals_nothing(self, tie):
        election = tie(tie_break=TieBreak.NONE)
        tie_breaks.reveal_draw(election)
        outcomes.catch_up()
        assert not DrawSecret.objects.exists()
        assert winners(election) == []

    def test_raises_the_version_so_that_open_pages_follow(self, tie):
        election = tie()
        before = get_snapshot("drink").version
        tie_breaks.reveal_draw(election)
        outcomes.catch_up()
        assert get_snapshot("drink").version > before

    def test_is_not_undone_by_a_worker_that_read_before_it(self, tie, monkeypatch):
        election = tie()
        row = outcomes.read(election.pk)
        tie_breaks.reveal_draw(election)
        outcomes.catch_up()
        decided = winners(election)
        monkeypatch.setattr(outcomes, "read", lambda _: row)
        outcomes.make_outcome(election.pk)
        assert decided
        assert winners(election) == decided


class TestLot:
    def test_decides_and_is_shown_with_who_drew_it(self, tie, client, settings):
        settings.ROOT_URLCONF = "voting_site.urls.result"
        election = tie(tie_break=TieBreak.LOT)
        tie_breaks.enter_lot(election, "q1", 1, ["bee", "ant"], "Drawn by Eva in the hall.")
        outcomes.catch_up()
        assert winners(election) == ["bee"]
        contest = client.get("/drink/results.json").json()["contests"][0]
        assert contest["working"]["draws"] == [{"round": 1, "order": ["bee", "ant"], "by": "lot"}]
        assert contest["lots"] == ["Drawn by Eva in the hall."]
        assert "Drawn by Eva in the hall." in client.get("/drink/").content.decode()

    @pytest.mark.parametrize("order", [[], ["ant"], ["ant", "cat"], ["ant", "bee", "cat"], ["ant", "ant"]])
    def test_of_other_options_is_refused(self, tie, order):
        election = tie(tie_break=TieBreak.LOT)
        with pytest.raises(ValidationError, match="each of the tied options"):
            tie_breaks.enter_lot(election, "q1", 1, order, "Eva.")
        assert not election.lots.exists()

    def test_is_entered_once(self, tie):
        election = tie(tie_break=TieBreak.LOT)
        tie_breaks.enter_lot(election, "q1", 1, ["bee", "ant"], "Eva.")
        outcomes.catch_up()
        with pytest.raises(ValidationError, match="no tie here any more"):
            tie_breaks.enter_lot(election, "q1", 1, ["ant", "bee"], "Ana.")

    def test_of_another_round_is_refused(self, tie):
        election = tie(tie_break=TieBreak.LOT)
        with pytest.raises(ValidationError, match="no tie here any more"):
            tie_breaks.enter_lot(election, "q1", 2, ["bee", "ant"], "Eva.")
        assert not election.lots.exists()

    def test_is_refused_before_the_last_ballot_is_counted(self, make_election, cast):
        election = make_election(tie_break=TieBreak.LOT)
        for voter, marking in (("ana", "nesquik"), ("eva", "cola-cao")):
            cast(election, voter, marking)
        drain_all()
        with pytest.raises(ValidationError, match="after the last ballot"):
            tie_breaks.enter_lot(election, "q1", 1, ["nesquik", "cola-cao"], "Eva.")

    def test_is_refused_where_the_rules_draw(self, tie):
        with pytest.raises(ValidationError, match="do not end ties by a lot"):
            tie_breaks.enter_lot(tie(), "q1", 1, ["ant", "bee"], "Eva.")


def test_a_count_in_rounds_goes_on_after_a_lot_and_may_tie_again(make_election, cast):
    """Four options, one first preference each: each round has a tie that decides who wins."""
    animals = ("ant", "bee", "cat", "dog")
    election = make_election(options=animals, method="irv", tie_break=TieBreak.LOT)
    for animal in animals:
        cast(election, animal, animal)
    drain_all()
    close_election(election)
    turn_phases()
    election.refresh_from_db()
    drawn = []
    while tie := tie_breaks.find_open_ties(election).get("q1"):
        tie_breaks.enter_lot(election, "q1", tie.round_number, list(tie.keys), f"Round {tie.round_number}.")
        outcomes.catch_up()
        drawn.append(tie.round_number)
    assert drawn == [1, 2, 3]
    assert winners(election) == ["ant"]


# For each method the marking of a voter, by a number: options are often equal.
MARKINGS: dict[str, Callable[[random.Random], str]] = {
    "plurality": lambda chance: chance.choice(ANIMALS),
    "approval": lambda chance: ",".join(sorted(chance.sample(ANIMALS, 2))),
    "approval-committee": lambda chance: ",".join(sorted(chance.sample(ANIMALS, 2))),
    "score": lambda chance: ",".join(f"{one}:{chance.randint(0, 2)}" for one in ANIMALS),
    "star": lambda chance: ",".join(f"{one}:{chance.randint(0, 2)}" for one in ANIMALS),
    "majority-judgment": lambda chance: ",".join(f"{one}:{chance.randint(0, 2)}" for one in ANIMALS),
    "borda": lambda chance: ">".join(chance.sample(ANIMALS, 3)),
    "irv": lambda chance: ">".join(chance.sample(ANIMALS, 3)),
    "stv": lambda chance: ">".join(chance.sample(ANIMALS, 3)),
    "schulze": lambda chance: ">".join(chance.sample(ANIMALS, 3)),
}


@pytest.mark.parametrize("method", MARKINGS)
def test_the_same_ballots_in_any_order_have_the_same_result_to_the_byte(method, make_election):
    """Each marking with each of its mirrored ones, so that ties are many; counted in three orders."""
    election = make_election(options=ANIMALS, method=method)
    paper = Paper.of(election)
    chance = random.Random(7)
    for _profile in range(20):
        ballots = [f"q1={MARKINGS[method](chance)}" for _ in range(4)]
        texts = set()
        for _order in range(3):
            chance.shuffle(ballots)
            counts: dict[str, int] = {}
            for ballot in ballots:
                for key in markings.count_keys(ballot, paper.contests):
                    counts[key] = counts.get(key, 0) + 1
            [made] = outcomes.tabulate(paper, counts, len(ballots), draw=SecretDraw("0f" * 32))
            texts.add(made.outcome.to_json())
            assert not made.outcome.ties
        assert len(texts) == 1
