"""Signed notes: text, an empty line, and signature lines: C2SP signed-note, https://c2sp.org/signed-note."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

from .encodings import Malformed, read_base64, write_base64
from .keys import KEY_ID_BYTES, SignatureType, SignerKey, VerifierKey, require_name

# The specification asks for 16 at least. Go's sumdb/note takes as many as here.
MOST_SIGNATURES = 100
# A signature that withstands quantum computers has up to 5 kB.
LONGEST_NOTE = 1_000_000

_BEGIN = "— "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NotVerified(ValueError):
    """What is well written and must not be believed; the message says why."""


class InvalidSignature(NotVerified):
    """A signature that is said to be by a known key, and is not."""


class NotSigned(NotVerified):
    """A note that no known key has signed."""


class Signature(NamedTuple):
    """A signature line: who signed, by which key, and what the key's algorithm made of the text."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{_BEGIN}{self.name} {write_base64(self.key_id + self.signature)}"

    @classmethod
    def parse(cls, line: str) -> "Signature":
        """Read a line without its newline; raises Malformed."""
        name, space, encoded = line.removeprefix(_BEGIN).partition(" ")
        if not line.startswith(_BEGIN) or not space:
            raise Malformed(f"{line[:80]!r} is no signature line")
        require_name(name)
        data = read_base64(encoded)
        if len(data) <= KEY_ID_BYTES:
            raise Malformed(f"the signature of {name} has {len(data)} bytes: that is too short")
        return cls(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


class Verifier(Protocol):
    """Checks the signatures of one key, of whatever type."""

    @property
    def name(self) -> str: ...

    @property
    def key_id(self) -> bytes: ...

    def verify(self, text: str, signature: bytes) -> bool:
        """Tell whether bytes are this key's signature of a note's text."""


class Signer(Protocol):
    """Signs by one key, of whatever type."""

    def sign(self, text: str) -> Signature:
        """Return the signature of a note's text."""


@dataclass(frozen=True)
class KeyVerifier:
    """What verifiers of all types have: a key of their type; raises Malformed for a key of another one."""

    signature_type: ClassVar[SignatureType]
    key: VerifierKey

    def __post_init__(self) -> None:
        require_type(self.key, self.signature_type)

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def key_id(self) -> bytes:
        return self.key.key_id


class NoteVerifier(KeyVerifier):
    """A verifier of plain Ed25519 signatures, type 0x01; raises Malformed for a key of another type."""

    signature_type = SignatureType.ED25519

    def verify(self, text: str, signature: bytes) -> bool:
        return self.key.has_signed(text.encode(), signature)


@dataclass(frozen=True)
class NoteSigner:
    """A signer of plain Ed25519 signatures, type 0x01; raises Malformed for a key of another type."""

    key: SignerKey

    def __post_init__(self) -> None:
        require_type(self.key, SignatureType.ED25519)

    def sign(self, text: str) -> Signature:
        return Signature(self.key.name, self.key.verifier_key.key_id, self.key.sign(text.encode()))


@dataclass(frozen=True)
class Note:
    """A text, which ends in a newline, and its signatures; nothing says that they are true, see `open_note`."""

    text: str
    signatures: tuple[Signature, ...] = ()

    def to_bytes(self) -> bytes:
        """Return the note as it is sent; raises Malformed if no note can have this text or these signatures."""
        require_text(self.text)
        data = (self.text + "\n" + "".join(f"{signature}\n" for signature in self.signatures)).encode()
        # A name with a newline in it would be read as another signature.
        if Note.parse(data) != self:
            raise Malformed("the note would be read as another one")
        return data

    @classmethod
    def parse(cls, data: bytes) -> "Note":
        """Read a note without checking its signatures; raises Malformed."""
        if len(data) > LONGEST_NOTE:
            raise Malformed(f"the note has {len(data)} bytes, and {LONGEST_NOTE} are the most")
        try:
            whole = data.decode()
        except UnicodeDecodeError as error:
            raise Malformed("the note is no UTF-8") from error
        text, empty_line, lines = whole.rpartition("\n\n")
        if not empty_line:
            raise Malformed("no empty line parts the text of the note from its signatures")
        require_text(text + "\n")
        return cls(text + "\n", read_signatures(lines))

    def with_signatures(self, new: Iterable[Signature]) -> "Note":
        """Return the note with new signatures at its end, and without older ones by the same keys."""
        new = tuple(new)
        keys = {(signature.name, signature.key_id) for signature in new}
        kept = tuple(one for one in self.signatures if (one.name, one.key_id) not in keys)
        return Note(self.text, kept + new)


class Opened(NamedTuple):
    """A note whose text may be believed: signatures by known keys, all of them true, and those by unknown keys."""

    text: str
    verified: tuple[Signature, ...]
    unknown: tuple[Signature, ...]


def open_note(data: bytes, verifiers: Iterable[Verifier]) -> Opened:
    """Read a note, and check each signature by a known key.

    Raises Malformed for what is no note, InvalidSignature if a signature by a known key is wrong, NotSigned if there is
    none by a known key, and ValueError for two known keys of the same name and ID.
    """
    return verify_note(Note.parse(data), verifiers)


def verify_note(note: Note, verifiers: Iterable[Verifier]) -> Opened:
    """Check the signatures of a note that has been read; raises what `open_note` raises."""
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.key_id), verifier) != verifier:
            raise ValueError(f"two known keys have the name {verifier.name} and the ID {verifier.key_id.hex()}")
    verified, unknown = [], []
    for signature in note.signatures:
        found = known.get((signature.name, signature.key_id))
        if not found:
            unknown.append(signature)
        elif found.verify(note.text, signature.signature):
            verified.append(signature)
        else:
            raise InvalidSignature(f"the signature of {found.name} by the key {found.key_id.hex()} is wrong")
    if not verified:
        raise NotSigned("no known key has signed the note")
    return Opened(note.text, tuple(verified), tuple(unknown))


def sign_note(text: str, *signers: Signer) -> Note:
    """Return a text as a note with a signature by each signer; raises Malformed for a text that no note can have."""
    require_text(text)
    return Note(text, tuple(signer.sign(text) for signer in signers))


def read_signatures(lines: str) -> tuple[Signature, ...]:
    """Read signature lines, each with its newline; raises Malformed, also if there is none or there are too many."""
    *complete, rest = lines.split("\n")
    if rest or not complete:
        raise Malformed("there is no signature line" if not rest else "the last signature line has no newline")
    if len(complete) > MOST_SIGNATURES:
        raise Malformed(f"the note has {len(complete)} signatures, and {MOST_SIGNATURES} are the most")
    return tuple(Signature.parse(line) for line in complete)


def require_text(text: str) -> None:
    """Raise Malformed unless a note can have this text: it ends in a newline, which is its only control character."""
    if not text.endswith("\n"):
        raise Malformed("the text of a note ends in a newline")
    if control := _CONTROL.search(text):
        raise Malformed(f"the text of a note has the control character {control[0]!r}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Malformed("the text of a note is no UTF-8") from error


def require_type(key: VerifierKey | SignerKey, signature_type: SignatureType) -> None:
    """Raise Malformed unless a key is of a type."""
    if key.signature_type != signature_type:
        raise Malformed(f"the key of {key.name} has the type {key.signature_type}, and has to have {signature_type}")
