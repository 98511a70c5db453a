"""Who knows the nodes, if the ballot box is on the masters of a Redis Cluster: slots, masters and redirections.

redis-py keeps the table of slots and the connections. Questions are sent past its `execute_command` and its pipeline,
which take several times the processor time.
"""

import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    RedisClusterException,
    TryAgainError,
)
from redis.retry import Retry

from .keys import EPOCH

Command = Sequence[str | int]

# What redis-py raises where it finds no way; the second is no RedisError.
FAILURES = (redis.RedisError, RedisClusterException)
# Replies after which the same command is sent once more: nothing has been done.
REDIRECTIONS = (AskError, TryAgainError, ClusterDownError)
# How often a question is sent at most, and the seconds between two times while the cluster settles.
HOPS = 5
PAUSE_S = 0.05
# Seconds for which a table of slots is good enough while a node does not answer.
TABLE_S = 0.5
# Commands without a key. They go to the node of the question's first key: so `TIME` is the clock of that node.
_KEYLESS = frozenset(("TIME", "SCRIPT", "ECHO", "PING"))

# A way around, for tests: the address at which to reach a node that the cluster names.
remap_address: Callable[[tuple[str, int]], tuple[str, int]] | None = None


def connection_settings() -> dict[str, Any]:
    """Return what clients of both kinds, redis-py's and its asyncio's, need to sign in."""
    own = settings.BALLOT_BOX_CLUSTER
    return {
        **{name: own[name] for name in ("username", "password", "ssl")},
        "socket_timeout": settings.REDIS_TIMEOUT,
        "socket_connect_timeout": settings.REDIS_TIMEOUT,
        "require_full_coverage": False,
        "address_remap": remap_address,
    }


def first_nodes() -> list[tuple[str, int]]:
    """Return the hosts and ports that are asked first what nodes there are."""
    found: list[tuple[str, int]] = settings.BALLOT_BOX_CLUSTER["nodes"]
    return found


def connect() -> RedisCluster:
    """Return a client; raises ConnectionError if no node tells what nodes there are."""
    nodes = [ClusterNode(host, port) for host, port in first_nodes()]
    try:
        return RedisCluster(startup_nodes=nodes, retry=Retry(NoBackoff(), 2), **connection_settings())
    except RedisClusterException as error:
        raise redis.ConnectionError(str(error)) from error


def slots_of(commands: Sequence[Command]) -> list[int]:
    """Return the slot of each command's key."""
    slots = [None if command[0] in _KEYLESS else slot_of(_first_key(command)) for command in commands]
    first = next((slot for slot in slots if slot is not None), None)
    if first is None:
        first = slot_of(EPOCH)
    return [first if slot is None else slot for slot in slots]


def _first_key(command: Command) -> str:
    return str(command[3] if command[0] == "EVALSHA" else command[1])


@lru_cache(maxsize=4096)
def _slot_of_tag(tag: str) -> int:
    return key_slot(tag.encode())


def slot_of(key: str) -> int:
    """Return the slot of a key, by its hash tag if it has one."""
    _, brace, rest = key.partition("{")
    return _slot_of_tag(rest.partition("}")[0] if brace else key)


def read_clocks(client: RedisCluster) -> dict[str, float]:
    """Return by how many seconds the clock of each master is ahead of this machine's; raises the client's errors.

    Half of the round trip is taken off. So the figure of a node is wrong by half of that at most.
    """
    ahead = {}
    for node in client.get_primaries():
        asked = time.time()
        seconds, microseconds = client.get_redis_connection(node).time()
        ahead[node.name] = seconds + microseconds / 1e6 - (asked + time.time()) / 2
    return ahead


def ask(client: RedisCluster, commands: Sequence[Command]) -> list[Any]:
    """Send each command to the node that has its slot; return the replies, and raise the first error among them."""
    replies: list[Any] = [None] * len(commands)
    slots = slots_of(commands)
    open_places = list(range(len(commands)))
    asked: dict[int, ClusterNode] = {}
    for hop in range(HOPS):
        by_node: dict[ClusterNode, list[int]] = {}
        for place in open_places:
            node = asked.get(place) or client.nodes_manager.get_node_from_slot(slots[place])
            by_node.setdefault(node, []).append(place)
        for node, places in by_node.items():
            told = _exchange(client, node, [(place in asked, commands[place]) for place in places])
            for place, reply in zip(places, told, strict=True):
                replies[place] = reply
        open_places = [place for place in open_places if isinstance(replies[place], REDIRECTIONS)]
        if not open_places:
            break
        asked = {}
        for place in open_places:
            if (other := _follow(client, replies[place])) is not None:
                asked[place] = other
        if hop and not asked:
            time.sleep(PAUSE_S)
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies


def _follow(client: RedisCluster, error: Any) -> ClusterNode | None:
    """Learn from a redirection; return the node that is to be asked once, if it names one."""
    manager = client.nodes_manager
    if isinstance(error, MovedError):
        if error.slot_id in manager.slots_cache:
            manager.move_slot(error)
        else:
            _learn_nodes(client)
    elif isinstance(error, AskError):
        return manager.get_node(error.host, error.port) or ClusterNode(error.host, error.port)
    elif isinstance(error, ClusterDownError):
        _learn_nodes(client)
    return None


def _learn_nodes(client: RedisCluster) -> None:
    client.nodes_manager.initialize(disconnect_startup_nodes_pools=False)


def _exchange(client: RedisCluster, node: ClusterNode, commands: Sequence[tuple[bool, Command]]) -> list[Any]:
    """Send commands to a node, after ASKING where it says so; return the replies, errors among them.

    Repeats them once if the connection is broken, never after a time-out.
    """
    pool = client.get_redis_connection(node).connection_pool
    sent = [part for asking, command in commands for part in ([("ASKING",), command] if asking else [command])]
    for last in (False, True):
        connection = pool.get_connection()
        try:
            connection.send_packed_command(connection.pack_commands(sent))
            replies = [read_reply(connection) for _ in sent]
        except redis.ConnectionError:
            connection.disconnect()
            if last:
                # It may have gone for good, and another have its slots.
                _learn_nodes(client)
                raise
        except BaseException:
            # The next question must not read the replies to this one.
            connection.disconnect()
            raise
        else:
            each = iter(replies)
            return [(next(each), next(each))[1] if asking else next(each) for asking, _ in commands]
        finally:
            pool.release(connection)
    raise AssertionError("unreachable")


def read_reply(connection: Any) -> Any:
    """Return a reply; an error that answers only its command is returned like any other reply."""
    try:
        return connection.read_response()
    except redis.ResponseError as error:
        return error
