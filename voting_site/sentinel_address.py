"""Read the address of Redis Sentinels, as REDIS_URL may have it: they tell which of several servers is the primary."""

import re
import ssl
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from redis.asyncio.retry import Retry as RetryInLoop
from redis.backoff import NoBackoff
from redis.retry import Retry

from .cluster_address import read_host

SCHEMES = {"redis+sentinel": False, "rediss+sentinel": True}
WRITTEN_AS = "redis+sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/0?primary=NAME"
DEFAULT_PORT = 26379
_PARTS = {"primary", "sentinel_username", "sentinel_password"}
# Seconds for one Sentinel to answer: the next one is asked within the time that a request may wait for Redis.
PATIENCE_S = 0.25


class Sentinels(NamedTuple):
    """Who to ask for the `primary`, and how to sign in there (`account`) and with the Sentinels (`own_account`)."""

    hosts: Sequence[tuple[str, int]]
    primary: str
    database: int
    tls: bool
    account: dict[str, str | None]
    own_account: dict[str, str | None]

    def options_for_servers(self) -> dict[str, Any]:
        """Return what a client of the data servers needs, but for their addresses."""
        return {**self.account, "db": self.database, "ssl": self.tls}

    def options_for_sentinels(self, *, in_loop: bool = False) -> dict[str, Any]:
        """Return what a client of the Sentinels needs, but for their addresses; one of asyncio's is `in_loop`."""
        return {
            **self.own_account,
            "ssl": self.tls,
            "socket_timeout": PATIENCE_S,
            "socket_connect_timeout": PATIENCE_S,
            # There are others to ask.
            "retry": (RetryInLoop if in_loop else Retry)(NoBackoff(), 0),
        }

    def options_for_channels(self) -> dict[str, Any]:
        """Return what the channel layer needs to find the primary."""
        return {
            "sentinels": list(self.hosts),
            "master_name": self.primary,
            "sentinel_kwargs": self.options_for_sentinels(in_loop=True),
            **self.options_for_servers(),
        }

    def options_for_broker(self) -> dict[str, Any]:
        """Return what Celery's transport needs beside `broker_url`."""
        return {"master_name": self.primary, "sentinel_kwargs": self.options_for_sentinels()}

    def broker_url(self) -> str:
        """Return the addresses for Celery, each of which has to have the account."""
        name, password = (quote(self.account[part] or "", safe="") for part in ("username", "password"))
        account = f"{name}:{password}@" if name or password else ""
        return ";".join(f"sentinel://{account}{_write_host(*host)}/{self.database}" for host in self.hosts)

    def broker_tls(self) -> dict[str, Any] | None:
        """Return how Celery checks certificates, None without TLS."""
        return {"ssl_cert_reqs": ssl.CERT_REQUIRED} if self.tls else None


def read_sentinels(variable: str, url: str) -> Sentinels | None:
    """Return the Sentinels that `url` names, None if it names an ordinary server.

    Raises ImproperlyConfigured, without the address: it has a password.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        return None
    user, _, hosts = parts.netloc.rpartition("@")
    try:
        found = [read_host(host, DEFAULT_PORT) for host in hosts.split(",")]
    except ValueError:
        raise ImproperlyConfigured(f"{variable} has a host that cannot be read; write it as {WRITTEN_AS}.") from None
    database = re.fullmatch(r"/?|/(\d{1,4})", parts.path)
    if database is None:
        raise ImproperlyConfigured(f"{variable} has to end in /0, or in another number of a database.")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if not given.get("primary") or not given.keys() <= _PARTS:
        raise ImproperlyConfigured(
            f"{variable} has to say which primary the Sentinels watch, as {WRITTEN_AS}; beside it there can be "
            "sentinel_username and sentinel_password."
        )
    name, _, password = user.partition(":")
    return Sentinels(
        hosts=found,
        primary=given["primary"],
        database=int(database[1] or 0),
        tls=SCHEMES[parts.scheme],
        account={"username": unquote(name) or None, "password": unquote(password) or None},
        own_account={part: given.get(f"sentinel_{part}") or None for part in ("username", "password")},
    )


def refuse_mixture(urls: dict[str, str]) -> None:
    """Raise ImproperlyConfigured if some of the variables name Sentinels, and others a server that may be any."""
    named = [variable for variable, url in urls.items() if urlsplit(url).scheme in SCHEMES]
    other = next((variable for variable in urls if variable not in named), None)
    if named and other:
        raise ImproperlyConfigured(
            f"{named[0]} names Sentinels, and {other} does not: after a fail-over they would lead to two servers. "
            "Let both name the Sentinels."
        )


def _write_host(name: str, port: int) -> str:
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
