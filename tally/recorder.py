"""What the count hands on to the public record, which it does not know: the app above puts its own recorder here.

Without one nothing is recorded, and all else goes on.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from polls.ballots import Ballot
from polls.definition import Definition
from polls.models import Election

from .models import RejectedBallot

# Prepares the entries of the ballots of a batch.
Prepare = Callable[[Iterable[Ballot]], Any]


class Contradiction(Exception):
    """The record does not fit the ballots; the message says in which way."""


class Recorder:
    """Records nothing; a record overrides all of it."""

    def begin(self, definition: Definition) -> Prepare:
        """Return what prepares the entries of ballots, outside of any transaction.

        That takes no database, so that it can be done in a thread beside the count.
        """
        return lambda _ballots: None

    def write(
        self,
        definition: Definition,
        shard: int,
        version: int,
        prepared: Any,
        *,
        new: Sequence[Ballot],
        known: Sequence[Ballot],
        set_aside: Sequence[RejectedBallot],
    ) -> Mapping[str, str]:
        """Write the entries of a batch in the open transaction, which also counts it.

        `prepared` is what was prepared of all ballots of the batch. Of these `new` are those that have got a cast
        record in this transaction, and `known` have their entries since an earlier one. `set_aside` is what is set
        aside in it without a cast record. `version` is that of the shard's tally with them, as no other batch has it.
        Returns by the names of ballots what finds their entries, without spaces; nothing for one that has none. Where
        voters can check their ballots, it is followed by an @ and what opens the entry.
        """
        return {}

    def publish(self, election: int) -> None:
        """Show what has been committed, if that is due."""

    def finish(self, election: Election) -> bool:
        """Write what is missing in the record of a final election, and tell whether it is whole.

        This waits for another worker that is at it already. Raises Contradiction.
        """
        return True

    def find_missing_cosignatures(self, election: Election) -> Sequence[str]:
        """Say in English sentences which cosignatures the record lacks that the election requires."""
        return ()

    def forget(self, election: Election) -> None:
        """Delete, in the open transaction, what could tell whose entry is whose."""


def name_ballot(ballot: Ballot) -> str:
    """Name a ballot within its election, as text: many tuples would keep the garbage collector busy."""
    return ballot.voter_key + ballot.ballot_id


_recorder = Recorder()


def use(recorder: Recorder) -> None:
    """Let the count hand on to this recorder from now on."""
    global _recorder
    _recorder = recorder


def current() -> Recorder:
    """Return the recorder that was put here."""
    return _recorder
