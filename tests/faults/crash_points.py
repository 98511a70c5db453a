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

# By place: the role that reaches it, and what the role is doing there.
PLACES = {  # in the life of each ballot
    "cast.asked": ("vote", "a ballot has come, the script has not run"),
    "cast.accepted": ("vote", "the script has run, the voter has no answer"),
    "cast.woken": ("vote", "the wake-up is sent, the voter has no answer"),
    "drain.begun": ("worker", "the wake key is gone, nothing is read"),
    "drain.locked": ("worker", "the shard is locked"),
    "drain.read": ("worker", "the batch is read"),
    "drain.recorded": ("worker", "the cast records are inserted"),
    "drain.replaced": ("worker", "the counted ballots are replaced"),
    "drain.added": ("worker", "the counts are added"),
    "record.written": ("worker", "the entries of the record are inserted"),
    "drain.counted": ("worker", "all is written, nothing committed"),
    "drain.committed": ("worker", "all is committed, no outcome made, nothing deleted from the box"),
    "outcome.made": ("worker", "the outcome is stored, nothing deleted from the box"),
    "settle.halfway": ("worker", "half of the batch is deleted from the box"),
    "settle.done": ("worker", "the batch is deleted, nobody told"),
    "announce.done": ("worker", "the hint is sent"),
    "record.placed": ("worker", "entries have their places, the tree has not grown"),
    "record.grown": ("worker", "the tiles have grown, no head is signed"),
    "record.signed": ("worker", "the new head is committed"),
}
CLOSING = {  # when an organiser presses "Close now"
    "close.asked": ("admin", "the organiser has said yes, nothing is done"),
    "close.shard": ("admin", "the first of several shards is sealed"),
    "close.sealed": ("admin", "the whole box is sealed, PostgreSQL does not know"),
    "close.committed": ("admin", "PostgreSQL knows, the definition in the box does not say so"),
    "close.delivered": ("admin", "the box has the new definition, nobody is told"),
    "close.done": ("admin", "all is done, the organiser has no answer"),
}
ENDING = {  # when a window runs out
    "turn.opened": ("worker", "the opening is noted, nobody told"),
    "turn.shard": ("worker", "the first of several shards is sealed"),
    "turn.sealed": ("worker", "the whole box is sealed, PostgreSQL does not know"),
    "turn.committed": ("worker", "PostgreSQL knows, the definition in the box does not say so"),
    "turn.delivered": ("worker", "the box has the new definition, nobody is told"),
    "turn.counted": ("worker", "sealed and empty, not yet final"),
    "turn.final": ("worker", "the election is final, nobody told"),
}
HEALING = {  # when Redis was emptied
    "heal.begun": ("worker", "the new epoch has a name, nothing is restored"),
    "heal.marked": ("worker", "what the voters have cast is restored, the definitions are not"),
    "heal.defined": ("worker", "the definitions are there, the shards live in no epoch that is known"),
    "heal.adopted": ("worker", "all is there but the epoch itself"),
    "heal.done": ("worker", "the new epoch has begun, PostgreSQL has committed, nobody told"),
}


def reach(place: str) -> None:
    """Die here and now if the harness has armed this place."""
    with suppress(FileNotFoundError):
        # The process that removes the file is the one that dies.
        (Path(os.environ[FOLDER]) / place).unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def is_armed(place: str) -> bool:
    """Tell whether the next process at this place is to die."""
    return (Path(os.environ[FOLDER]) / place).exists()


def install(role: str) -> None:
    """Wrap the functions of the vote path that this role runs."""
    if role == "vote":
        from polls import accepting, ballot_box

        _wrap(ballot_box, "cast", before="cast.asked", after="cast.accepted")
        _wrap(accepting, "ask_for_drain", after="cast.woken")
    elif role == "worker":
        from polls.ballot_box import inbox, restoring
        from record import recorder, sequencer
        from tally import drain, healing, lifecycle, outcomes, store

        _wrap(inbox, "clear_wake_up", after="drain.begun")
        _wrap(store, "try_lock", after="drain.locked")
        # Most rounds end by reading an empty box, where a crash would show nothing.
        _wrap(inbox, "read", after="drain.read", only_if=bool)
        _wrap(drain, "insert_new", after="drain.recorded")
        _wrap(store, "save_counted", after="drain.replaced")
        _wrap(store, "add_to_counts", after="drain.added")
        _wrap(recorder.PublicRecorder, "write", after="record.written")
        _wrap(drain, "record", after="drain.counted")
        _wrap(outcomes, "make_outcome", before="drain.committed", after="outcome.made")
        _wrap(inbox, "settle", after="settle.done")
        _wrap(drain, "announce", after="announce.done")
        _wrap(sequencer, "_place", after="record.placed")
        _wrap(sequencer, "_store_tiles", after="record.grown")
        _wrap(sequencer, "sequence", after="record.signed")
        inbox._chunks = _break_in_the_middle(inbox._chunks)
        _install_ends("turn")
        _wrap(lifecycle, "_open", after="turn.opened")
        _wrap(inbox, "is_empty", after="turn.counted", only_if=bool)
        _wrap(lifecycle, "_mark", after="turn.final")
        _wrap(healing, "_restore_marks", before="heal.begun", after="heal.marked")
        _wrap(healing, "restore", after="heal.defined")
        _wrap(restoring, "finish", before="heal.adopted")
        _wrap(healing, "heal", after="heal.done")
    elif role == "admin":
        from office.acts import Close

        _install_ends("close")
        _wrap(Close, "perform", before="close.asked", after="close.done")


def _install_ends(prefix: str) -> None:
    """Wrap what seals a box and stores the seal, under the names that begin with `prefix`."""
    from polls import ballot_box, publishing
    from polls.ballot_box import sealing

    _wrap(sealing, "_seal_shard", after=f"{prefix}.shard", only_if=lambda seal: seal.sealed)
    _wrap(ballot_box, "seal", after=f"{prefix}.sealed", only_if=lambda seal: seal.sealed)
    _wrap(publishing, "_deliver", before=f"{prefix}.committed", after=f"{prefix}.delivered")


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
