"""The two connections of a process of `vote`, with real servers of which some stand still."""

import asyncio
import time

import pytest
import redis
from greenlet import greenlet

from polls.ballot_box import confirming
from polls.ballot_box.confirming import Unconfirmed
from polls.ballot_box.connection import ask as ask_alone
from polls.ballot_box.keys import IN_SYNC
from polls.confirming_line import ConfirmingLine
from tests.masters import wait_until

pytestmark = pytest.mark.copies


async def ask(line, *questions):
    """Ask questions, each with whether it is to be confirmed, at once; return the replies or the error to each."""
    loop = asyncio.get_running_loop()
    answered = [loop.create_future() for _ in questions]

    def work(commands, confirmed, future):
        try:
            future.set_result((line.ask(commands, confirmed), time.monotonic()))
        except redis.RedisError as error:
            future.set_result((error, time.monotonic()))

    for (commands, confirmed), future in zip(questions, answered, strict=True):
        greenlet(work).switch(commands, confirmed, future)
    return list(await asyncio.gather(*answered))


@pytest.fixture
async def line():
    made = ConfirmingLine()
    task = asyncio.create_task(made.serve())
    yield made
    task.cancel()
    await asyncio.wait([task])


class TestConfirmingLine:
    async def test_gives_each_its_own_replies(self, servers, line):
        questions = [([("ECHO", str(number))], number % 2 == 0) for number in range(100)]
        assert [reply for reply, _ in await ask(line, *questions)] == [[str(number).encode()] for number in range(100)]

    async def test_keeps_nobody_waiting_who_only_looks(self, servers, line):
        with servers.standing_still(*servers.replicas()):
            (held, late), (seen, soon) = await ask(line, ([("SET", "urna:a", 1)], True), ([("GET", "urna:b")], False))
        # On a busy machine the time is over before the server says so.
        assert isinstance(held, (Unconfirmed, redis.TimeoutError))
        assert seen == [None]
        assert soon < late

    async def test_goes_on_once_a_replica_answers(self, servers, line):
        with servers.standing_still(*servers.replicas()):
            assert isinstance((await ask(line, ([("ECHO", "a")], True)))[0][0], (Unconfirmed, redis.TimeoutError))
        await asyncio.to_thread(wait_until, servers.is_whole)
        assert (await ask(line, ([("ECHO", "b")], True)))[0][0] == [b"b"]

    async def test_lets_all_confirm_of_which_redis_tells(self, servers, line, monkeypatch):
        """Also before this process has been told: the batch is not over with one replica."""
        # One that came back in the test before confirms nothing for half a second.
        await asyncio.to_thread(wait_until, lambda: ask_alone(("SET", "urna:a", 1), ("WAIT", 2, 100))[1] == 2)
        monkeypatch.setattr(confirming, "_wanted", 0)
        ask_alone(("HSET", IN_SYNC, "number", 2))
        assert (await ask(line, ([("ECHO", "a")], True)))[0][0] == [b"a"]
        monkeypatch.setattr(confirming, "_wanted", 0)
        with servers.standing_still(servers.replicas()[0]):
            assert isinstance((await ask(line, ([("ECHO", "b")], True)))[0][0], (Unconfirmed, redis.TimeoutError))

    async def test_leads_to_the_server_that_was_promoted(self, servers, line):
        await ask(line, ([("ECHO", "a")], True), ([("ECHO", "a")], False))
        before = servers.find_primary()
        with servers.standing_still(before):
            await asyncio.to_thread(servers.wait_for_another, before)

            async def is_taken():
                return not isinstance((await ask(line, ([("SET", "urna:c", 1)], True)))[0][0], Exception)

            end = time.monotonic() + 20
            while not await is_taken():
                assert time.monotonic() < end
            [(found, _)] = await ask(line, ([("GET", "urna:c")], False))
        # The line that only looks may have read the server before, which has it not.
        assert found == [b"1"] or isinstance(found, redis.RedisError)
