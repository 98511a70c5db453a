"""What the answer of a witness means to the log: a cosignature, a size to go on from, or a problem in words."""

import datetime as dt
from typing import NamedTuple

from .formats.checkpoint import Checkpoint
from .formats.cosignature import CosignatureVerifier, cosigned_at
from .formats.encodings import Malformed
from .formats.keys import VerifierKey
from .formats.note import InvalidSignature, NotSigned, Signature
from .formats.witness import SIZE_TYPE, AddCheckpoint, Status, read_cosignatures, read_size
from .witness_requests import Answer

# Seconds by which the clock of a witness may be ahead.
AHEAD_S = 300
# Letters of what a witness says that are shown.
LONGEST_REASON = 200


class Refused(Exception):
    """There is no cosignature; the message says why, and `contradicts` that the witness has seen another record."""

    def __init__(self, words: str, *, contradicts: bool = False) -> None:
        super().__init__(words)
        self.contradicts = contradicts


class GoOn(NamedTuple):
    """The witness has cosigned another size of this log than it was told, and needs a proof from there."""

    size: int


def read_answer(answer: Answer, request: AddCheckpoint, key: str, now: dt.datetime) -> Signature | GoOn:
    """Return the cosignature of the witness with this key, verified, or from where to go on; raises Refused."""
    if answer.status == Status.COSIGNED:
        return _read_cosignature(answer.body, request.checkpoint, key, now)
    if answer.status == Status.OTHER_SIZE:
        return _read_size(answer, request.old_size, request.head)
    raise Refused(_put_into_words(answer, request), contradicts=answer.status == Status.NOT_CONSISTENT)


def _read_cosignature(body: bytes, checkpoint: bytes, key: str, now: dt.datetime) -> Signature:
    verifier = CosignatureVerifier(VerifierKey.parse(key))
    try:
        cosignature = read_cosignatures(body, checkpoint, [verifier])[0]
    except NotSigned:
        raise Refused("its answer has no cosignature by the key that it was added with") from None
    except InvalidSignature:
        raise Refused("its cosignature is wrong: it is of another key, of another head, or has no time") from None
    except Malformed as problem:
        raise Refused(f"its answer cannot be read: {problem}") from None
    ahead = cosigned_at(cosignature.signature) - now.timestamp()
    if ahead > AHEAD_S:
        raise Refused(f"the time of its cosignature is {ahead:.0f} s ahead: its clock or the one here is wrong")
    return cosignature


def _read_size(answer: Answer, told: int, head: Checkpoint) -> GoOn:
    if answer.kind != SIZE_TYPE:
        if told == head.size:
            raise _other_root(head.size)
        raise Refused("it has cosigned another size of this record, and does not say which")
    try:
        size = read_size(answer.body)
    except Malformed as problem:
        raise Refused(f"the size that it has cosigned cannot be read: {problem}") from None
    if size > head.size:
        raise Refused(
            f"it has cosigned {size} entries, and the record has only {head.size}: PostgreSQL came back from a backup,"
            " or somebody else has the key of this record",
            contradicts=True,
        )
    if size == told == head.size:
        raise _other_root(size)
    if size == told:
        raise Refused(f"it refuses a proof from {size} entries, and says that it has cosigned just these")
    return GoOn(size)


def _other_root(size: int) -> Refused:
    return Refused(f"it has cosigned another record of {size} entries, with other entries", contradicts=True)


def _put_into_words(answer: Answer, request: AddCheckpoint) -> str:
    status, head = answer.status, request.head
    if status == Status.NOT_CONSISTENT:
        words = (
            f"it has cosigned another record: the {request.old_size} entries that it has seen are not the first here"
        )
    elif status == Status.UNKNOWN_LOG:
        words = f"it does not know the record {head.origin}, or there is no witness at this address"
    elif status == Status.NOT_TRUSTED:
        words = f"it does not trust the key of the record {head.origin}"
    elif status == Status.BAD_REQUEST:
        words = "it cannot read what it is sent"
    elif 300 <= status < 400:
        to = _shorten(answer.location) or "another address"
        return f"it sends on to {to}, which is not followed: add the witness at its own address (status {status})"
    else:
        words = "it does not answer as a witness does" if status < 500 else "its server has failed"
    reason = _shorten(answer.body.decode(errors="replace").partition("\n")[0])
    return f"{words} (status {status}{': ' if reason else ''}{reason})"


def _shorten(text: str) -> str:
    """Return what a stranger says as one line of printable characters."""
    return "".join(one for one in text if one.isprintable())[:LONGEST_REASON]
