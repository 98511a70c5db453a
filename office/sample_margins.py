"""By how many votes each contest is decided, and how many entries an audit by sample has to open for that."""

from dataclasses import dataclass

from polls.withholding import withheld
from record.sampling.sample_size import draws_needed
from results.snapshot import Snapshot
from tabulation.motion import Majority
from tally.contests_shown import ContestShown

# Methods in which a ballot gives each option one vote at most, and the options with most votes win.
_BY_MOST_VOTES = ("plurality", "approval")


@dataclass(frozen=True)
class Margin:
    """By how many votes a contest is decided; None where that cannot be said in one number."""

    title: str
    votes: int | None

    def draws_needed(self, entries: int, risk_limit: float) -> int | None:
        """Return how many draws show this outcome; all entries where one ballot could turn it, None if unknown."""
        if self.votes is None:
            return None
        return min(draws_needed(min(self.votes / entries, 1), risk_limit), entries) if self.votes else entries


def find_margins(snapshot: Snapshot) -> list[Margin]:
    """Return the margin of each contest, which is known only where all votes weigh the same."""
    if withheld(snapshot.election.shows, snapshot.election.state, snapshot.election.released_at):
        return []
    weighted = snapshot.weight is not None
    return [Margin(one.title, None if weighted else _find_margin(one)) for one in snapshot.contests]


def _find_margin(shown: ContestShown) -> int | None:
    counts = {one.key: one.count for one in shown.outcome.standings}
    if shown.recounted is not None:
        return None
    if shown.contest.method == "motion":
        rules = shown.contest.rules
        if rules.get("quorum") or rules.get("majority", Majority.SIMPLE) != Majority.SIMPLE:
            return None
        return abs(counts[rules.get("yes", "yes")] - counts[rules.get("no", "no")])
    if shown.contest.method not in _BY_MOST_VOTES:
        return None
    if shown.outcome.ties:
        return 0
    won = [counts[key] for key in shown.winners]
    lost = [count for key, count in counts.items() if key not in shown.winners]
    return min(won) - max(lost) if won and lost else None
