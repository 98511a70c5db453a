"""Cosignatures of checkpoints with a time: C2SP tlog-cosignature, https://c2sp.org/tlog-cosignature.

Of its two types this is `cosignature/v1` with Ed25519, type 0x04. It says: at that time, this was the largest tree of
the log that the cosigner had seen, and it was consistent with all before it.
"""

from dataclasses import dataclass

from .checkpoint import Checkpoint
from .encodings import LARGEST_NUMBER, Malformed
from .keys import SIGNATURE_BYTES, SignatureType, SignerKey
from .note import KeyVerifier, Signature, require_type

_TIME_BYTES = 8


class CosignatureVerifier(KeyVerifier):
    """A verifier of cosignatures; raises Malformed for a key of another type than 0x04."""

    signature_type = SignatureType.COSIGNATURE

    def verify(self, text: str, signature: bytes) -> bool:
        """Tell whether bytes are this key's cosignature of a checkpoint's text, at whatever time."""
        try:
            Checkpoint.parse(text)
            time = cosigned_at(signature)
        except Malformed:
            return False
        return self.key.has_signed(signed_message(text, time), signature[_TIME_BYTES:])


@dataclass(frozen=True)
class Cosigner:
    """Cosigns by one key; raises Malformed for a key of another type than 0x04."""

    key: SignerKey

    def __post_init__(self) -> None:
        require_type(self.key, SignatureType.COSIGNATURE)

    def cosign(self, text: str, time: int) -> Signature:
        """Return the cosignature of a checkpoint's text at a time in seconds since 1970.

        Raises Malformed if the text is no checkpoint, or the time is not from 1 to 2**63 - 1. The caller has to have
        checked that the tree only grew, see `witness.decide`.
        """
        Checkpoint.parse(text)
        if not 1 <= time <= LARGEST_NUMBER:
            raise Malformed(f"a cosignature has a time from 1 to 2**63 - 1, and not {time}")
        signature = self.key.sign(signed_message(text, time))
        return Signature(self.key.name, self.key.verifier_key.key_id, time.to_bytes(_TIME_BYTES, "big") + signature)


def signed_message(text: str, time: int) -> bytes:
    """Return what is signed: a header, the time, and the whole text of the checkpoint."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def cosigned_at(signature: bytes) -> int:
    """Return the time in a cosignature, in seconds since 1970; raises Malformed if it is none.

    The time is as true as the cosignature: it has to be verified first.
    """
    time = int.from_bytes(signature[:_TIME_BYTES], "big")
    if len(signature) != _TIME_BYTES + SIGNATURE_BYTES or time > LARGEST_NUMBER:
        raise Malformed("a cosignature is a time of 8 bytes below 2**63, and a signature of 64 bytes")
    return time
