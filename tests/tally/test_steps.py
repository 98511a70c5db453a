"""Live results in steps: what is shown changes by enough voters at once, or not at all."""

from typing import Any

import pytest
from django.test import Client

from polls.life import State
from polls.models import Election
from record import recorder
from record.models import Batch, Log
from results.views import get_snapshot
from tally import outcomes, steps
from tally.audit.recount import repair
from tally.drain import drain_all
from tally.lifecycle import close_election, turn_phases
from tally.models import Count, StoredOutcome, Tally, UnshownVoter
from tally.turnout import note_all
from tests.conftest import beside, voter_key

from .test_turnout import fill, vote

pytestmark = pytest.mark.urls("voting_site.urls.result")

STEP = 3


@pytest.fixture
def drink(make_election: Any) -> Election:
    """An election whose results go in steps of three ballots."""
    election: Election = make_election(step=STEP)
    return election


@pytest.fixture
def count(drink: Election, cast: Any) -> Any:
    """Return a function that lets voters vote, one after the other, and counts each by itself."""

    def count(voters: str, marking: str = "nesquik") -> None:
        for voter in voters:
            cast(drink, voter, marking)
            drain_all()

    return count


def ballots() -> int | None:
    return get_snapshot("drink", whole=False).ballots


def unshown() -> int:
    return UnshownVoter.objects.count()


