"""A change that the ballot box refuses is taken back, by whoever brought it there; the log of acts tells that, too."""

from typing import Any

from django.dispatch import receiver

from polls.definition import milliseconds
from polls.delivery import taken_back
from polls.models import Election

from .acts import differences, logged_values
from .models import ActName, LoggedAct

# Times of which the box keeps the milliseconds.
TIMES = ("opens_at", "closes_at")
# Who takes it back, in the log.
BALLOT_BOX = "ballot box"


@receiver(taken_back)
def log_taken_back(sender: type[Election], *, refused: Election, restored: Election, **_: Any) -> None:
    """Add a line to the log, in the transaction that takes the change back."""
    for name in TIMES:
        before, after = getattr(refused, name), getattr(restored, name)
        if before and after and milliseconds(before) == milliseconds(after):
            setattr(refused, name, after)
    LoggedAct.objects.create(
        actor=BALLOT_BOX,
        act=ActName.TAKE_BACK,
        election=restored.pk,
        slug=restored.slug,
        changes=differences(logged_values(refused), logged_values(restored)),
    )
