"""The providers of OpenID Connect at which voters sign in, as the settings name them."""

import json
import re
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

# It stands in addresses, also in the one that is registered at the provider.
_KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_FIELDS = {"issuer", "client_id", "client_secret"}
_LOCAL = ("localhost", "127.0.0.1", "::1")


def read_clients(text: str, providers: Mapping[str, str], *, required: bool) -> dict[str, dict[str, str]]:
    """Return what is to be known of each provider, by its key; raises ImproperlyConfigured.

    Where it is not `required`, for the roles that speak with no provider, it may be missing.
    """
    for key, name in providers.items():
        if not _KEY.fullmatch(key) or not name:
            raise ImproperlyConfigured(
                f"SIGNIN_PROVIDERS has {key!r}: write key=Name, with small letters, digits and hyphens in the key."
            )
    try:
        clients = json.loads(text)
    except ValueError:
        clients = None
    if not isinstance(clients, dict):
        # Without the text, which has secrets.
        raise ImproperlyConfigured("SIGNIN_CLIENTS is no JSON object.")
    if required and (missing := sorted(providers.keys() - clients.keys())):
        raise ImproperlyConfigured(f"SIGNIN_CLIENTS says nothing of {', '.join(missing)}.")
    return {key: _read_client(key, clients[key]) for key in providers if key in clients}


def _read_client(key: str, client: object) -> dict[str, str]:
    if not isinstance(client, dict) or client.keys() != _FIELDS or not _are_texts(client.values()):
        raise ImproperlyConfigured(f"SIGNIN_CLIENTS: {key} needs {', '.join(sorted(_FIELDS))}, and nothing else.")
    issuer = urlsplit(client["issuer"])
    if issuer.scheme != "https" and issuer.hostname not in _LOCAL:
        raise ImproperlyConfigured(f"SIGNIN_CLIENTS: the issuer of {key} has to begin with https://.")
    return client | {"issuer": client["issuer"].rstrip("/")}


def _are_texts(values: Collection[object]) -> bool:
    return all(isinstance(value, str) and value for value in values)
