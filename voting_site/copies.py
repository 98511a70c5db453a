"""Find out whether the servers of the ballot box can do what BALLOT_BOX_COPIES asks for."""

from typing import Any

import redis
from django.conf import settings

from polls import ballot_box
from polls.ballot_box.replicas import connect_to, find_replicas

# When a voter reads "accepted" the ballot has to be on disk, and Redis must not evict anything from the box.
NEEDED = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}


def find_missing_copies() -> str | None:
    """Return in a sentence what is missing, None where nothing is, or nobody may know; raises the client's errors."""
    if not settings.BALLOT_BOX_COPIES:
        return None
    try:
        replicas = find_replicas()
    except redis.ResponseError:
        # A hosted Redis may refuse to tell; its owner has to know.
        return None
    if len(replicas) < settings.BALLOT_BOX_COPIES:
        return (
            f"BALLOT_BOX_COPIES is {settings.BALLOT_BOX_COPIES}, and {len(replicas)} replicas follow the primary: no "
            "ballot would be accepted."
        )
    return None


def find_wrong_settings() -> str | None:
    """Return in a sentence which setting of a server contradicts BALLOT_BOX_COPIES; raises the client's errors."""
    if not settings.BALLOT_BOX_COPIES:
        return None
    primary = ballot_box.connection.ordinary_client()
    try:
        replicas = find_replicas()
        found = [("the primary", _read_settings(primary))]
    except redis.ResponseError:
        return None
    for host, port in replicas:
        client = connect_to(host, port)
        try:
            found.append((f"the replica {host}:{port}", _read_settings(client)))
        except redis.RedisError:
            # It may not be reached from here, or have just gone; readiness tells whether votes are confirmed.
            continue
        finally:
            client.close()
    return next(
        (
            f"BALLOT_BOX_COPIES is {settings.BALLOT_BOX_COPIES}, and {server} has {name} {values.get(name)}, so that "
            f"an accepted ballot may get lost: set {name} {needed}."
            for server, values in found
            for name, needed in NEEDED.items()
            if values.get(name) != needed
        ),
        None,
    )


def _read_settings(server: Any) -> dict[str, str]:
    return {name: server.config_get(name).get(name) for name in NEEDED}
