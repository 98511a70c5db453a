"""The places at which a process can die in the middle of its work, and how the harness makes it die exactly there.

Nothing of this is in the production code: `install` wraps its functions from outside, in a role that the harness
started through role.py. A place kills the first process that reaches it while a file of its name is in the folder.
"""

import functools
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

FOLDER = "URNA_FAULTS_ARMED"

# Place: the role that comes by, and where it stands then.
PLACES = {
    "cast.asked": ("vote", "a ballot has come, the script has not run"),
    "cast.accepted": ("vote", "the script has run, the voter has no answer"),
    "cast.woken": ("vote", "the wake-up is sent, the voter has no answer"),
    "drain.begun": ("worker", "the wake key is gone, nothing is read"),
    "drain.locked": ("worker", "the shard is locked"),
    "drain.read": ("worker", "the batch is read"),
    "drain.recorded": ("worker", "the cast records are inserted"),
    "drain.replaced": ("worker", "the counted ballots are replaced"),
    "drain.added": ("worker", "the counts are added"),
    "drain.counted": ("worker", "all is written, nothing committed"),
    "drain.committed": ("worker", "all is committed, nothing deleted from the box"),
    "settle.halfway": ("worker", "half of the batch is deleted from the box"),
    "settle.done": ("worker", "the batch is deleted, nobody told"),
    "announce.done": ("worker", "the hint is sent"),
}


def reach(place: str) -> None:
    """Die here and now if the harness has armed this place."""
    with suppress(FileNotFoundError):
        # Whoever removes the file is the one to die.
        (Path(os.environ[FOLDER]) / place).unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def is_armed(place: str) -> bool:
    """Tell whether the next process at this place is to die."""
    return (Path(os.environ[FOLDER]) / place).exists()


def install(role: str) -> None:
    """Wrap the functions of the vote path that this role runs."""
    if role == "vote":
        from polls import ballot_box, views

        _wrap(ballot_box, "cast", before="cast.asked", after="cast.accepted")
        _wrap(views, "ask_for_drain", after="cast.woken")
    elif role == "worker":
        from tally import drain, inbox, store

        _wrap(inbox, "clear_wake_up", after="drain.begun")
        _wrap(store, "try_lock", after="drain.locked")
        # Most rounds end with a look into an empty box, where nothing is at stake.
        _wrap(inbox, "read", after="drain.read", only_if=bool)
        _wrap(store, "insert_cast_records", after="drain.recorded")
        _wrap(store, "save_counted", after="drain.replaced")
        _wrap(store, "add_to_counts", after="drain.added")
        _wrap(drain, "record", after="drain.counted")
        _wrap(inbox, "settle", before="drain.committed", after="settle.done")
        _wrap(drain, "announce", after="announce.done")
        inbox._chunks = _break_in_the_middle(inbox._chunks)


def _wrap(
    module: Any, name: str, *, before: str = "", after: str = "", only_if: Callable[[Any], bool] | None = None
) -> None:
    function = getattr(module, name)

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if before:
            reach(before)
        result = function(*args, **kwargs)
        if after and (only_if is None or only_if(result)):
            reach(after)
        return result

    setattr(module, name, wrapped)


def _break_in_the_middle(chunks: Callable[[list[Any]], Iterator[Sequence[Any]]]) -> Callable[..., Iterator[Any]]:
    def broken(settlements: list[Any]) -> Iterator[Sequence[Any]]:
        if len(settlements) > 1 and is_armed("settle.halfway"):
            yield settlements[: len(settlements) // 2]
            reach("settle.halfway")
        yield from chunks(settlements)

    return broken
