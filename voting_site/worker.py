"""The worker: processes that count, and beside them one for what people wait for.

Under a flood of ballots each drain takes its whole turn, and tasks wait behind others for many seconds: longer than an
organiser waits, and longer than a wake-up is good for. So what organisers, voters and pages wait for has a queue of its
own (`ACTS_QUEUE`), and Celery another main process for it, which does them in threads: it takes half the memory of a
pool of processes, and such tasks wait for servers rather than for a processor. Both work on the same servers as two
workers on two machines would: locks in PostgreSQL keep them apart.
"""

import logging
import multiprocessing
import os
import threading
import warnings
from functools import partial
from importlib import import_module
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

from celery.apps import worker as celery_worker
from celery.exceptions import SecurityWarning
from celery.signals import task_postrun, worker_process_init, worker_shutting_down
from django.conf import settings

from polls.ballot_box import in_sync

from .celery import app
from .running import GRACE, Place, die_with_parent, freeze_heap, touch

logger = logging.getLogger(__name__)

# Seconds for a worker that cannot go on to leave.
HASTE = 2
# Imported by Celery when a worker starts.
LOADED_BY_ALL = (
    "celery.app.log",
    "celery.concurrency.prefork",
    "celery.concurrency.thread",
    "celery.worker.components",
    "celery.worker.consumer",
    "kombu.transport.redis",
)
# One may bring a long roll, or heal the box; the other one goes on meanwhile.
ACTS_THREADS = 2


class Worker(app.Worker):  # type: ignore[name-defined]
    """A Celery worker that leaves in bounded time, whether it was told to or cannot go on."""

    told = is_leaving = False

    def run(self) -> bool:
        """Take tasks until told to stop; return whether that was so."""
        worker_shutting_down.connect(self._note, weak=False)
        self.start()
        return self.told

    def _note(self, **_: Any) -> None:
        self.told = self.is_leaving = True
        leave_within(GRACE, 0)

    def stop(self, in_sighandler: bool = False, exitcode: int | None = None) -> None:
        self.is_leaving = True
        if not self.told:
            # Of itself it would wait 30 s for children that wait for a loop which has ended; nobody counts then.
            leave_within(HASTE, 1)
        super().stop(in_sighandler, exitcode)


def work(place: Place) -> bool:
    """Run the worker in the foreground."""
    if settings.LOG_FORMAT == "json":
        # What it says of signals goes past the log, since a signal handler cannot write to that.
        celery_worker.safe_say = lambda *_: None  # type: ignore[attr-defined]
    # About pickled messages under root; only JSON is accepted here.
    warnings.simplefilter("ignore", SecurityWarning)
    worker_process_init.connect(die_with_parent, weak=False)
    worker_process_init.connect(freeze_heap, weak=False)
    _load_what_all_need()
    freeze_heap()
    acts = start_acts(place.tick_file)
    counting = _new_worker(app.conf.task_default_queue, "prefork", place.processes, place.tick_file)
    worker_shutting_down.connect(lambda **_: acts.terminate(), weak=False)
    threading.Thread(target=_leave_after, args=(acts, counting), name="acts", daemon=True).start()
    told = counting.run()
    acts.terminate()
    acts.join()
    return told


def _load_what_all_need() -> None:
    """Import what each process of the worker would import of itself, so that it is in memory once."""
    app.loader.import_default_modules()
    for module in LOADED_BY_ALL:
        import_module(module)


def start_acts(tick_file: Path | None) -> ForkProcess:
    """Start the process for what people wait for; it ends with this one."""
    process = multiprocessing.get_context("fork").Process(
        target=_take_acts, args=(os.getpid(), tick_file), name="acts", daemon=True
    )
    process.start()
    return process


def acts_file(tick_file: Path) -> Path:
    """Name the file that the process of `ACTS_QUEUE` touches, beside that of the others."""
    return tick_file.with_name(f"{tick_file.name}-acts")


def _take_acts(parent: int, tick_file: Path | None) -> None:
    die_with_parent()
    if os.getppid() == parent:
        # Not by a task: these come by the broker, which may be moving to another server just then.
        in_sync.start()
        in_sync.start_arrivals()
        _new_worker(settings.ACTS_QUEUE, "threads", ACTS_THREADS, tick_file and acts_file(tick_file)).run()


def _new_worker(queue: str, pool: str, width: int, tick_file: Path | None) -> Worker:
    if tick_file:
        task_postrun.connect(partial(touch, tick_file), weak=False)
    return Worker(
        queues=[queue],
        pool=pool,
        concurrency=width,
        without_gossip=True,
        without_mingle=True,
        # Events that nobody listens to.
        without_heartbeat=True,
        quiet=True,
        loglevel="WARNING",
    )


def _leave_after(acts: ForkProcess, counting: Worker) -> None:
    """End this process if the other one has ended of itself: whoever has started this one starts both again."""
    acts.join()
    if not counting.is_leaving:
        logger.error("the process for what organisers do has ended")
        os._exit(1)


def leave_within(seconds: float, code: int) -> None:
    """Let the worker end by then, whatever it is at: a round that was under way comes again, and changes nothing."""
    deadline = threading.Timer(seconds, os._exit, [code])
    deadline.daemon = True
    deadline.start()
