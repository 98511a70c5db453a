"""How many are on a roll, by what can be told of them, and a part of it to look at."""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Q, QuerySet

from polls.models import Election, RollEntry
from polls.roll.ready import count_voters

# Groups that are listed; the rest is counted.
MOST_GROUPS = 30


@dataclass(frozen=True)
class RollSummary:
    """Voters who are not struck, with their weight and groups; and those without a code, and those struck."""

    voters: int
    weight: int
    struck: int
    without_code: int
    groups: tuple[tuple[str, int], ...]

    @property
    def listed_groups(self) -> tuple[tuple[str, int], ...]:
        return self.groups[:MOST_GROUPS]

    @property
    def more_groups(self) -> int:
        return len(self.groups[MOST_GROUPS:])


def summarise(election: Election) -> RollSummary:
    """Count the roll of an election."""
    voters, weight = count_voters(election)
    entries = RollEntry.objects.filter(election=election)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT title, count(*) FROM polls_rollentry, jsonb_array_elements_text(groups) AS part (title)"
            " WHERE election_id = %s AND struck_at IS NULL GROUP BY title ORDER BY count(*) DESC, title",
            [election.pk],
        )
        groups = tuple(cursor.fetchall())
    return RollSummary(
        voters,
        weight,
        entries.exclude(struck_at=None).count(),
        entries.filter(struck_at=None, code_hash="").count(),
        groups,
    )


def find_voters(election: Election, words: str) -> QuerySet[RollEntry]:
    """Return the entries with all these words in name or member number, in the order of the roll."""
    found = RollEntry.objects.filter(election=election).order_by("number")
    for word in words.split():
        found = found.filter(Q(name__icontains=word) | Q(member_number__icontains=word))
    return found