class TestOutcome:
    def test_is_shown_once_enough_voters_are_in_it(self, count):
        for voter, shown in zip("abcdefg", (0, 0, 3, 3, 3, 6, 6), strict=True):
            count(voter)
            outcomes.catch_up()
            assert ballots() == shown

    def test_shows_all_that_a_round_has_counted_above_the_step(self, drink, cast):
        for voter in "abcde":
            cast(drink, voter, "nesquik")
        drain_all()
        assert (ballots(), unshown()) == (5, 0)

    def test_is_not_moved_by_one_voter_who_votes_again(self, count):
        count("abc")
        for marking in ("nesquik", "cola-cao") * STEP:
            count("a", marking)
        assert (ballots(), unshown()) == (3, 1)
        before = get_snapshot("drink").as_dict()["contests"]
        count("bc", "cola-cao")
        assert ballots() == 3
        assert get_snapshot("drink").as_dict()["contests"] != before

    def test_has_the_rest_once_the_election_is_final_and_not_before(self, drink, count, cast):
        count("abcd")
        cast(drink, "e", "cola-cao")
        close_election(drink)
        assert ballots() == 3
        drain_all()
        outcomes.catch_up()
        assert (ballots(), get_snapshot("drink").pending) == (3, None)
        turn_phases()
        shown = get_snapshot("drink")
        assert (shown.ballots, shown.final, shown.pending) == (5, True, 0)
        assert unshown() == 0

    def test_is_caught_up_after_a_worker_that_died_between_count_and_outcome(self, drink, cast, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr("tally.drain.outcomes.renew", lambda *_: None)
            for voter in "abcd":
                cast(drink, voter, "nesquik")
                drain_all()
            assert (ballots(), unshown()) == (0, 4)
        outcomes.catch_up()
        assert (ballots(), unshown()) == (4, 0)

    def test_that_cannot_be_stored_leaves_its_voters_not_shown(self, count, monkeypatch):
        def fail(_row: Any) -> None:
            raise RuntimeError("killed")

        count("ab")
        with monkeypatch.context() as patch:
            patch.setattr("tally.steps.note_shown", fail)
            patch.setattr("tally.drain.is_outage", lambda _: True)
            with pytest.raises(RuntimeError):
                count("c")
        assert (ballots(), unshown()) == (0, 3)

    def test_of_two_workers_is_made_by_one_at_a_time(self, drink, count, cast):
        count("ab")
        cast(drink, "c", "nesquik")
        with steps.alone(drink.pk, wait=True):
            beside(drain_all).result(60)
            assert (ballots(), unshown()) == (0, 3)
        outcomes.catch_up()
        assert (ballots(), unshown()) == (3, 0)

    def test_keeps_voters_that_were_counted_while_it_was_made(self, drink, count, monkeypatch):
        """They are in no outcome yet, also one who is in this one with an older ballot."""
        count("ab")
        decide = outcomes.decide

        def decide_slowly(row: Any, counts: Any) -> Any:
            monkeypatch.setattr(outcomes, "decide", decide)
            with monkeypatch.context() as patch:
                patch.setattr("tally.drain.outcomes.renew", lambda *_: None)
                count("ad")
            return decide(row, counts)

        monkeypatch.setattr(outcomes, "decide", decide_slowly)
        count("c")
        assert ballots() == 3
        assert {*UnshownVoter.objects.values_list("voter_key", flat=True)} == {voter_key("a"), voter_key("d")}

    def test_is_held_back_also_by_a_new_release_and_after_a_repair(self, drink, count):
        count("abcd")
        outcomes.make_all()
        Count.objects.filter(key="q1:nesquik").update(n=2)
        repair(drink, lambda _text: None)
        assert (ballots(), unshown()) == (3, 1)

    def test_without_ballots_follows_the_paper(self, drink):
        outcomes.catch_up()
        StoredOutcome.objects.update(design="0" * 32)
        outcomes.catch_up()
        drink.refresh_from_db()
        assert StoredOutcome.objects.get().design == drink.in_force

    def test_costs_an_election_without_steps_no_row(self, make_election, cast):
        tea = make_election("tea")
        cast(tea, "a", "nesquik")
        drain_all()
        assert not UnshownVoter.objects.exists()
        assert Tally.objects.get().shown_version == 0


class TestSnapshot:
    def test_tells_nothing_of_ballots_that_are_not_shown(self, drink, count, cast, client: Client):
        count("abc")
        before = client.get("/drink/results.json").json()
        assert (before["step"], before["ballots"], before["pending"]) == (STEP, 3, None)
        count("da")
        cast(drink, "e", "cola-cao")
        after = client.get("/drink/results.json").json()
        del before["as_of"], before["pace"], after["as_of"], after["pace"]
        assert after == before

    def test_has_the_same_tag_until_the_next_step(self, count, client: Client):
        tags = []
        for voter in "abcdef":
            count(voter)
            tags.append(client.get("/drink/results.csv")["ETag"])
        assert len({*tags[:2]}) == len({*tags[2:5]}) == 1
        assert len({*tags}) == 3

    def test_names_no_step_where_each_ballot_shows(self, make_election, client: Client):
        make_election("tea")
        assert "step" not in client.get("/tea/results.json").json()

    def test_counts_ballots_over_time_by_steps(self, count):
        count("abcde")
        pace = get_snapshot("drink").pace
        assert pace is not None
        assert sum(pace.counted) == 3

    def test_has_turnout_by_group_at_the_end_alone(self, make_election, redis):
        election = make_election(eligibility="roll", step=STEP)
        fill(election, 30)
        election.refresh_from_db()
        note_all()
        for number in range(1, 5):
            vote(redis, election, number)
        note_all()
        outcomes.catch_up()
        shown = get_snapshot("drink").turnout
        assert shown is not None
        assert (shown["voted"], shown["entitled"], "groups" in shown) == (3, 30, False)
        close_election(election)
        turn_phases()
        shown = get_snapshot("drink").turnout
        assert shown is not None
        assert (shown["voted"], "groups" in shown) == (4, True)


class TestRecord:
    def size(self) -> int:
        recorder.keep_logs()
        return Log.objects.get().size

    def test_grows_with_the_results(self, drink, count):
        sizes = []
        for voter in "abaacde":
            count(voter)
            sizes.append(self.size())
        # The fourth ballot is the third one of the same voter.
        assert sizes == [0, 0, 0, 0, 5, 5, 5]
        assert Batch.objects.filter(first=None).count() == 2
        close_election(drink)
        turn_phases()
        assert self.size() == 7

    def test_is_not_asked_for_again_while_nothing_may_be_shown(self, count):
        count("ab")
        assert recorder.sequencer.waiting() == []
        count("c")
        Batch.objects.update(first=None)
        assert len(recorder.sequencer.waiting()) == 1

    def test_page_of_a_receipt_says_why_it_takes_longer(self, count, client: Client):
        count("a")
        batch = Batch.objects.get()
        for named in (f"{batch.pk}.0", f"{batch.pk}.7", f"{batch.pk + 1}.0"):
            page = client.get("/drink/receipt/", {"entry": named}).content.decode()
            assert "go in steps of 3 ballots" in page
            assert client.get(f"/drink/record/{named}.tlog-proof").status_code == 404
        count("bc")
        self.size()
        page = client.get("/drink/receipt/", {"entry": f"{batch.pk}.0"}).content.decode()
        assert "It has the index 0 in the public record" in page
        assert client.get("/drink/receipt/", {"entry": f"{batch.pk}.7"}).status_code == 404


class TestPage:
    @pytest.mark.parametrize("address", ["/drink/", "/drink/?view=wall", "/drink/embed/"])
    def test_says_that_ballots_show_in_steps_until_the_result_is_final(self, drink, count, client: Client, address):
        count("abcd")
        page = client.get(address).content.decode()
        assert 'data-when-phase="open counting">· in steps of 3 ballots</span>' in page
        assert "data-pending-unknown hidden" in page or "wall" in address
        close_election(drink)
        turn_phases()
        assert Election.objects.get().state == State.FINAL
        assert 'data-when-phase="open counting" hidden>· in steps' in client.get(address).content.decode()
