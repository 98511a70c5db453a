"""Find the replicas that follow the primary of the ballot box."""

from collections.abc import Iterator
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from .connection import ordinary_client, reaching

# Seconds since a replica was heard of last, from which on it does not count as one; it tells every second what it has.
SILENT_S = 5


def find_replicas() -> list[tuple[str, int]]:
    """Return the addresses of the replicas that follow, as the primary knows them; raises the client's errors."""
    return [(one["ip"], one["port"]) for one in _read(ordinary_client().info("replication"))]


def count_in_sync(within: int = SILENT_S) -> int:
    """Return how many replicas follow, and have told the primary so within that many seconds; raises Unavailable."""
    with reaching():
        return sum(one["lag"] <= within for one in _read(ordinary_client().info("replication")))


def _read(replication: Any) -> Iterator[Any]:
    for name, one in replication.items():
        if name.startswith("slave") and isinstance(one, dict) and one.get("state") == "online":
            yield one


def connect_to(host: str, port: int, *, timeout: float | None = None) -> Any:
    """Return a client of one server, with the account that this process has at the primary.

    It waits as long as `timeout` says (s), by itself as long as for any answer of the box. It asks once: by itself
    redis-py would ask a lost server for minutes.
    """
    if settings.REDIS_SENTINELS:
        options = settings.REDIS_SENTINELS.options_for_servers()
    else:
        known = ordinary_client().connection_pool.connection_kwargs
        options = {name: known.get(name) for name in ("username", "password")}
    timeout = timeout or settings.REDIS_TIMEOUT
    return redis.Redis(
        host,
        port,
        **options,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
    )
