"""Notice that PostgreSQL came back from a backup: Redis remembers the newest head of each log that grows as well.

A log whose tree does not begin with a head that it had before has lost entries, or has others in their place. A Redis
that came back with older data has an older head, which the tree begins with: that is no alarm, and neither is a Redis
that was emptied.
"""

import datetime as dt
import logging
from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from polls.ballot_box import connection

from .formats.checkpoint import Checkpoint
from .formats.note import Note
from .formats.tree_proofs import InvalidProof, verify_consistency
from .models import InstallationLog, Log, SignedLog
from .reading import prove_growth

logger = logging.getLogger(__name__)

# A hash in Redis: name and ID of a log's key -> the text of the newest checkpoint that was seen.
HEADS = "urna:record:heads"
# How long a log is compared after it was finished.
LATELY = dt.timedelta(minutes=10)


def compare() -> None:
    """Compare each log that may grow with its newest head in Redis, and remember newer ones there.

    Notes a log that does not grow out of that head, and raises an alarm, once. Raises Unavailable.
    """
    since = timezone.now() - LATELY
    keys = (key for logs in _growing(since) for key in logs.values_list("verifier_key", flat=True))
    names = [_name(key) for key in keys]
    if not names:
        return
    with connection.reaching():
        # First: a head in Redis was committed before, so that PostgreSQL has it as well, unless it has lost it.
        seen = dict(zip(names, connection.client().hmget(HEADS, names), strict=True))
    newer = {}
    for logs in _growing(since):
        for log in logs.defer("frontier"):
            name, head = _name(log.verifier_key), Note.parse(log.checkpoint.encode()).text
            known = _read(seen.get(name))
            if known is None or begins_with(log, known):
                newer[name] = head
            else:
                _note(log, known)
    changed = {name: head for name, head in newer.items() if seen.get(name) != head.encode()}
    if changed:
        with connection.reaching():
            connection.client().hset(HEADS, mapping=changed)


def _growing(since: dt.datetime) -> Iterable[QuerySet[Log] | QuerySet[InstallationLog]]:
    """Yield the logs of which nothing is wrong yet, and which may grow or have done so since a moment."""
    yield Log.objects.filter(Q(fates=None) | Q(signed_at__gt=since), other_head="").defer("fates")
    yield InstallationLog.objects.filter(other_head="")


def _name(verifier_key: str) -> str:
    return verifier_key.rpartition("+")[0]


def _read(text: bytes | None) -> Checkpoint | None:
    """Read what Redis remembers; None where it has nothing, or nothing that can be read."""
    try:
        return Checkpoint.parse(text.decode()) if text else None
    except ValueError:
        return None


def begins_with(log: SignedLog, known: Checkpoint) -> bool:
    """Tell whether the tree of a log begins with that of another head."""
    head = Checkpoint.parse(Note.parse(log.checkpoint.encode()).text)
    if known.size > head.size:
        return False
    try:
        verify_consistency(prove_growth(log, known.size), known.size, known.root, head.size, head.root)
    except InvalidProof:
        return False
    return True


def _note(log: SignedLog, known: Checkpoint) -> None:
    """Note the head that a log does not have any more, and raise the alarm."""
    # By its key: meanwhile another log may have begun in its place.
    noted = type(log)._default_manager.filter(pk=log.pk, verifier_key=log.verifier_key, other_head="")
    if noted.update(other_head=known.text, other_head_at=Now()):
        logger.error(
            "ALARM %s: its log had %s entries, and the %s that it has now are not as they were: PostgreSQL came back "
            "from a backup, or somebody has changed it",
            log.slug,
            known.size,
            log.size,
        )
