"""Keys of signed notes: names, key IDs, and how keys are written: C2SP signed-note, https://c2sp.org/signed-note.

A verifier key is public: `name+id+key`. A signer key is secret. It is no part of the specification: it is written as
Go's sumdb/note writes it, `PRIVATE+KEY+name+id+seed`, so that both programs can use the same file.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from hashlib import sha256

from cryptography.exceptions import InvalidSignature as WrongSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .encodings import Malformed, read_base64, write_base64

KEY_ID_BYTES = 4
SIGNATURE_BYTES = 64
_PRIVATE = "PRIVATE+KEY+"


class SignatureType(IntEnum):
    """The signature types that can be checked here, by the byte that the specification assigns."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


# The bytes of a public key and of a seed. A new type gets its row here, and a verifier of its own.
_KEY_BYTES = {SignatureType.ED25519: 32, SignatureType.COSIGNATURE: 32}


@dataclass(frozen=True)
class VerifierKey:
    """A public key under a name; raises Malformed for a name that cannot be, or a key of a wrong length."""

    name: str
    signature_type: SignatureType
    public_key: bytes

    def __post_init__(self) -> None:
        require_name(self.name)
        _require_length(self.signature_type, self.public_key)

    @cached_property
    def key_id(self) -> bytes:
        """Return the first four bytes of SHA-256(name, newline, type byte, public key)."""
        return sha256(self.name.encode() + b"\n" + self._typed).digest()[:KEY_ID_BYTES]

    @property
    def _typed(self) -> bytes:
        return bytes([self.signature_type]) + self.public_key

    @cached_property
    def _ed25519(self) -> Ed25519PublicKey:
        return Ed25519PublicKey.from_public_bytes(self.public_key)

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Tell whether bytes are the Ed25519 signature (RFC 8032) of a message by this key."""
        try:
            self._ed25519.verify(signature, message)
        except WrongSignature:
            return False
        return True

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{write_base64(self._typed)}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read a key in the form `name+id+key`; raises Malformed, also for a type that cannot be checked here."""
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise Malformed("a verifier key has three parts with a plus between them: name, ID and key")
        name, key_id, encoded = parts
        key = cls(name, *_read_typed(encoded))
        if key_id != key.key_id.hex():
            raise Malformed(f"the key of {name} has the ID {key.key_id.hex()}, and is written with {key_id[:40]!r}")
        return key


@dataclass(frozen=True)
class SignerKey:
    """A secret key under a name; raises Malformed as `VerifierKey` does. Its seed are 32 random bytes."""

    name: str
    signature_type: SignatureType
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        require_name(self.name)
        _require_length(self.signature_type, self.seed)

    @cached_property
    def _ed25519(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @cached_property
    def verifier_key(self) -> VerifierKey:
        """Return the public key that belongs to it."""
        return VerifierKey(self.name, self.signature_type, self._ed25519.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature of a message: 64 bytes, the same ones each time."""
        return self._ed25519.sign(message)

    def to_secret_text(self) -> str:
        """Return the key as text, to be kept secret."""
        encoded = write_base64(bytes([self.signature_type]) + self.seed)
        return f"{_PRIVATE}{self.name}+{self.verifier_key.key_id.hex()}+{encoded}"

    @classmethod
    def parse(cls, text: str) -> "SignerKey":
        """Read what `to_secret_text` has written; raises Malformed, whose message does not repeat the text."""
        parts = text.removeprefix(_PRIVATE).split("+", 2)
        if not text.startswith(_PRIVATE) or len(parts) != 3:
            raise Malformed(f"a signer key begins with {_PRIVATE} and has a name, an ID and a key with pluses between")
        name, key_id, encoded = parts
        try:
            typed = _read_typed(encoded)
        except Malformed:
            # Neither here nor in the chain of causes: what is in them ends in logs.
            typed = None
        if typed is None:
            raise Malformed("the secret part of the signer key cannot be read")
        key = cls(name, *typed)
        if key_id != key.verifier_key.key_id.hex():
            raise Malformed(f"the signer key of {name} has another ID than it is written with")
        return key


def require_name(name: str) -> None:
    """Raise Malformed unless a key can have this name: not empty, no plus, neither spaces nor control characters."""
    if not name or any(one == "+" or one.isspace() or one < " " for one in name):
        raise Malformed(f"{name[:80]!r} is no name of a key: it has to be without spaces and pluses")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise Malformed(f"{name[:80]!r} is no name of a key: it is no UTF-8") from error


def _read_typed(encoded: str) -> tuple[SignatureType, bytes]:
    """Return type and key of the last part of a written key."""
    data = read_base64(encoded)
    if not data:
        raise Malformed("the key is empty")
    try:
        return SignatureType(data[0]), data[1:]
    except ValueError as error:
        raise Malformed(f"keys of the signature type 0x{data[0]:02x} cannot be used here") from error


def _require_length(signature_type: SignatureType, key: bytes) -> None:
    if len(key) != _KEY_BYTES[signature_type]:
        raise Malformed(f"the key has {len(key)} bytes, and has to have {_KEY_BYTES[signature_type]}")
