"""Signed notes and the keys that sign them (C2SP signed-note), and checkpoints as notes (C2SP tlog-checkpoint)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .report import Malformed
from .values import HASH_BYTES, LARGEST_NUMBER, read_base64, read_decimal, read_text, shorten

ED25519, COSIGNATURE = 0x01, 0x04
LONGEST_NOTE, MOST_SIGNATURES = 1_000_000, 100
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True)
class Key:
    """A verifier key: the name that it signs under, its signature type, and the public key."""

    name: str
    kind: int
    public: bytes

    @classmethod
    def parse(cls, text: str) -> "Key":
        """Read `name+id+key`; raises Malformed, also for a type that is not known here."""
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise Malformed(f"{shorten(text)} is no verifier key: it has a name, an ID and a key with pluses between")
        name, key_id, encoded = parts
        data = read_base64(encoded)
        require_name(name)
        if len(data) != 1 + 32 or data[0] not in (ED25519, COSIGNATURE):
            raise Malformed(f"the key of {name} is of a type that cannot be checked here")
        key = cls(name, data[0], data[1:])
        if key.id.hex() != key_id:
            raise Malformed(f"the key of {name} has the ID {key.id.hex()}, and is written with {shorten(key_id)}")
        return key

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature names the key."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def has_signed(self, text: str, signature: bytes) -> bool:
        """Tell whether bytes are this key's signature, or cosignature, of a note's text."""
        message = text.encode()
        if self.kind == COSIGNATURE:
            time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            if time > LARGEST_NUMBER:
                return False
            message = f"cosignature/v1\ntime {time}\n".encode() + message
        if len(signature) != 64:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class Signature(NamedTuple):
    """A signature line: who is said to have signed, by which key, and the rest of its bytes."""

    name: str
    key_id: bytes
    data: bytes


class Note(NamedTuple):
    """A text and its signatures, none of which has been checked."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes) -> "Note":
        """Read a note; raises Malformed."""
        if len(data) > LONGEST_NOTE:
            raise Malformed(f"the note has {len(data):,} bytes, and {LONGEST_NOTE:,} are the most")
        text, empty_line, rest = read_text(data).rpartition("\n\n")
        if not empty_line:
            raise Malformed("no empty line parts the text of the note from its signatures")
        if control := _CONTROL.search(text):
            raise Malformed(f"the text of the note has the control character {control[0]!r}")
        *lines, end = rest.split("\n")
        if end or not 1 <= len(lines) <= MOST_SIGNATURES:
            raise Malformed(f"a note has 1 to {MOST_SIGNATURES} signature lines, each with a newline")
        return cls(f"{text}\n", tuple(map(_read_signature, lines)))

    def signers(self, keys: Iterable[Key]) -> set[Key]:
        """Return those of some keys that have signed; raises Malformed if a signature that names one is wrong."""
        known: dict[tuple[str, bytes], Key] = {}
        for key in keys:
            if known.setdefault((key.name, key.id), key) != key:
                raise Malformed(f"two known keys have the name {key.name} and the ID {key.id.hex()}")
        found = set()
        for one in self.signatures:
            by = known.get((one.name, one.key_id))
            if by and not by.has_signed(self.text, one.data):
                raise Malformed(f"the signature of {one.name} by the key {one.key_id.hex()} is wrong")
            if by:
                found.add(by)
        return found


class Checkpoint(NamedTuple):
    """The head of a log: its origin, how many entries it has, the root of its tree, and the note that says so."""

    origin: str
    size: int
    root: bytes
    note: Note

    @classmethod
    def parse(cls, data: bytes) -> "Checkpoint":
        """Read a checkpoint without checking who has signed it; raises Malformed."""
        note = Note.parse(data)
        lines = note.text.split("\n")[:-1]
        if len(lines) < 3 or not all(lines):
            raise Malformed("a checkpoint has three lines above its signatures: origin, size and root hash")
        root = read_base64(lines[2])
        if len(root) != HASH_BYTES:
            raise Malformed(f"the root hash has {len(root)} bytes, and has to have {HASH_BYTES}")
        return cls(lines[0], read_decimal(lines[1]), root, note)


def open_checkpoint(data: bytes, keys: Iterable[Key]) -> Checkpoint:
    """Read a checkpoint that one of the log's keys has signed; raises Malformed if that does not hold."""
    keys = tuple(keys)
    checkpoint = Checkpoint.parse(data)
    own = [key for key in keys if key.name == checkpoint.origin]
    if not own:
        names = ", ".join(sorted({key.name for key in keys}))
        raise Malformed(f"its origin is {shorten(checkpoint.origin)}, and the key is of {names}")
    if not checkpoint.note.signers(own):
        raise Malformed("it is not signed by the key of the log")
    return checkpoint


def read_keys(data: bytes) -> tuple[Key, ...]:
    """Read the keys of a log, one on a line; raises Malformed."""
    lines = read_text(data).removesuffix("\n").split("\n")
    keys = []
    for number, line in enumerate(lines, start=1):
        try:
            key = Key.parse(line)
            if key.kind != ED25519:
                raise Malformed("a log signs by Ed25519, type 0x01, and this key is of another type")
        except Malformed as error:
            raise Malformed(f"line {number}: {error}") from error
        keys.append(key)
    return tuple(keys)


def require_name(name: str) -> None:
    """Raise Malformed unless a key can have this name."""
    if not name or any(one == "+" or one.isspace() or one < " " for one in name):
        raise Malformed(f"{shorten(name)} is no name of a key")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise Malformed(f"{shorten(name)} is no name of a key: it is no UTF-8") from error


def _read_signature(line: str) -> Signature:
    dash, name, encoded = [*line.split(" ", 2), "", ""][:3]
    if dash != "—":
        raise Malformed(f"{shorten(line)} is no signature line")
    require_name(name)
    data = read_base64(encoded)
    if len(data) <= 4:
        raise Malformed(f"the signature of {name} is too short")
    return Signature(name, data[:4], data[4:])
