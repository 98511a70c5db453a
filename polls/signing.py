"""Django's signer, faster: the same signatures, without deriving the same key anew for each of them."""

import base64
import hashlib
import hmac
from functools import lru_cache
from typing import Any

from django.core import signing
from django.utils.encoding import force_bytes


class Signer(signing.Signer):
    """A signer that reads what Django's own has signed, and the other way round; for SHA-256 alone."""

    def signature(self, value: Any, key: Any = None) -> str:
        digest = hmac.digest(_derive(self.salt, key or self.key), force_bytes(value), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@lru_cache(maxsize=32)
def _derive(salt: str, key: str | bytes) -> bytes:
    """Derive the key of a salt as Django does."""
    return hashlib.sha256(f"{salt}signer".encode() + force_bytes(key)).digest()
