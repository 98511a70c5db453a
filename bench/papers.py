"""The papers for the figures, and elections with them."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polls.models import Election

# Contests by key, each with the keys of its options.
Paper = Mapping[str, Sequence[str]]

# The paper of the demo election, to which others are compared.
ONE_CONTEST: Paper = {"q1": ("nesquik", "cola-cao")}


def paper_of(contests: int, options: int) -> Paper:
    """Return a paper with this many contests of this many options each."""
    return {f"q{place}": [f"option-{number}" for number in range(options)] for place in range(1, contests + 1)}


def choose(paper: Paper, pick: Random) -> dict[str, str]:
    """Return the fields of a form on which one option of each contest is chosen."""
    return {contest: pick.choice(options) for contest, options in paper.items()}


def rank(paper: Paper, pick: Random) -> dict[str, str]:
    """Return the fields of a form on which all options of each contest are ranked."""
    return {
        f"{contest}:{option}": str(place)
        for contest, options in paper.items()
        for place, option in enumerate(pick.sample(options, len(options)), start=1)
    }


def new_election(
    slug: str, paper: Paper = ONE_CONTEST, *, shards: int = 1, method: str = "plurality", seats: int = 1
) -> "Election":
    """Publish an open election with contests of one method, or return the one that has this address already."""
    from polls.models import Election
    from polls.paper_file import create_election
    from polls.publishing import publish_election

    contests = [
        {
            "key": key,
            "title": key if len(paper) > 1 else "",
            "method": method,
            "seats": seats,
            "options": [{"key": option, "label": option} for option in options],
        }
        for key, options in paper.items()
    ]
    if election := Election.objects.filter(slug=slug).first():
        return election
    election = create_election({"title": slug, "slug": slug, "contests": contests}, shards=shards)
    publish_election(election)
    return election
