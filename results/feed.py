"""One feed for each process: it hears hints, reads at most 10 times a second, and hands out the newest frame.

However many sockets watch, an election is read once for all of them, and its frame is encoded once. A slow socket
misses frames, but never the newest one.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from weakref import WeakKeyDictionary

from channels.layers import get_channel_layer
from django.db import InterfaceError, OperationalError, connection

from polls.models import Election
from tally.announce import GROUP

from . import metrics, watchers
from .channel import Channel
from .follower import Write
from .snapshot import Snapshot, read_snapshots
from .wall import read_walls

logger = logging.getLogger(__name__)

READ_INTERVAL_S = 0.1
TICK_S = 2.0
RESUBSCRIBE_S = 1.0
# After a hint a copy of the database is read once more, so many seconds later.
COPY_S = 0.5
# Seconds after which the connection is made anew. Where the address names several servers, the first of them may be
# back, after another one had to stand in.
RENEW_S = 60.0


class Feed:
    """Reads what is watched, and lets each watcher follow it. Belongs to one event loop."""

    def __init__(self) -> None:
        self._channels: dict[int, Channel] = {}
        self._walls: dict[int, Channel] = {}
        self._read_wanted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._reader: ThreadPoolExecutor | None = None
        self._others = watchers.Watchers()
        self._reads_copy = False

    async def watch(
        self, election: int, *, wall: bool = False, changes: bool = False, write: Write | None = None
    ) -> AsyncGenerator[str]:
        """Yield the newest snapshot of an election, then one for each change, and a heartbeat at each tick.

        The snapshots of a `wall` have in them what its presenter has set. With `changes` they are numbered, and after
        the first there is what has changed since the last one that was yielded, and a whole one now and then. What
        `write` has sent already is not yielded.
        """
        channels = self._walls if wall else self._channels
        channel = self._join(channels, election)
        follower = channel.add(changes=changes, write=write)
        try:
            if not follower.is_behind:
                await follower.wait()
            while True:
                texts = follower.take()
                channel.count_sent(texts)
                for text in texts:
                    yield text
                await follower.wait()
        finally:
            channel.remove(follower)
            self._leave(channels, election)

    def channels(self) -> list[Channel]:
        """Return what is watched at this moment; safe from other threads, too."""
        return [*self._channels.values(), *self._walls.values()]

    def _join(self, channels: dict[int, Channel], election: int) -> Channel:
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._keep_reading(), name="feed-reading"),
                asyncio.create_task(self._keep_listening(), name="feed-listening"),
                asyncio.create_task(self._keep_ticking(), name="feed-ticking"),
                asyncio.create_task(self._keep_telling(), name="feed-telling"),
            ]
            self._reader = ThreadPoolExecutor(1, "feed-reader")
        channel = channels.setdefault(election, Channel())
        if not channel.frame:
            self._read_wanted.set()
        return channel

    def _leave(self, channels: dict[int, Channel], election: int) -> None:
        if not channels[election].watchers:
            del channels[election]
        if not self._channels and not self._walls:
            for task in self._tasks:
                task.cancel()
            self._tasks = []
            if self._reader:
                # In a lambda: `connection.close` itself would be the method of this thread's connection.
                self._reader.submit(lambda: connection.close())
                self._reader.shutdown(wait=False)
                self._reader = None

    async def _keep_reading(self) -> None:
        """Read when a hint or a tick asks for it, but not more often than READ_INTERVAL_S."""
        while True:
            await self._read_wanted.wait()
            self._read_wanted.clear()
            await self._read()
            await asyncio.sleep(READ_INTERVAL_S)

    async def _keep_ticking(self) -> None:
        """Tell pages the age of what they show, even while a read is stuck, and ask for a read."""
        while True:
            await asyncio.sleep(TICK_S)
            for election, channel in self._channels.items():
                channel.beat(self._others.elsewhere(election))
            for channel in self._walls.values():
                channel.beat()
            self._read_wanted.set()

    async def _keep_telling(self) -> None:
        """Tell the other processes how many watch here."""
        layer: Any = get_channel_layer()
        while True:
            counts = {election: channel.watchers for election, channel in self._channels.items()}
            try:
                await layer.group_send(watchers.GROUP, self._others.tell(counts))
            except Exception as error:  # the layer's client raises errors of many kinds
                logger.debug("other processes do not hear how many watch here: %r", error)
            await asyncio.sleep(TICK_S)

    async def _read(self) -> None:
        watched = self._channels.keys() | self._walls.keys()
        snapshots: list[Snapshot] = await self._ask(read_again, list(watched)) or []
        self._reads_copy = any(snapshot.age is not None for snapshot in snapshots)
        if any(one.lacks_counted and one.age is not None and not one.is_stale for one in snapshots):
            # A copy gets what was counted in a moment: nobody waits for the next tick.
            self._read_wanted.set()
        for snapshot in snapshots:
            if channel := self._channels.get(snapshot.election.pk):
                channel.take(snapshot)
        # Dashboards have theirs already, and do not wait for this.
        states = (await self._ask(read_walls, list(self._walls)) or {}) if self._walls else {}
        for snapshot in snapshots:
            number = snapshot.election.pk
            if number in self._walls and number in states:
                self._walls[number].take(snapshot, states[number])

    async def _ask(self, read: Callable[[list[int]], Any], elections: list[int]) -> Any:
        """Read something of elections on the thread that reads; None where that fails."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._reader, read, elections)
        except Exception as error:  # whatever it is, the page must learn its age, and the feed must go on
            metrics.READS_FAILED.inc()
            logger.warning("results cannot be read, pages show their age: %s", str(error).partition("\n")[0])
            return None

    async def _keep_listening(self) -> None:
        layer: Any = get_channel_layer()
        while True:
            try:
                name = await layer.new_channel()
                groups = (GROUP, watchers.GROUP)
                for group in groups:
                    await layer.group_add(group, name)
                try:
                    while True:
                        hint = await layer.receive(name)
                        if hint["type"] == watchers.GROUP:
                            self._others.hear(hint)
                        elif hint["election"] in self._channels or hint["election"] in self._walls:
                            self._read_wanted.set()
                            if self._reads_copy:
                                # It may not have yet what the hint is about, such as an act of the office.
                                asyncio.get_running_loop().call_later(COPY_S, self._read_wanted.set)
                finally:
                    for group in groups:
                        await layer.group_discard(group, name)
            except Exception as error:  # the layer's client raises errors of many kinds
                logger.warning("no hints, results wait for their tick: %r", error)
                await asyncio.sleep(RESUBSCRIBE_S)


_connected_at = 0.0


def read_again(elections: Sequence[int]) -> list[Snapshot]:
    """Read snapshots on this thread's connection, which stays open; if it is broken, once more on a new one."""
    global _connected_at
    watched = Election.objects.filter(pk__in=elections)
    if time.monotonic() - _connected_at > RENEW_S:
        connection.close()
    if connection.connection is None:
        _connected_at = time.monotonic()
    try:
        return read_snapshots(watched)
    except (OperationalError, InterfaceError):
        connection.close()
    return read_snapshots(watched)


_feeds: WeakKeyDictionary[asyncio.AbstractEventLoop, Feed] = WeakKeyDictionary()


def get_feed() -> Feed:
    """Return the feed of the running event loop; a server process has one loop, and so one feed."""
    return _feeds.setdefault(asyncio.get_running_loop(), Feed())


def watched() -> list[Channel]:
    """Return what is watched in this process, for its metrics."""
    return [channel for feed in list(_feeds.values()) for channel in feed.channels()]
