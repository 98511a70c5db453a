"""Find the replicas that follow the primary of the ballot box."""

from collections.abc import Iterator
from typing import Any

import redis
from django.conf import settings

from .connection import ordinary_client


def find_replicas() -> list[tuple[str, int]]:
    """Return the addresses of the replicas that follow, as the primary knows them; raises the client's errors."""
    return list(_read(ordinary_client().info("replication")))


def _read(replication: Any) -> Iterator[tuple[str, int]]:
    for name, one in replication.items():
        if name.startswith("slave") and isinstance(one, dict) and one.get("state") == "online":
            yield one["ip"], one["port"]


def connect_to(host: str, port: int, *, timeout: float | None = None) -> Any:
    """Return a client of a replica, with the account that this process has at the primary.

    It waits as long as `timeout` says (s), by itself as long as for any answer of the box.
    """
    if settings.REDIS_SENTINELS:
        options = settings.REDIS_SENTINELS.options_for_servers()
    else:
        known = ordinary_client().connection_pool.connection_kwargs
        options = {name: known.get(name) for name in ("username", "password")}
    timeout = timeout or settings.REDIS_TIMEOUT
    return redis.Redis(host, port, **options, socket_timeout=timeout, socket_connect_timeout=timeout)
