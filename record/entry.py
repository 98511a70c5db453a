"""An entry of a record: which election a counted ballot belongs to, on which paper, and a commitment to what it says.

An entry is four lines of ASCII, each with its newline: `urna-entry/1`, the election's address, the design of the paper,
and in base64 the SHA-256 of a salt and the ballot. The salt has 32 bytes and stays on the server. Without it nobody can
try markings until one fits, and so an entry shows that a ballot is in the record and not what it says.
"""

import hashlib
import hmac
import re
from binascii import b2a_base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from .formats.encodings import HASH_BYTES, Malformed, read_hash, write_base64

VERSION = "urna-entry/1"
SALT_BYTES = 32
_ADDRESS = re.compile(r"[A-Za-z0-9_-]{1,60}", re.ASCII)
_DESIGN = re.compile(r"[0-9a-f]{16,64}", re.ASCII)


@dataclass(frozen=True)
class OpenBallot:
    """What an entry commits to: a marking as the box has it, its weight in votes, on which paper of which election.

    Neither the voter nor the ballot's id is part of it, so that whoever opens an entry tells no more than the vote.
    Raises Malformed if a part cannot be written.
    """

    election: str
    design: str
    marking: str
    weight: int = 1

    def __post_init__(self) -> None:
        if not _ADDRESS.fullmatch(self.election):
            raise Malformed(f"{self.election[:60]!r} is no address of an election")
        if not _DESIGN.fullmatch(self.design):
            raise Malformed(f"{self.design[:70]!r} is no design")
        if self.weight < 1:
            raise Malformed(f"a ballot weighs 1 vote or more, and not {self.weight}")

    def to_bytes(self) -> bytes:
        """Return the only bytes of this ballot. The marking comes last, since it may hold any character."""
        try:
            return f"{self.election}\n{self.design}\n{self.weight}\n{self.marking}".encode()
        except UnicodeEncodeError as error:
            raise Malformed("a marking cannot hold half a character") from error


@dataclass(frozen=True)
class Entry:
    """An entry with its commitment of 32 bytes; raises Malformed if a part cannot be written."""

    election: str
    design: str
    commitment: bytes

    def __post_init__(self) -> None:
        OpenBallot(self.election, self.design, "")
        if len(self.commitment) != HASH_BYTES:
            raise Malformed(f"a commitment has {HASH_BYTES} bytes, and not {len(self.commitment)}")

    @classmethod
    def of(cls, ballot: OpenBallot, salt: bytes) -> Self:
        """Commit to a ballot under a salt of 32 bytes, which has to be another one for each ballot."""
        return cls(ballot.election, ballot.design, _commit(ballot, salt))

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read what `to_bytes` returns; raises Malformed for anything else."""
        try:
            lines = data.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise Malformed("an entry is ASCII") from error
        if len(lines) != 5 or lines[4] or lines[0] != VERSION:
            raise Malformed(f"an entry is four lines, and the first one is {VERSION}")
        return cls(lines[1], lines[2], read_hash(lines[3]))

    def to_bytes(self) -> bytes:
        """Return the bytes that are a leaf of the record's tree."""
        return f"{VERSION}\n{self.election}\n{self.design}\n{write_base64(self.commitment)}\n".encode()

    def opens_as(self, ballot: OpenBallot, salt: bytes) -> bool:
        """Tell whether this entry commits to a ballot under a salt."""
        is_here = (ballot.election, ballot.design) == (self.election, self.design)
        return is_here and hmac.compare_digest(self.commitment, _commit(ballot, salt))


def write_entries(election: str, design: str, commitments: Iterable[bytes]) -> list[bytes]:
    """Write the entries of one paper by their commitments, as `Entry.to_bytes` does; raises Malformed."""
    first, last = Entry(election, design, bytes(HASH_BYTES)).to_bytes().split(write_base64(bytes(HASH_BYTES)).encode())
    return [first + b2a_base64(commitment, newline=False) + last for commitment in commitments]


class Committer:
    """Commits to many ballots on one paper, under salts of one secret; raises Malformed for what no paper is."""

    def __init__(self, secret: bytes, election: str, design: str) -> None:
        self._salts = _keyed(secret)
        self._first = OpenBallot(election, design, "").to_bytes().removesuffix(b"1\n")

    def commit(self, voter_key: str, ballot_id: str, weight: int, marking: str) -> bytes:
        """Return the commitment of 32 bytes."""
        salt = self._salts.copy()
        salt.update(f"{voter_key}\n{ballot_id}".encode())
        return hashlib.sha256(b"%b%b%d\n%b" % (salt.digest(), self._first, weight, marking.encode())).digest()


def derive_salt(secret: bytes, voter_key: str, ballot_id: str) -> bytes:
    """Derive the salt of a ballot from the secret of its record: BLAKE2b with that key (RFC 7693), 32 bytes.

    No salt has to be stored; and whoever learns that of one entry learns nothing about any other. A voter key has no
    newline, and so no two ballots have the same text.
    """
    salt = _keyed(secret)
    salt.update(f"{voter_key}\n{ballot_id}".encode())
    return salt.digest()


def _keyed(secret: bytes) -> hashlib.blake2b:
    if not SALT_BYTES <= len(secret) <= hashlib.blake2b.MAX_KEY_SIZE:
        raise ValueError(f"the secret of a record has {SALT_BYTES} to 64 bytes, and not {len(secret)}")
    return hashlib.blake2b(key=secret, digest_size=SALT_BYTES)


def _commit(ballot: OpenBallot, salt: bytes) -> bytes:
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, and not {len(salt)}")
    return hashlib.sha256(salt + ballot.to_bytes()).digest()
