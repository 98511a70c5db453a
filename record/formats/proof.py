"""Proofs that stand alone: an entry is in a log, and witnesses have seen it: C2SP tlog-proof, https://c2sp.org/tlog-proof.

They are kept in files that end in `.tlog-proof`.
"""

from dataclasses import dataclass

from .checkpoint import Checkpoint
from .encodings import HASH_BYTES, LARGEST_NUMBER, Malformed, read_base64, read_decimal, read_hash, write_base64
from .note import LONGEST_NOTE, Note
from .policy import Judged, Policy
from .tree_proofs import verify_inclusion

MOST_HASHES = 63
LONGEST_PROOF = 2 * LONGEST_NOTE
_HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True)
class Proof:
    """An index, the inclusion proof, and the checkpoint as the log sent it.

    `extra` is what an application adds, None if nothing: nobody has signed it.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def to_bytes(self) -> bytes:
        """Return the file; raises Malformed if a part cannot be written into it."""
        if not 0 <= self.index <= LARGEST_NUMBER:
            raise Malformed(f"{self.index} is no index from 0 to 2**63 - 1")
        if any(len(one) != HASH_BYTES for one in self.hashes):
            raise Malformed("the hashes of a proof have 32 bytes each")
        Checkpoint.parse(Note.parse(self.checkpoint).text)
        lines = [_HEADER]
        if self.extra is not None:
            lines.append(f"extra {write_base64(self.extra)}")
        lines += [f"index {self.index}", *map(write_base64, self.hashes), "", ""]
        return "\n".join(lines).encode() + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> "Proof":
        """Read a file; raises Malformed. Nothing is verified yet."""
        if len(data) > LONGEST_PROOF:
            raise Malformed(f"the proof has {len(data)} bytes, and {LONGEST_PROOF} are the most")
        head, empty_line, checkpoint = data.partition(b"\n\n")
        if not empty_line:
            raise Malformed("no empty line parts the proof from its checkpoint")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise Malformed("the proof is no ASCII above its checkpoint") from error
        if lines.pop(0) != _HEADER:
            raise Malformed(f"the proof does not begin with {_HEADER}")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = read_base64(lines.pop(0).removeprefix("extra "))
        if not lines or not lines[0].startswith("index "):
            raise Malformed("the proof has no index")
        index = read_decimal(lines.pop(0).removeprefix("index "))
        if len(lines) > MOST_HASHES:
            raise Malformed(f"the proof has {len(lines)} hashes, and {MOST_HASHES} are the most")
        hashes = tuple(map(read_hash, lines))
        Checkpoint.parse(Note.parse(checkpoint).text)
        return cls(index, hashes, checkpoint, extra)

    def verify(self, leaf_hash: bytes, policy: Policy) -> Judged:
        """Return the checkpoint if it is to be believed, and the leaf is in its tree.

        `leaf_hash` is computed from what the reader knows, never from the proof. Raises what `Policy.judge` raises, and
        InvalidProof.
        """
        judged = policy.judge(self.checkpoint)
        verify_inclusion(self.hashes, self.index, judged.checkpoint.size, judged.checkpoint.root, leaf_hash)
        return judged
