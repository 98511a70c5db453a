"""The locks under which a roll is changed: whoever needs several takes that of the roll first, then the election's.

An act on a roll holds the first one as long as it takes, which is a minute for a long list. Publishing and opening take
the second one alone. The act holds that from its last look at the election to its commit, so that nobody waits for a
whole list.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection
from django.utils import timezone
from django.utils.translation import gettext as _

from polls import ballot_box
from polls.definition import moment
from polls.life import State
from polls.models import Election, Roll

from .acts import NotDone

# Milliseconds for which an act waits for another one on the same roll, and what PostgreSQL calls it then.
PATIENCE_MS = 5000
_LOCK_NOT_AVAILABLE = "55P03"


def lock_roll(election: Election) -> Roll:
    """Let two acts take turns, so that a revision never comes to the ballot box before one that is lower.

    Raises NotDone while another one takes long: an import of a large list takes a minute.
    """
    with _patience():
        Roll.objects.get_or_create(election=election)
        return Roll.objects.select_for_update().get(election=election)


def wait_for_roll(election: Election) -> None:
    """Lock the roll of an election, if it ever had one: the worker may not make any. Raises NotDone as above."""
    with _patience():
        Roll.objects.select_for_update().filter(election=election).first()


@contextmanager
def _patience() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = %s", [PATIENCE_MS])
        try:
            yield
        except OperationalError as error:
            if getattr(error.__cause__, "pgcode", None) != _LOCK_NOT_AVAILABLE:
                raise
            raise NotDone(
                _("Nothing was done: a list is being imported into this roll. Try again when that is done.")
            ) from error
        cursor.execute("SET LOCAL lock_timeout = 0")


def lock_election(election: Election) -> tuple[Election, dt.datetime]:
    """Let nobody publish or open an election until the commit; return it as it is now, and the time, for a last look.

    The ballot box opens it by its own clock, at the time that it was told last: of two clocks the later one counts, and
    of two openings the earlier one. So what is returned is not to be saved.
    """
    stored = Election.objects.select_for_update().get(pk=election.pk)
    now = timezone.now()
    if stored.state != State.PUBLISHED:
        return stored, now
    try:
        [[opens]] = ballot_box.read_rules([(stored.pk, 0)], "opens")
        now = max(now, moment(ballot_box.read_clock()))
    except ballot_box.Unavailable:
        # An act is done without the box, too: what PostgreSQL knows has to do.
        return stored, now
    if opens is not None:
        stored.opens_at = min(stored.opening, moment(int(opens)))
    return stored, now
