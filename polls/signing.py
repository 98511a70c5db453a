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
        signing = _begin(self.salt, key or self.key).copy()
        signing.update(force_bytes(value))
        return base64.urlsafe_b64encode(signing.digest()).rstrip(b"=").decode()


@lru_cache(maxsize=32)
def _begin(salt: str, key: str | bytes) -> hmac.HMAC:
    """Derive the key of a salt as Django does, and begin a signature with it."""
    return hmac.new(hashlib.sha256(f"{salt}signer".encode() + force_bytes(key)).digest(), digestmod=hashlib.sha256)
