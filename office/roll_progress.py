"""An import of a roll that goes on whether its page stays open or not, and tells the page how far it is."""

import logging
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from polls.outages import is_outage

from .roll_acts import ImportRoll

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.contrib.auth.models import User as Account

    User = Account | AnonymousUser

logger = logging.getLogger(__name__)

T = TypeVar("T")
# Voters after which the page is told how far the import is.
STEP = 5000
# Imports of one process at once, each with a connection to PostgreSQL.
_turns = threading.BoundedSemaphore(2)


class Busy(Exception):
    """As many imports as this process runs at once are under way."""


class Outcome:
    """How an import has ended: with a number of voters, or with a problem, and then nobody was imported."""

    def __init__(self, number: int = 0, problem: str = "") -> None:
        self.number, self.problem = number, problem


def run(act: ImportRoll, *, by: "User", afterwards: Callable[[], object]) -> Iterator[int | Outcome]:
    """Yield how many voters have been read, then the outcome; raises Busy at once.

    `afterwards` is called once all are imported. Whoever stops to iterate does not stop the import.
    """
    if not _turns.acquire(blocking=False):
        raise Busy
    told: queue.SimpleQueue[int | Outcome] = queue.SimpleQueue()
    language = get_language()
    act.records = _tell(act.records, told)

    def work() -> None:
        try:
            with override(language):
                told.put(_import(act, by, afterwards))
        finally:
            connection.close()
            _turns.release()

    threading.Thread(target=work, name="import of a roll").start()
    return _listen(told)


def _import(act: ImportRoll, by: "User", afterwards: Callable[[], object]) -> Outcome:
    try:
        number = act.perform(by=by)
        afterwards()
    except ValidationError as problem:
        return Outcome(problem=" ".join(problem.messages))
    except Exception as error:  # whatever it is, the page waits for an answer
        if not is_outage(error):
            logger.exception("an import of a roll broke")
            return Outcome(problem=_("Something broke on our side, and has been noted. Look at the list of voters."))
        logger.warning("an import of a roll met an outage: %s", error)
        return Outcome(problem=_("The database did not answer. Look at the list of voters, then try again."))
    return Outcome(number)


def _tell(records: Iterable[T], told: "queue.SimpleQueue[int | Outcome]") -> Iterator[T]:
    for number, record in enumerate(records, start=1):
        if number % STEP == 0:
            told.put(number)
        yield record


def _listen(told: "queue.SimpleQueue[int | Outcome]") -> Iterator[int | Outcome]:
    while True:
        news = told.get()
        yield news
        if isinstance(news, Outcome):
            return
