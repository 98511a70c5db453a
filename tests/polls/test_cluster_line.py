"""The ways to a ballot box on three real masters: what goes where, and what happens when slots move or masters go."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from redis.crc import key_slot

from polls.ballot_box import cluster, connection
from polls.cluster_line import ClusterLine, make_line
from polls.shared_line import SharedLine
from tests.masters import SLOTS, Masters, wait_until
from voting_site.cluster_address import read_cluster

from .test_shared_line import ask

pytestmark = pytest.mark.large

# Keys of shards on the first, the second and the third master.
PLACES = {key_slot(f"1:{shard}".encode()) * 3 // SLOTS: f"urna:{{1:{shard}}}:x" for shard in range(12)}
KEYS = [PLACES[place] for place in range(3)]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Masters]:
    masters = Masters(Path(tmp_path_factory.mktemp("masters")))
    try:
        masters.start_all()
        yield masters
    finally:
        masters.close()


@pytest.fixture
def masters(running: Masters, monkeypatch: pytest.MonkeyPatch) -> Masters:
    monkeypatch.setattr(settings, "BALLOT_BOX_CLUSTER", read_cluster("BALLOT_BOX_URL", running.url_of("operator")))
    # The machine may be busy with other things.
    monkeypatch.setattr(settings, "REDIS_TIMEOUT", 3)
    running.wait_until_whole()
    for place in range(len(running.ports)):
        running.client(place).flushall()
    for place, key in enumerate(KEYS):
        settle_slot(running, key, place)
    return running


class Sync:
    """redis-py's client, asked as the worker and the pages with a database ask it."""

    def __init__(self) -> None:
        self._client = cluster.connect()

    async def ask(self, *questions: Any) -> list[Any]:
        found = []
        for question in questions:
            try:
                found.append(await asyncio.to_thread(cluster.ask, self._client, question))
            except cluster.FAILURES as error:
                found.append(error)
        return found


class Line:
    """The line of `vote`."""

    def __init__(self, line: ClusterLine) -> None:
        self._line = line

    async def ask(self, *questions: Any) -> list[Any]:
        return await ask(self._line, *questions)


@asynccontextmanager
async def serving() -> AsyncIterator[Line]:
    line = make_line()
    assert isinstance(line, ClusterLine)
    task = asyncio.create_task(line.serve())
    try:
        yield Line(line)
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture(params=["line", "client"])
async def way(request: pytest.FixtureRequest, masters: Masters) -> AsyncIterator[Any]:
    if request.param == "client":
        yield Sync()
        return
    async with serving() as line:
        yield line


def move(masters: Masters, key: str, source: int, target: int, *, end: bool = True) -> None:
    """Move the slot of a key, and all that is in it, to another master; without `end` leave it half moved."""
    slot = key_slot(key.encode())
    old, new = masters.client(source), masters.client(target)
    old_id, new_id = old.execute_command("CLUSTER", "MYID").decode(), new.execute_command("CLUSTER", "MYID").decode()
    new.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", old_id)
    old.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", new_id)
    for moved in old.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 100):
        if moved == key.encode():
            old.execute_command(
                "MIGRATE", "127.0.0.1", masters.ports[target], "", 0, 5000, "AUTH2", "operator", "-", "KEYS", moved
            )
    if end:
        for client in (new, old, masters.client(3 - source - target)):
            client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", new_id)


def settle_slot(masters: Masters, key: str, owner: int) -> None:
    """End a move, with the slot at `owner`; all masters know it then."""
    # What the last owner still tells, it tells with an older epoch than the next one's.
    wait_until(lambda: agree(masters))
    slot = key_slot(key.encode())
    with masters.client(owner) as client:
        name = client.execute_command("CLUSTER", "MYID").decode()
        client.execute_command("CLUSTER", "BUMPEPOCH")
    for place in (owner, *(place for place in range(3) if place != owner)):
        with masters.client(place) as client:
            client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", name)
    wait_until(lambda: agree(masters))


def agree(masters: Masters) -> bool:
    """Tell whether each master says the same of the epoch and the slots of every one."""
    views = set()
    for place in range(3):
        with masters.client(place) as client:
            nodes = client.execute_command("CLUSTER", "NODES").decode().splitlines()
        parts = [line.split() for line in nodes]
        # A slot that is moving is in brackets, and only its two masters know of it.
        views.add(frozenset((one[0], one[6], *(slots for slots in one[8:] if slots[0] != "[")) for one in parts))
    return len(views) == 1


