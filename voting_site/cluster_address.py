"""Read the address of a Redis Cluster, as BALLOT_BOX_URL has it."""

from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

SCHEMES = {"redis+cluster": False, "rediss+cluster": True}
WRITTEN_AS = "redis+cluster://USER:PASSWORD@HOST:PORT,HOST:PORT"
DEFAULT_PORT = 6379


def read_cluster(variable: str, url: str) -> dict[str, Any]:
    """Return what a client of the cluster at `url` needs: `nodes` to ask first, and how to sign in.

    Raises ImproperlyConfigured, without the address: it has a password.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise ImproperlyConfigured(
            f"{variable} has to name a Redis Cluster, as {WRITTEN_AS}. "
            "Leave it empty to have the ballot box in REDIS_URL."
        )
    if parts.path not in ("", "/", "/0") or parts.query:
        raise ImproperlyConfigured(
            f"{variable} has a database or options after its hosts; a Redis Cluster has neither."
        )
    user, _, hosts = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    try:
        nodes = [read_host(host, DEFAULT_PORT) for host in hosts.split(",")]
    except ValueError:
        raise ImproperlyConfigured(f"{variable} has a host that cannot be read; write it as {WRITTEN_AS}.") from None
    return {
        "nodes": nodes,
        "username": unquote(name) or None,
        "password": unquote(password) or None,
        "ssl": SCHEMES[parts.scheme],
    }


def refuse_cluster(variable: str, url: str) -> None:
    """Raise ImproperlyConfigured if a variable names a cluster that has to name an ordinary Redis."""
    if urlsplit(url).scheme in SCHEMES:
        raise ImproperlyConfigured(
            f"{variable} names a Redis Cluster, which Celery and the channel layer cannot use: "
            f"set BALLOT_BOX_URL to it, and {variable} to an ordinary Redis."
        )


def read_host(text: str, default_port: int) -> tuple[str, int]:
    """Read HOST or HOST:PORT; raises ValueError."""
    parts = urlsplit(f"//{text}")
    if not parts.hostname or parts.path:
        raise ValueError(text)
    return parts.hostname, parts.port or default_port
