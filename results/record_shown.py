"""The record of an election as pages show it: its newest head, and who has cosigned that."""

from typing import NamedTuple

from polls.models import Election
from record.cosignatures import find_cosignatures, write_head
from record.models import EndedLog, Log
from record.quorum import Quorum, find_head, read_quorum


class RecordShown(NamedTuple):
    """A log, its root in base64, its signed head with the cosignatures of it, and how its witnesses stand to that.

    `ended` are the logs of the election in the place of which another one was begun, the last one first.
    """

    log: Log
    root: str
    head: str
    quorum: Quorum
    ended: tuple[EndedLog, ...] = ()


def show_record(election: Election) -> RecordShown | None:
    """Return the record of a published election as it is now, None if it has not begun."""
    log = find_head(election.pk)
    return show_log(log, election.witness_quorum) if log else None


def show_log(log: Log, required: int) -> RecordShown:
    """Return what pages show of a record of which so many witnesses are required to have cosigned the last head."""
    cosignatures = find_cosignatures(log)
    _origin, _size, root, *_rest = log.checkpoint.split("\n")
    quorum = read_quorum(log, required, cosignatures)
    ended = tuple(EndedLog.objects.filter(election=log.pk).order_by("-number")) if log.reference else ()
    return RecordShown(log, root, write_head(log, cosignatures).decode(), quorum, ended)
