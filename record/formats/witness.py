"""What logs and witnesses say to each other: C2SP tlog-witness, https://c2sp.org/tlog-witness.

A log sends a checkpoint with a consistency proof to `add-checkpoint`. The witness compares it with the one that it
cosigned last, and answers with a cosignature. The call `sign-subtree`, which is optional, is not here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import NamedTuple

from .checkpoint import Checkpoint, open_checkpoint
from .cosignature import CosignatureVerifier, cosigned_at
from .encodings import HASH_BYTES, LARGEST_NUMBER, Malformed, read_decimal, read_hash, write_base64
from .note import LONGEST_NOTE, InvalidSignature, Note, NotVerified, Signature, Verifier, read_signatures, verify_note
from .tree import EMPTY_ROOT
from .tree_proofs import InvalidProof, verify_consistency

MOST_HASHES = 63
LONGEST_REQUEST = 2 * LONGEST_NOTE
SIZE_TYPE = "text/x.tlog.size"


class Status(IntEnum):
    """The answers of a witness, by their HTTP status."""

    COSIGNED = 200
    BAD_REQUEST = 400
    NOT_TRUSTED = 403
    UNKNOWN_LOG = 404
    OTHER_SIZE = 409
    NOT_CONSISTENT = 422


@dataclass(frozen=True)
class AddCheckpoint:
    """A request: the size that the log thinks the witness has cosigned, a proof from there, and the checkpoint."""

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    @property
    def head(self) -> Checkpoint:
        """Return what the checkpoint says; nothing of it is verified. Raises Malformed."""
        return Checkpoint.parse(Note.parse(self.checkpoint).text)

    def to_bytes(self) -> bytes:
        """Return the body of the request; raises Malformed if a part cannot be written into it."""
        if not 0 <= self.old_size <= LARGEST_NUMBER or len(self.proof) > MOST_HASHES:
            raise Malformed("a request has an old size from 0 to 2**63 - 1, and 63 hashes at most")
        if any(len(one) != HASH_BYTES for one in self.proof):
            raise Malformed("the hashes of a proof have 32 bytes each")
        Checkpoint.parse(Note.parse(self.checkpoint).text)
        lines = [f"old {self.old_size}", *map(write_base64, self.proof), "", ""]
        return "\n".join(lines).encode() + self.checkpoint

    @classmethod
    def parse(cls, body: bytes) -> "AddCheckpoint":
        """Read the body of a request; raises Malformed, which a witness answers with 400."""
        if len(body) > LONGEST_REQUEST:
            raise Malformed(f"the request has {len(body)} bytes, and {LONGEST_REQUEST} are the most")
        head, empty_line, checkpoint = body.partition(b"\n\n")
        if not empty_line:
            raise Malformed("no empty line parts the proof from the checkpoint")
        try:
            first, *hashes = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise Malformed("the request is no ASCII above its checkpoint") from error
        if not first.startswith("old "):
            raise Malformed("the request has no old size")
        if len(hashes) > MOST_HASHES:
            raise Malformed(f"the request has {len(hashes)} hashes, and {MOST_HASHES} are the most")
        request = cls(read_decimal(first.removeprefix("old ")), tuple(map(read_hash, hashes)), checkpoint)
        Checkpoint.parse(Note.parse(checkpoint).text)
        return request


class Decision(NamedTuple):
    """What a witness does about a request.

    With COSIGNED it stores `checkpoint` as its latest, cosigns it, and then answers with the signature lines. Else
    `reason` says why not, and `size` is the body of the answer OTHER_SIZE, None where another tree of the same size was
    cosigned.
    """

    status: Status
    checkpoint: Checkpoint | None = None
    size: int | None = None
    reason: str = ""


def decide(request: AddCheckpoint, *, logs: Sequence[Verifier], latest: Checkpoint | None) -> Decision:
    """Decide about a request, in the order of the specification.

    `logs` are the keys that the witness trusts for the origin of the request, none if it does not know the log.
    `latest` is the checkpoint of that origin that it cosigned last, None if there is none. The caller has to hold both
    still until it has stored the decision: else a request that is slower would roll the log back.
    """
    head = request.head
    if not logs:
        return Decision(Status.UNKNOWN_LOG, reason=f"{head.origin} is not known here")
    try:
        open_checkpoint(request.checkpoint, origin=head.origin, logs=logs)
    except NotVerified as error:
        return Decision(Status.NOT_TRUSTED, reason=str(error))
    if request.old_size > head.size:
        return Decision(Status.BAD_REQUEST, reason="the old size is larger than that of the checkpoint")
    old_size, old_root = (latest.size, latest.root) if latest else (0, EMPTY_ROOT)
    if request.old_size != old_size:
        return Decision(Status.OTHER_SIZE, size=old_size, reason=f"the size cosigned last is {old_size}")
    if head.size == old_size and head.root != old_root and not request.proof:
        return Decision(Status.OTHER_SIZE, reason=f"another tree of {old_size} entries was cosigned")
    try:
        verify_consistency(request.proof, old_size, old_root, head.size, head.root)
    except InvalidProof as error:
        return Decision(Status.NOT_CONSISTENT, reason=str(error))
    return Decision(Status.COSIGNED, head)


def write_cosignatures(signatures: Iterable[Signature]) -> bytes:
    """Return the body of the answer COSIGNED."""
    return "".join(f"{signature}\n" for signature in signatures).encode()


def write_size(size: int) -> bytes:
    """Return the body of the answer OTHER_SIZE, whose type is `SIZE_TYPE`."""
    return f"{size}\n".encode()


def read_size(body: bytes) -> int:
    """Return the size that a witness cosigned last, from its answer OTHER_SIZE; raises Malformed."""
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError as error:
        raise Malformed("the size that the witness has is no ASCII") from error
    if not text.endswith("\n"):
        raise Malformed("the size that the witness has does not end in a newline")
    return read_decimal(text.removesuffix("\n"))


def read_cosignatures(
    body: bytes, checkpoint: bytes, witnesses: Iterable[CosignatureVerifier]
) -> tuple[Signature, ...]:
    """Return the cosignatures by known witnesses in an answer COSIGNED, all of them verified.

    Raises Malformed; InvalidSignature if one of them is wrong or has no time; NotSigned if there is none by a known
    witness.
    """
    if len(body) > LONGEST_NOTE:
        raise Malformed(f"the answer has {len(body)} bytes, and {LONGEST_NOTE} are the most")
    try:
        signatures = read_signatures(body.decode())
    except UnicodeDecodeError as error:
        raise Malformed("the answer of the witness is no UTF-8") from error
    verified = verify_note(Note(Note.parse(checkpoint).text, signatures), witnesses).verified
    for one in verified:
        if cosigned_at(one.signature) == 0:
            raise InvalidSignature(f"the cosignature of {one.name} has no time")
    return verified


def monitoring_path(origin: str) -> str:
    """Return where below its monitoring prefix a witness shows the latest checkpoint of a log."""
    return f"{sha256(origin.encode()).hexdigest()}/checkpoint"