class TestSlots:
    def test_are_those_of_redis(self):
        for key in ("urna:{1:0}:rules", "urna:{box}:epoch", "urna:last_good_drain", "urna:{1:11}:newcomers:ab"):
            assert cluster.slot_of(key) == key_slot(key.encode())

    def test_of_a_command_without_a_key_is_that_of_the_first_key(self):
        first, second = cluster.slot_of(KEYS[0]), cluster.slot_of(KEYS[1])
        assert cluster.slots_of([("TIME",), ("GET", KEYS[0]), ("GET", KEYS[1]), ("TIME",)]) == [
            first, first, second, first,
        ]  # fmt: skip

    def test_of_a_script_is_that_of_its_first_key(self):
        assert cluster.slots_of([("EVALSHA", "sha", 2, KEYS[2], KEYS[2], "x")]) == [cluster.slot_of(KEYS[2])]


class TestWay:
    async def test_goes_to_all_masters_in_one_question(self, way, masters):
        await way.ask([("SET", key, f"at {place}") for place, key in enumerate(KEYS)])
        [replies] = await way.ask([("TIME",), *(("GET", key) for key in KEYS)])
        assert replies[1:] == [b"at 0", b"at 1", b"at 2"]
        for place, key in enumerate(KEYS):
            assert masters.client(place).get(key) == f"at {place}".encode()

    async def test_gives_each_its_own_replies(self, way):
        questions = [[("SET", KEYS[n % 3], str(n)), ("ECHO", f"{n}"), ("STRLEN", KEYS[(n + 1) % 3])] for n in range(60)]
        replies = await way.ask(*questions)
        assert [one[1] for one in replies] == [f"{n}".encode() for n in range(60)]

    async def test_tells_an_error_to_the_one_who_made_it(self, way):
        wrong, right = await way.ask([("HGET", KEYS[0])], [("SET", KEYS[0], "x")])
        assert isinstance(wrong, redis.ResponseError)
        assert right == [True] or right == [b"OK"]

    async def test_follows_a_slot_that_has_moved(self, way, masters):
        await way.ask([("SET", KEYS[0], "here")])
        move(masters, KEYS[0], 0, 1)
        assert await way.ask([("GET", KEYS[0]), ("GET", KEYS[2])]) == [[b"here", None]]
        assert await way.ask([("GET", KEYS[0])]) == [[b"here"]]

    async def test_follows_a_key_whose_slot_is_moving(self, way, masters):
        await way.ask([("SET", KEYS[0], "here")])
        move(masters, KEYS[0], 0, 1, end=False)
        assert await way.ask([("GET", KEYS[0]), ("ECHO", "x")]) == [[b"here", b"x"]]

    async def test_says_try_again_while_half_of_the_keys_have_moved(self, way, masters):
        other = KEYS[0].replace(":x", ":y")
        await way.ask([("SET", KEYS[0], "a"), ("SET", other, "b")])
        move(masters, KEYS[0], 0, 1, end=False)
        [refused] = await way.ask([("MGET", KEYS[0], other)])
        assert isinstance(refused, redis.exceptions.TryAgainError)

    async def test_reaches_the_others_while_one_master_is_gone(self, way, masters):
        [stored] = await way.ask([("SET", key, "x") for key in KEYS])
        assert not isinstance(stored, Exception)
        masters.kill(1)
        try:
            first, lost, both, third = await way.ask(
                [("GET", KEYS[0])], [("GET", KEYS[1])], [("GET", KEYS[0]), ("GET", KEYS[1])], [("GET", KEYS[2])]
            )
            assert first == third == [b"x"]
            assert isinstance(lost, redis.RedisError)
            assert isinstance(both, redis.RedisError)
        finally:
            masters.start(1)
        assert await until_answered(way, [("GET", KEYS[1])]) == [b"x"]

    async def test_begins_with_whichever_master_answers(self, masters, monkeypatch):
        masters.kill(0)
        try:
            async with serving() as line:
                assert await until_answered(line, [("SET", KEYS[1], "x")])
        finally:
            masters.start(0)


async def until_answered(way: Any, question: Any) -> Any:
    """Ask until there is no error: a master that comes back needs a moment."""
    for _ in range(100):
        [reply] = await way.ask(question)
        if not isinstance(reply, Exception):
            return reply
        await asyncio.sleep(0.1)
    raise reply


class TestNobodyThere:
    async def test_is_an_error_of_the_clients(self, monkeypatch):
        monkeypatch.setattr(
            settings, "BALLOT_BOX_CLUSTER", read_cluster("BALLOT_BOX_URL", "redis+cluster://127.0.0.1:9")
        )
        async with serving() as line:
            [error] = await line.ask([("GET", KEYS[0])])
        assert isinstance(error, redis.ConnectionError)
        with pytest.raises(redis.ConnectionError):
            cluster.connect()


def test_one_redis_has_one_line(settings):
    settings.BALLOT_BOX_COPIES = 0
    assert isinstance(make_line(), SharedLine)
    assert connection.each_server() == [connection.client()]
