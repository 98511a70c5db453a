"""Have witnesses cosign the newest head of each record: the log's side of C2SP tlog-witness, https://c2sp.org/tlog-witness.

There is no queue: a witness whose last cosigned head is not the newest one is sent that, with a proof from the size
that it has. Requests run beside each other in threads that know no database, so that no witness waits for another one;
what comes back is judged and stored by the one thread that has sent them, under an advisory lock.
"""

import datetime as dt
import logging
import threading
import time
from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Case, F, Q, QuerySet, Subquery, When
from django.utils import timezone

from polls.outages import is_outage
from tally import store

from . import logs
from .formats.note import Signature
from .formats.witness import AddCheckpoint
from .models import Cosignature, InstallationLog, SignedLog, Witness
from .reading import prove_growth
from .recorder import guarded
from .witness_answers import Refused, read_answer
from .witness_requests import PATIENCE_S, Answer, NoAnswer, post

logger = logging.getLogger(__name__)

# The advisory lock of pushing; completing and those of the count have the others.
PUSHING_LOCK = (0, 4)
# Seconds after which nothing more is sent in a turn, and requests that are under way at once.
TURN_S = 20.0
MOST_AT_ONCE = 16
LONGEST_PAUSE_S = 60
# A witness that is being asked is asked again after so long if the worker dies meanwhile.
TAKEN_S = 2 * PATIENCE_S + 1
# While a record may grow, its head is cosigned anew as often: else nobody would notice that PostgreSQL came back from a
# backup before the next ballot comes.
AGAIN_AFTER = dt.timedelta(minutes=10)


class Push(NamedTuple):
    """A head on its way to a witness; `is_second` once the witness has said from which size it needs a proof."""

    witness: Witness
    log: SignedLog
    request: AddCheckpoint
    is_second: bool = False


_Sent = dict[Future[Answer], Push]


def due(now: dt.datetime) -> QuerySet[Witness]:
    """Return the witnesses that are to be sent the newest head now."""
    of_installation = Subquery(InstallationLog.objects.values("size")[:1])
    size = Case(When(election=None, then=of_installation), default=F("election__log__size"))
    return Witness.objects.annotate(newest=size).filter(
        Q(cosigned_at=None)
        | Q(size__lt=F("newest"))
        | Q(cosigned_at__lte=now - AGAIN_AFTER, election__log__finished_at=None),
        newest__isnull=False,
        try_at__lte=now,
    )


def push_beside() -> None:
    """Push in a thread of its own if there is something to push, so that counting never waits for a witness."""
    if _pushing.locked() or not due(timezone.now()).exists():
        return
    threading.Thread(target=_push_in_thread, name="witnesses", daemon=True).start()


# Held while a thread of this process pushes.
_pushing = threading.Lock()


def _push_in_thread() -> None:
    if not _pushing.acquire(blocking=False):
        return
    try:
        push_all()
    except Exception as error:
        if is_outage(error):
            logger.warning("asking witnesses waits for the next tick: %s", str(error).partition("\n")[0])
        else:
            logger.exception("asking witnesses has failed")
    finally:
        # Of this thread.
        connection.close()
        _pushing.release()


def push_all() -> None:
    """Send to each witness what it has not cosigned yet, unless another worker is at it; takes some 30 s at most."""
    with store.alone(*PUSHING_LOCK) as alone:
        if alone:
            threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="witness")
            try:
                _take_turn(threads, time.monotonic() + TURN_S)
            finally:
                threads.shutdown(wait=False, cancel_futures=True)


def _take_turn(threads: ThreadPoolExecutor, end: float) -> None:
    sent: _Sent = {}
    while True:
        if time.monotonic() < end:
            for push in _prepare([push.witness.pk for push in sent.values()]):
                _send(threads, sent, push)
        if not sent:
            return
        if time.monotonic() > end + TAKEN_S:
            for push in sent.values():
                _note_failure(push, Refused("looking up its host takes too long"), timezone.now())
            return
        # A witness that is slow keeps no other one waiting: meanwhile these may have the next head to cosign.
        answered, _ = wait(sent, timeout=1, return_when=FIRST_COMPLETED)
        for future in answered:
            push = sent.pop(future)
            with guarded("its witnesses are not asked", push.log.election_id and push.log.slug):
                if second := _settle(push, future):
                    _send(threads, sent, second)


def _send(threads: ThreadPoolExecutor, sent: _Sent, push: Push) -> None:
    sent[threads.submit(post, push.witness.address, push.request.to_bytes())] = push


def _prepare(asked: Collection[int]) -> list[Push]:
    """Return what is to be sent now, but not to those who are being asked."""
    now = timezone.now()
    pushes = []
    for witness in due(now).exclude(pk__in=asked).order_by("try_at")[: MOST_AT_ONCE - len(asked)]:
        # First, so that one for whom something fails here does not come again at once.
        Witness.objects.filter(pk=witness.pk).update(try_at=now + dt.timedelta(seconds=TAKEN_S))
        log = logs.find(witness.election_id)
        with guarded("its witnesses are not asked", log.election_id and log.slug):
            pushes.append(Push(witness, log, _write_request(log, min(witness.size, log.size))))
    return pushes


def _write_request(log: SignedLog, old_size: int) -> AddCheckpoint:
    return AddCheckpoint(old_size, tuple(prove_growth(log, old_size)), log.checkpoint.encode())


def _settle(push: Push, future: Future[Answer]) -> Push | None:
    """Store what has come of a push; return the next one where the witness needs a proof from another size."""
    now = timezone.now()
    try:
        found = read_answer(future.result(), push.request, push.witness.verifier_key, now)
    except NoAnswer as problem:
        _note_failure(push, Refused(str(problem)), now)
    except Refused as problem:
        _note_failure(push, problem, now)
    else:
        if isinstance(found, Signature):
            _note_cosignature(push, found, now)
        elif push.is_second:
            _note_failure(push, Refused("it says each time that it has cosigned another size"), now)
        else:
            return push._replace(request=_write_request(push.log, found.size), is_second=True)
    return None


@transaction.atomic
def _note_cosignature(push: Push, signature: Signature, now: dt.datetime) -> None:
    witness, size = push.witness, push.log.size
    known = Witness.objects.filter(pk=witness.pk)
    if not known.update(size=size, cosigned_at=now, problem="", failures=0, contradicts=False, try_at=now):
        # It was removed meanwhile.
        return
    Cosignature.objects.bulk_create(
        [Cosignature(witness=witness, size=size, line=str(signature))],
        update_conflicts=True,
        unique_fields=["witness"],
        update_fields=["size", "line"],
    )
    if witness.problem:
        logger.info("%s: witness %s cosigns again", push.log.slug, witness.name)


def _note_failure(push: Push, problem: Refused, now: dt.datetime) -> None:
    witness = push.witness
    if problem.contradicts and not witness.contradicts:
        logger.error("ALARM %s: witness %s contradicts the record: %s", push.log.slug, witness.name, problem)
    elif str(problem) != witness.problem:
        logger.warning("%s: witness %s has not cosigned: %s", push.log.slug, witness.name, problem)
    pause = min(2.0 ** min(witness.failures, 10), LONGEST_PAUSE_S)
    Witness.objects.filter(pk=witness.pk).update(
        problem=str(problem),
        failures=F("failures") + 1,
        # One that does not answer has not taken back what it has seen.
        contradicts=witness.contradicts or problem.contradicts,
        try_at=now + dt.timedelta(seconds=pause),
    )
