"""The pure count: how ballots are batched, repeated or mixed across voters must not matter."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from polls.ballots import Ballot
from tally.counting import Changes, Counted, count

VOTERS = ("ana", "eva", "leo")
MARKINGS = ("ant", "bee", "ant,bee", "cat")
# One voter's weight may change while people vote.
WEIGHTS = (1, 1, 3, 700)


def ballot(voter: str, number: int, marking: str, weight: int = 1) -> Ballot:
    return Ballot(voter, f"{number:04}", "d0", marking, "e0", number, 0, weight)


def keys_of(marking: str) -> list[str]:
    return marking.split(",")


class Ledger:
    """What store.py keeps, in memory: it applies changes, and drops ballots that it has seen."""

    def __init__(self, votes_final: bool) -> None:
        self.votes_final = votes_final
        self.seen: set[tuple[str, str]] = set()
        self.counted: dict[str, Counted] = {}
        self.counts: Counter[str] = Counter()
        self.ballots = 0
        self.extra_weight = 0

    def take(self, batch: list[Ballot]) -> Changes:
        new = [one for one in batch if (one.voter_key, one.ballot_id) not in self.seen]
        self.seen.update((one.voter_key, one.ballot_id) for one in new)
        changes = count(new, self.counted, count_keys=keys_of, votes_final=self.votes_final)
        self.counted.update(changes.counted)
        self.counts.update(changes.counts)
        self.ballots += changes.new_voters
        self.extra_weight += changes.extra_weight
        assert min(self.counts.values(), default=0) >= 0
        return changes

    @property
    def state(self) -> tuple:
        return self.counted, +self.counts, self.ballots, self.extra_weight


@st.composite
def histories(draw: st.DrawFn) -> list[Ballot]:
    """Accepted ballots: rising numbers, so that the ids of one voter rise as `cast.lua` has it."""
    one = st.tuples(st.sampled_from(VOTERS), st.sampled_from(MARKINGS), st.sampled_from(WEIGHTS))
    return [ballot(voter, number, *rest) for number, (voter, *rest) in enumerate(draw(st.lists(one, max_size=25)), 1)]


@st.composite
def deliveries(draw: st.DrawFn, history: list[Ballot]) -> list[list[Ballot]]:
    """The same history as it may arrive: cut anywhere, with batches that come again from any earlier point."""
    batches, position = [], 0
    while position < len(history):
        start = draw(st.integers(0, position))
        position = draw(st.integers(position + 1, len(history)))
        batches.append(history[start:position])
    return batches


class TestCount:
    @given(st.data(), histories(), st.booleans())
    def test_does_not_depend_on_batches_or_repetition(self, data, history, votes_final):
        whole, pieces = Ledger(votes_final), Ledger(votes_final)
        whole.take(history)
        for batch in data.draw(deliveries(history)):
            pieces.take(batch)
        assert pieces.state == whole.state

    @given(st.data(), histories(), st.booleans())
    def test_does_not_depend_on_the_order_across_voters(self, data, history, votes_final):
        whole, mixed = Ledger(votes_final), Ledger(votes_final)
        whole.take(history)
        queues = {voter: [one for one in history if one.voter_key == voter] for voter in VOTERS}
        while any(queues.values()):
            voter = data.draw(st.sampled_from([voter for voter in VOTERS if queues[voter]]))
            mixed.take([queues[voter].pop(0)])
        assert mixed.state == whole.state

    @given(st.data(), histories())
    def test_does_not_even_depend_on_the_order_of_one_voters_changeable_votes(self, data, history):
        whole, mixed = Ledger(False), Ledger(False)
        whole.take(history)
        mixed.take(data.draw(st.permutations(history)))
        assert mixed.state == whole.state

    @given(histories(), st.booleans())
    def test_agrees_with_a_recount_of_what_each_voter_is_entitled_to(self, history, votes_final):
        ledger = Ledger(votes_final)
        changes = ledger.take(history)
        deciding: dict[str, Ballot] = {}
        for one in history:
            if not (votes_final and one.voter_key in deciding):
                deciding[one.voter_key] = one
        recounted: Counter[str] = Counter()
        for one in deciding.values():
            recounted.update(dict.fromkeys(keys_of(one.marking), one.weight))
        assert (+ledger.counts, ledger.ballots) == (recounted, len(deciding))
        assert ledger.ballots + ledger.extra_weight == sum(one.weight for one in deciding.values())
        assert len(changes.set_aside) == (len(history) - len(deciding) if votes_final else 0)
