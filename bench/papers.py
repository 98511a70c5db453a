"""The papers that the figures are about, and elections with them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polls.models import Election

# Contests by key, each with the keys of its options.
Paper = Mapping[str, Sequence[str]]

# That of the demo election: the reference.
ONE_CONTEST: Paper = {"q1": ("nesquik", "cola-cao")}


def paper_of(contests: int, options: int) -> Paper:
    """Return a paper with so many contests of so many options each."""
    return {f"q{place}": [f"option-{number}" for number in range(options)] for place in range(1, contests + 1)}


def new_election(slug: str, paper: Paper = ONE_CONTEST, *, shards: int = 1) -> "Election":
    """Publish an open election in each of whose contests one option can be chosen; one that is there serves again."""
    from polls.models import Election
    from polls.paper_file import create_election
    from polls.publishing import publish_election

    contests = [
        {
            "key": key,
            "title": key if len(paper) > 1 else "",
            "options": [{"key": option, "label": option} for option in options],
        }
        for key, options in paper.items()
    ]
    if election := Election.objects.filter(slug=slug).first():
        return election
    election = create_election({"title": slug, "slug": slug, "contests": contests}, shards=shards)
    publish_election(election)
    return election
