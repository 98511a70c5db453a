"""A line to each master of a Redis Cluster, which all requests of a process share.

A question is divided by the nodes that have its slots. Each node has a line of its own (`shared_line.py`), so that one
that does not answer keeps nobody waiting but those who ask it. What a node sends elsewhere is asked there.
"""

import asyncio
import time
from collections.abc import Coroutine, Iterable, Sequence
from contextvars import Context
from typing import Any

import redis.asyncio
from django.conf import settings
from greenlet import getcurrent
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.exceptions import AskError, MovedError, RedisClusterException

from .ballot_box.cluster import (
    HOPS,
    PAUSE_S,
    REDIRECTIONS,
    TABLE_S,
    Command,
    connection_settings,
    first_nodes,
    slots_of,
)
from .confirming_line import ConfirmingLine
from .shared_line import Asker, Question, SharedLine, pack


class ClusterLine:
    """A line that the greenlets of one event loop share, to the masters of the cluster of the settings."""

    def __init__(self) -> None:
        nodes = [ClusterNode(host, port) for host, port in first_nodes()]
        # It keeps the table of slots, and asks for it over connections of its own.
        self._cluster = RedisCluster(startup_nodes=nodes, **connection_settings())
        self._lines: dict[str, SharedLine] = {}
        # Tasks are kept here, since the loop itself forgets them.
        self._tasks: set[asyncio.Task[None]] = set()
        self._learning: asyncio.Task[None] | None = None
        self._learned_at = float("-inf")

    def ask(self, commands: Sequence[Command], confirmed: bool = False) -> list[Any]:
        """Send commands, and return their replies; raises the client's errors. To be called in a greenlet.

        Nothing is `confirmed` by replicas: settings refuse that on a cluster.
        """
        asker = getcurrent()
        assert asker.parent, "only a greenlet can wait here"
        trip = Trip(asker, pack(commands), slots_of(commands), self)
        if self._cluster.nodes_manager.slots_cache:
            self.send(trip, range(len(commands)))
        else:
            self._begin(self._go_on(trip, self._find_table(trip)))
        replies: list[Any] = asker.parent.switch()
        for reply in replies:
            if isinstance(reply, redis.RedisError):
                raise reply
        return replies

    async def serve(self) -> None:
        """Carry questions to the box and replies back, until cancelled."""
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for nodes in ("nodes_cache", "startup_nodes"):
                await self._cluster.nodes_manager.aclose(nodes)

    def send(self, trip: "Trip", places: Iterable[int]) -> None:
        """Send the commands of a trip at these places, each to the node that has its slot."""
        by_node: dict[str, tuple[ClusterNode, list[int]]] = {}
        lost = []
        for place in places:
            nodes = self._cluster.nodes_manager.slots_cache.get(trip.slots[place])
            if nodes:
                by_node.setdefault(nodes[0].name, (nodes[0], []))[1].append(place)
            else:
                lost.append(place)
        trip.missing = len(by_node) + bool(lost)
        for node, own in by_node.values():
            self._send_to(node, trip, own)
        if lost:
            errors = [redis.ConnectionError("no master has the slot") for _ in lost]
            # Later: who asks does not wait yet.
            asyncio.get_running_loop().call_soon(trip.take, lost, errors)

    def _send_to(self, node: ClusterNode, trip: "Trip", places: Sequence[int], *, asking: bool = False) -> None:
        packed = [trip.packed[place] for place in places]
        if asking:
            packed = [part for one in packed for part in (ASKING, one)]
        self._line_to(node).take(Question(Part(trip, places, asking=asking), packed, len(packed)))

    def _line_to(self, node: ClusterNode) -> SharedLine:
        line = self._lines.get(node.name)
        if line is None:
            connection = node.connection_class(**node.connection_kwargs | {"socket_timeout": None})
            line = self._lines[node.name] = SharedLine(connection)
            self._begin(line.serve())
        return line

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        # Without the context of the request that happens to be the first.
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _go_on(self, trip: "Trip", work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # whatever it is, the request waits for an answer
            trip.asker.throw(redis.ConnectionError, (f"{type(error).__name__}: {error}",))

    def settle(self, trip: "Trip") -> None:
        """Tell the replies to who waits for them, unless some have to be asked for elsewhere."""
        again = [place for place, reply in enumerate(trip.replies) if isinstance(reply, _NOT_DONE)]
        if again and trip.hops < HOPS and time.monotonic() < trip.end:
            trip.hops += 1
            self._begin(self._go_on(trip, self._follow(trip, again)))
        else:
            trip.asker.switch(trip.replies)

    async def _find_table(self, trip: "Trip") -> None:
        await self._learn()
        self.send(trip, range(len(trip.packed)))

    async def _follow(self, trip: "Trip", places: Sequence[int]) -> None:
        """Learn from what went wrong, and ask once more."""
        asked: list[tuple[ClusterNode, int]] = []
        rest = []
        before = self._masters_of(trip, places)
        for place in places:
            error = trip.replies[place]
            if isinstance(error, MovedError) and error.slot_id in self._cluster.nodes_manager.slots_cache:
                await self._cluster.nodes_manager.move_slot(error)
            elif isinstance(error, AskError) and not isinstance(error, MovedError):
                asked.append((self._node(error), place))
                continue
            rest.append(place)
        errors = [trip.replies[place] for place in rest]
        if any(isinstance(error, redis.ConnectionError) for error in errors):
            await self._learn()
            if self._masters_of(trip, places) == before:
                # The line has tried twice, and there is no other master.
                trip.asker.switch(trip.replies)
                return
        elif any(not isinstance(error, MovedError) for error in errors):
            await self._learn()
            await asyncio.sleep(PAUSE_S)
        for place in places:
            trip.replies[place] = None
        self.send(trip, rest)
        trip.missing += len(asked)
        for node, place in asked:
            self._send_to(node, trip, [place], asking=True)

    def _masters_of(self, trip: "Trip", places: Iterable[int]) -> list[str]:
        table = self._cluster.nodes_manager.slots_cache
        return [table[trip.slots[place]][0].name if trip.slots[place] in table else "" for place in places]

    def _node(self, error: AskError) -> ClusterNode:
        manager = self._cluster.nodes_manager
        return manager.get_node(error.host, error.port) or ClusterNode(
            error.host, error.port, **manager.connection_kwargs
        )

    async def _learn(self) -> None:
        """Ask for the table of slots, for all who want it now; whoever has just got it uses that."""
        if time.monotonic() - self._learned_at < TABLE_S:
            return
        if self._learning is None or self._learning.done():
            self._learning = asyncio.get_running_loop().create_task(self._read_table())
        await asyncio.shield(self._learning)

    async def _read_table(self) -> None:
        try:
            async with asyncio.timeout(settings.REDIS_TIMEOUT):
                await self._cluster.nodes_manager.initialize()
        except (TimeoutError, redis.RedisError, RedisClusterException):
            # The table that there was stays, and so do the errors of those who wait.
            pass
        self._learned_at = time.monotonic()


class Trip:
    """A question under way: its commands, their slots, and the replies so far."""

    __slots__ = ("_line", "asker", "end", "hops", "missing", "packed", "replies", "slots")

    def __init__(self, asker: Asker, packed: Sequence[bytes], slots: Sequence[int], line: ClusterLine) -> None:
        self.asker, self.packed, self.slots, self._line = asker, packed, slots, line
        self.replies: list[Any] = [None] * len(packed)
        # Parts that have not come back.
        self.missing = 0
        self.hops = 0
        self.end = time.monotonic() + settings.REDIS_TIMEOUT

    def take(self, places: Sequence[int], replies: Sequence[Any]) -> None:
        """Take the replies to one part; with the last one, the trip is over or goes on."""
        for place, reply in zip(places, replies, strict=True):
            self.replies[place] = reply
        self.missing -= 1
        if not self.missing:
            self._line.settle(self)


class Part:
    """What goes to one node; a `SharedLine` tells it the replies."""

    __slots__ = ("_asking", "_places", "_trip")

    def __init__(self, trip: Trip, places: Sequence[int], *, asking: bool) -> None:
        self._trip, self._places, self._asking = trip, places, asking

    def switch(self, replies: list[Any]) -> None:
        self._trip.take(self._places, replies[1::2] if self._asking else replies)

    def throw(self, kind: type[BaseException], args: Any) -> None:
        # Each command gets an error of its own, since raising one adds to its traceback.
        self._trip.take(self._places, [_as_error(kind, args) for _ in self._places])


def _as_error(kind: type[BaseException], args: Any) -> BaseException:
    return kind(*args) if issubclass(kind, redis.RedisError) else redis.ConnectionError(f"{kind.__name__}: {args}")


_NOT_DONE = (*REDIRECTIONS, redis.ConnectionError)
(ASKING,) = pack([("ASKING",)])


def make_line() -> ClusterLine | ConfirmingLine | SharedLine:
    """Return the line to the ballot box of the settings."""
    if settings.BALLOT_BOX_CLUSTER:
        return ClusterLine()
    return ConfirmingLine() if settings.BALLOT_BOX_COPIES else SharedLine()
