"""What a presenter has set for the walls of an election, as PostgreSQL keeps it."""

from django.db import models

from polls.labels import LONGEST_KEY
from polls.models import Election


class WallState(models.Model):
    """What the walls of an election show of it. Without a row they show every question in turn, with its result.

    It is about walls alone, and withholds nothing from dashboards: that is for the rule `shows` of the election.
    """

    class Reveal(models.TextChoices):
        """How a result appears: from the last place to the first, or by bars that grow."""

        PLACES = "places"
        BARS = "bars"

    # In the place of the key of a contest; "" is one after the other.
    SIDE_BY_SIDE = "*"

    election = models.OneToOneField(Election, models.CASCADE, primary_key=True, related_name="wall")
    contest = models.CharField(max_length=LONGEST_KEY, blank=True)
    hides = models.BooleanField(default=False)
    reveal = models.CharField(max_length=10, choices=Reveal, blank=True)
    # By the clock of PostgreSQL, which frames tell as `as_of`. A time to come is counted down to.
    reveal_at = models.DateTimeField(null=True)
    # Seconds between two places.
    pause = models.PositiveSmallIntegerField(default=2)

    def __str__(self) -> str:
        return f"of {self.election_id}"
