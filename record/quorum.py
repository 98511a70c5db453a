"""How the witnesses of a record stand to its newest head, and whether as many as required have cosigned it."""

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from polls.models import Election

from .cosignatures import find_cosignatures
from .formats.cosignature import cosigned_at
from .formats.note import Signature
from .models import Log, Witness


class Standing(NamedTuple):
    """A witness, and when it cosigned just this head, None if it has not."""

    name: str
    cosigned_at: dt.datetime | None
    contradicts: bool

    @property
    def counts(self) -> bool:
        """Tell whether it counts for the quorum: whoever has seen another record is no witness of this one."""
        return self.cosigned_at is not None and not self.contradicts


class Quorum(NamedTuple):
    """How many witnesses have to have cosigned a head, 0 for none; and all of them, in the order of their adding."""

    required: int
    standings: tuple[Standing, ...]

    @property
    def cosigned(self) -> int:
        """Return how many have cosigned it, of those who count."""
        return sum(one.counts for one in self.standings)

    @property
    def is_met(self) -> bool:
        return self.cosigned >= self.required


def read_quorum(log: Log, required: int, cosignatures: Iterable[Signature] | None = None) -> Quorum:
    """Return how the witnesses of a log stand to its newest head.

    `cosignatures` are those of it, as `find_cosignatures` returns them, if they have been read already.
    """
    found = find_cosignatures(log) if cosignatures is None else cosignatures
    times = {one.name: cosigned_at(one.signature) for one in found}
    witnesses = Witness.objects.filter(election=log.pk).order_by("pk").values_list("name", "contradicts")
    return Quorum(
        required,
        tuple(
            Standing(name, dt.datetime.fromtimestamp(times[name], dt.UTC) if name in times else None, contradicts)
            for name, contradicts in witnesses
        ),
    )


def find_head(election: int) -> Log | None:
    """Return the log of an election with what pages and the office may read of it, None if it has not begun."""
    head = Log.objects.only("election_id", "origin", "verifier_key", "size", "checkpoint", "finished_at", "reference")
    return head.filter(pk=election).first()


def count_ballots_of_record(election: int) -> int:
    """Return how many entries of ballots the record of an election has, 0 if it has not begun."""
    log = find_head(election)
    return log.ballots if log else 0


def explain_missing(election: Election) -> list[str]:
    """Say in English sentences which required cosignatures of the newest head are missing and why; [] if none are."""
    if not election.witness_quorum:
        return []
    log = find_head(election.pk)
    if log is None:
        return ["the record has not begun yet"]
    quorum = read_quorum(log, election.witness_quorum)
    if quorum.is_met:
        return []
    problems = dict(Witness.objects.filter(election=election).values_list("name", "problem"))
    missing = [_explain(one, problems.get(one.name, "")) for one in quorum.standings if not one.counts]
    return [f"cosigned the last head: {quorum.cosigned}, required: {quorum.required}", *missing]


def _explain(standing: Standing, problem: str) -> str:
    what = "contradicts the record" if standing.contradicts else "has not cosigned the last head"
    return f"{standing.name} {what}: {problem or 'it is asked each second, look again in a moment'}"
