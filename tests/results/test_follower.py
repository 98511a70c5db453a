"""Who follows a channel, and by whom it is sent what: by a ring where the server can, else by its own task."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import REGISTRY

from results.channel import Channel
from results.follower import Follower

from .moves import Moves


class Server:
    """What a server does of `write`: it takes texts unless something waits for the client already."""

    def __init__(self) -> None:
        self.has_room = True
        self.written: list[str] = []

    def write(self, texts: tuple[str, ...]) -> bool:
        if self.has_room:
            self.written += texts
        return self.has_room


@pytest.fixture
def moves() -> Moves:
    return Moves(5)


@pytest.fixture
def channel(moves: Moves) -> Channel:
    """A channel with a first frame."""
    channel = Channel()
    channel.take(moves.show(""))
    return channel


async def waiting(follower: Follower) -> asyncio.Task[None]:
    """Let a follower have the newest frame, and wait for more in a task of its own."""
    follower.take()
    task = asyncio.create_task(follower.wait())
    await asyncio.sleep(0)
    return task


class TestRing:
    async def test_writes_at_once_to_one_who_waits(self, channel: Channel, moves: Moves):
        server = Server()
        task = await waiting(channel.add(changes=False, write=server.write))
        channel.take(moves.show(""))
        channel.beat()
        await asyncio.sleep(0)
        assert server.written == [channel.frame, channel.heartbeat]
        assert not task.done()
        task.cancel()

    async def test_wakes_the_task_where_something_waits_for_the_client(self, channel: Channel, moves: Moves):
        server = Server()
        server.has_room = False
        follower = channel.add(changes=False, write=server.write)
        task = await waiting(follower)
        channel.take(moves.show(""))
        # A second one before the task has begun, and by now there is room: the task is to have it all the same.
        server.has_room = True
        channel.take(moves.show(""))
        await task
        assert server.written == []
        assert follower.take() == (channel.frame,)

    async def test_wakes_the_task_where_the_server_raises(self, channel: Channel, moves: Moves):
        def fail(texts: tuple[str, ...]) -> bool:
            raise RuntimeError("closed")

        follower = channel.add(changes=True, write=fail)
        task = await waiting(follower)
        channel.take(moves.show(""))
        await task
        assert follower.is_behind

    async def test_is_not_missed_by_one_who_is_busy(self, channel: Channel, moves: Moves):
        server = Server()
        follower = channel.add(changes=True, write=server.write)
        follower.take()
        channel.take(moves.show(""))
        await asyncio.wait_for(follower.wait(), 5)
        assert server.written == []
        assert json.loads(follower.take()[0])["type"] == "change"

    async def test_writes_a_whole_snapshot_before_the_heartbeat_that_it_is_due_with(
        self, channel: Channel, moves: Moves
    ):
        server = Server()
        task = await waiting(channel.add(changes=True, write=server.write))
        channel.take(moves.show(""))
        channel.beat()
        channel.due = channel.number
        channel.beat()
        assert server.written[2:] == [channel.whole, channel.heartbeat]
        task.cancel()

    @pytest.mark.parametrize("changes", [False, True])
    async def test_beats_before_the_first_frame(self, changes: bool, moves: Moves):
        """As while the database is down."""
        server, channel = Server(), Channel()
        task = asyncio.create_task(channel.add(changes=changes, write=server.write).wait())
        await asyncio.sleep(0)
        channel.beat()
        assert json.loads(server.written[0])["version"] is None
        channel.take(moves.show(""))
        assert json.loads(server.written[1])["version"] == 2
        task.cancel()

    async def test_leaves_alone_one_who_is_gone(self, channel: Channel, moves: Moves):
        server = Server()
        follower = channel.add(changes=True, write=server.write)
        task = await waiting(follower)
        channel.remove(follower)
        channel.take(moves.show(""))
        assert (server.written, channel.watchers) == ([], 0)
        task.cancel()

    @pytest.mark.parametrize(
        ("ring", "counted"),
        [(lambda one, moves: one.take(moves.show("")), "frames"), (lambda one, _: one.beat(), "heartbeats")],
    )
    async def test_counts_what_it_writes(
        self, channel: Channel, moves: Moves, ring: Callable[[Channel, Moves], Any], counted: str
    ):
        def total() -> float:
            return REGISTRY.get_sample_value(f"urna_{counted}_sent_total") or 0

        tasks = [await waiting(channel.add(changes=True, write=Server().write)) for _ in range(3)]
        before = total()
        ring(channel, moves)
        assert total() - before == 3
        for task in tasks:
            task.cancel()
