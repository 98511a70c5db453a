"""Django's signer, faster: the same signatures, without deriving the same key anew for each of them."""

import binascii
import hashlib
import hmac
from functools import lru_cache
from typing import Any

from django.core import signing
from django.utils.encoding import force_bytes

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def url_safe(data: bytes) -> str:
    """Write bytes as base64 for addresses, without padding."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_URL_SAFE).decode()


class Signer(signing.Signer):
    """A signer that reads what Django's own has signed, and the other way round; for SHA-256 alone."""

    def unsign(self, signed_value: str) -> str:
        value, sep, signature = signed_value.rpartition(self.sep)
        if sep and signature.isascii() and hmac.compare_digest(signature, self.signature(value)):
            return value
        # Signed with an earlier key, or not here: Django tells.
        return super().unsign(signed_value)

    def signature(self, value: Any, key: Any = None) -> str:
        signing = _begin(self.salt, key or self.key).copy()
        signing.update(force_bytes(value))
        return url_safe(signing.digest())


@lru_cache(maxsize=32)
def _begin(salt: str, key: str | bytes) -> hmac.HMAC:
    """Derive the key of a salt as Django does, and begin a signature with it."""
    return hmac.new(hashlib.sha256(f"{salt}signer".encode() + force_bytes(key)).digest(), digestmod=hashlib.sha256)
