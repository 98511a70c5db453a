"""Forget who has voted in an election that is certified, in the box and in the file behind it."""

import time
from typing import Any

import redis
from django.conf import settings

from . import connection
from .connection import Unavailable, ask, reaching
from .keys import key
from .replicas import connect_to, find_replicas

# What names voters in a shard; `roll` and `codes` are there in elections with a roll.
PERSONAL = ("voters", "roll", "codes")
# Seconds for which a rewrite of the append-only file is waited for.
PATIENCE_S = 120
PAUSE_S = 0.05


def forget_voters(election: int, shards: int) -> None:
    """Delete all keys of an election that name its voters; raises Unavailable."""
    with reaching():
        for shard in range(shards):
            ask(("DEL", *(key(election, shard, part) for part in PERSONAL)), confirmed=True)


def rewrite_file() -> None:
    """Have each server write its append-only file anew, so that it does not hold what was deleted; raises Unavailable.

    Replicas that follow have files of their own; one that is away gets all data anew when it is back, unless the
    primary still has what it missed. A rewrite that is under way began before the deletion, so that another one has to
    follow.
    """
    with reaching():
        servers = connection.each_server()
        if settings.BALLOT_BOX_COPIES:
            servers += [connect_to(*address) for address in find_replicas()]
    for server in servers:
        _rewrite_file_of(server)


def _rewrite_file_of(server: Any) -> None:
    end = time.monotonic() + PATIENCE_S
    _wait(server, end)
    with reaching():
        if server.info("persistence")["aof_enabled"]:
            try:
                server.bgrewriteaof()
            except redis.ResponseError as error:
                raise Unavailable("the append-only file is being rewritten already") from error
    _wait(server, end)
    with reaching():
        if server.info("persistence")["aof_last_bgrewrite_status"] != "ok":
            raise Unavailable("the append-only file could not be rewritten")


def _wait(server: Any, end: float) -> None:
    """Wait until no rewrite is under way; raises Unavailable after `end`."""
    while True:
        with reaching():
            state = server.info("persistence")
        if not (state["aof_rewrite_in_progress"] or state["aof_rewrite_scheduled"]):
            return
        if time.monotonic() >= end:
            raise Unavailable("the rewrite of the append-only file takes long")
        time.sleep(PAUSE_S)
