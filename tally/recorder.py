"""What the count hands on to the public record, which it does not know: the app above puts its own recorder here.

Without one nothing is recorded, and all else goes on.
"""

from collections.abc import Mapping, Sequence

from polls.ballots import Ballot
from polls.definition import Definition
from polls.models import Election

from .models import RejectedBallot

# Where a ballot stands in the box: epoch and serial.
Place = tuple[str, int]


class Contradiction(Exception):
    """The record does not fit the ballots; the message says in which way."""


class Recorder:
    """Records nothing; a record overrides all of it."""

    def write(
        self,
        definition: Definition,
        shard: int,
        version: int,
        *,
        new: Sequence[Ballot],
        known: Sequence[Ballot],
        set_aside: Sequence[RejectedBallot],
    ) -> Mapping[Place, str]:
        """Write the entries of a batch in the open transaction, which also counts it.

        `new` are the ballots that have got a cast record in this transaction, and `set_aside` what is set aside in it
        without one. `version` is that of the shard's tally with them, as no other batch has it. `known` have their
        entries since an earlier transaction. Returns for each place of a ballot what finds its entry, without spaces;
        "" or nothing where there is none.
        """
        return {}

    def publish(self, election: int) -> None:
        """Show what has been committed, if that is due."""

    def finish(self, election: Election) -> bool:
        """Write what is missing in the record of a final election, and tell whether it is whole.

        Where another worker is at it already, it is not yet. Raises Contradiction.
        """
        return True

    def forget(self, election: Election) -> None:
        """Delete, in the open transaction, what could tell whose entry is whose."""


_recorder = Recorder()


def use(recorder: Recorder) -> None:
    """Let the count hand on to this recorder from now on."""
    global _recorder
    _recorder = recorder


def current() -> Recorder:
    """Return the recorder that was put here."""
    return _recorder
