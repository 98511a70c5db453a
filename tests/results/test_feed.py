"""The results socket, from a committed count to the frame that a browser gets."""

import asyncio
import datetime as dt
import json
import threading
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.db import OperationalError, connection, connections
from django.test import override_settings
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from prometheus_client import REGISTRY

from results import feed
from results.api_page import DOCUMENT
from results.changes import PROTOCOL
from results.outcome_shown import write_json
from results.seats import seats
from results.snapshot import Election, read_snapshots
from tally import lifecycle
from tally.drain import drain_all
from tests.changes_client import ChangesClient
from voting_site.asgi import application

from .test_changes import content

API = json.loads(DOCUMENT.read_text())


@pytest.fixture(autouse=True)
async def _close_connections(make_election: Any) -> AsyncIterator[None]:
    """Leave no other thread at work: it would keep the test database, or the tables that are to be emptied."""
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("feed-reader"):
            await asyncio.to_thread(thread.join, 10)
    await sync_to_async(connections.close_all)()


@asynccontextmanager
async def socket(
    slug: str = "drink", *, client: str = "192.0.2.7", asks_for: Sequence[str] = (), **headers: str
) -> AsyncIterator[WebsocketCommunicator]:
    """Open a results socket from an address, which asks for sub-protocols; leaves it closed."""
    raw = [(name.encode(), value.encode()) for name, value in {"host": "testserver", **headers}.items()]
    communicator = WebsocketCommunicator(application, f"/ws/{slug}/", headers=raw, subprotocols=list(asks_for))
    communicator.scope["client"] = [client, 50000]
    communicator.connected, communicator.subprotocol = await communicator.connect(timeout=5)
    yield communicator
    await communicator.disconnect(timeout=5)


@asynccontextmanager
async def counted(reason: str, times: int = 1) -> AsyncIterator[None]:
    """Expect so many sockets to be refused for a reason during a `with` block."""

    def refused() -> float:
        return REGISTRY.get_sample_value("urna_sockets_refused_total", {"reason": reason}) or 0

    before = refused()
    yield
    assert refused() == before + times


async def next_snapshot(communicator: WebsocketCommunicator, **expected: Any) -> dict[str, Any]:
    """Return the next snapshot that has the expected values, past heartbeats and earlier snapshots."""
    async with asyncio.timeout(10):
        while True:
            message = json.loads(await communicator.receive_from(timeout=10))
            if "type" not in message and expected.items() <= message.items():
                return message


async def next_heartbeat(communicator: WebsocketCommunicator) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            message = json.loads(await communicator.receive_from(timeout=10))
            if message.get("type") == "heartbeat":
                return message


class TestSocket:
    async def test_sends_a_snapshot_on_connect_and_one_for_each_change(self, make_election, cast):
        drink = await sync_to_async(make_election)()
        async with socket() as page:
            assert (await next_snapshot(page))["ballots"] == 0
            await sync_to_async(cast)(drink, "ana", "nesquik")
            await sync_to_async(drain_all)()
            [shown] = (await next_snapshot(page, ballots=1))["contests"]
            assert shown["options"][0]["count"] == 1

    async def test_hears_of_a_change_before_its_tick(self, make_election, cast, monkeypatch):
        monkeypatch.setattr(feed, "TICK_S", 60)
        drink = await sync_to_async(make_election)()
        async with socket() as page:
            await next_snapshot(page)
            await sync_to_async(cast)(drink, "ana", "nesquik")
            await sync_to_async(drain_all)()
            await next_snapshot(page, ballots=1)

    async def test_shows_a_change_without_any_hint_at_its_tick(self, make_election, cast, monkeypatch):
        monkeypatch.setattr(feed, "TICK_S", 0.3)
        for place in ("tally.outcomes.announce", "tally.drain.announce"):
            monkeypatch.setattr(place, lambda election: None)
        drink = await sync_to_async(make_election)()
        async with socket() as page:
            await next_snapshot(page)
            await sync_to_async(cast)(drink, "ana", "nesquik")
            await sync_to_async(drain_all)()
            await next_snapshot(page, ballots=1)

    @pytest.mark.parametrize("limit", ["SOCKETS_LIMIT", "SOCKETS_PER_ADDRESS"])
    async def test_without_a_free_seat_is_told_to_come_back(self, make_election, settings, limit):
        setattr(settings, limit, 1)
        await sync_to_async(make_election)()
        async with socket() as page, counted("no-seat"):
            await next_snapshot(page)
            async with socket() as late:
                assert await late.receive_output(timeout=5) == {"type": "websocket.close", "code": 1013}
        async with socket() as page:
            await next_snapshot(page)

    async def test_of_another_network_has_a_seat_where_one_networks_are_taken(self, make_election, settings):
        settings.SOCKETS_PER_ADDRESS = 1
        await sync_to_async(make_election)()
        async with socket() as page, socket(client="192.0.2.8") as elsewhere:
            await next_snapshot(page)
            await next_snapshot(elsewhere)

    async def test_tells_of_the_seal_and_of_the_final_result(self, make_election):
        drink = await sync_to_async(make_election)()
        async with socket() as page:
            await next_snapshot(page, phase="open")
            await sync_to_async(lifecycle.close_election)(drink)
            await next_snapshot(page, phase="closed", final=False)
            await sync_to_async(lifecycle.turn_phases)()
            await next_snapshot(page, phase="closed", final=True)

    async def test_beats_with_the_age_of_the_last_good_read(self, make_election, monkeypatch):
        monkeypatch.setattr(feed, "TICK_S", 0.2)
        await sync_to_async(make_election)()
        async with socket() as page:
            shown = await next_snapshot(page)
            beat = await next_heartbeat(page)
            assert (beat["version"], beat["age"] < 1) == (shown["version"], True)
            assert beat["as_of"] >= shown["as_of"]
            read, framed = (dt.datetime.fromisoformat(one["as_of"]) for one in (beat, shown))
            assert beat["since"] == round((read - framed).total_seconds(), 2)

    async def test_lets_the_age_grow_while_the_database_is_away(self, make_election, monkeypatch, caplog):
        monkeypatch.setattr(feed, "TICK_S", 0.2)
        await sync_to_async(make_election)()
        async with socket() as page:
            await next_snapshot(page)

            def fail(*args: Any) -> None:
                raise OperationalError("away")

            monkeypatch.setattr(feed, "read_snapshots", fail)
            ages = [(await next_heartbeat(page))["age"] for _ in range(5)]
            assert ages[-1] > ages[1]
            assert "pages show their age" in caplog.text
            monkeypatch.setattr(feed, "read_snapshots", read_snapshots)
            async with asyncio.timeout(10):
                while (await next_heartbeat(page))["age"] > 0.2:
                    pass

    @pytest.mark.parametrize("text", ["hello", "{}", "x" * 100_000])
    async def test_is_closed_when_it_sends_anything(self, make_election, text):
        await sync_to_async(make_election)()
        async with socket() as page, counted("not-listening"):
            await page.send_to(text_data=text)
            async with asyncio.timeout(10):
                while (message := await page.receive_output(timeout=10))["type"] != "websocket.close":
                    pass
            assert message["code"] == 1008

    @pytest.mark.parametrize(
        ("origin", "connected"),
        [
            ("http://testserver", True),
            ("https://TESTSERVER", True),
            ("http://evil.example", False),
            ("http://testserver:81", False),
            ("http://testserver.evil.example", False),
            ("https://allowed.example", True),
            ("null", False),
            ("http://[", False),
            ("", False),
        ],
    )
    async def test_is_open_to_pages_of_its_own_host_only(self, make_election, settings, origin, connected):
        settings.WEBSOCKET_ORIGINS = ["https://allowed.example"]
        await sync_to_async(make_election)()
        async with counted("origin", 0 if connected else 1), socket(origin=origin) as page:
            assert page.connected is connected

    @pytest.mark.parametrize("path", ["/ws/", "/ws//", "/ws/drink/x/", "/", "/ws/drink", "/ws/dr%00ink/"])
    async def test_at_an_unknown_address_is_refused(self, path):
        communicator = WebsocketCommunicator(application, path)
        assert (await communicator.connect(timeout=5))[0] is False

    async def test_of_an_unknown_election_is_refused(self, make_election):
        await sync_to_async(make_election)()
        async with socket("nothing") as page:
            assert not page.connected

    async def test_that_has_just_closed_is_no_error(self, make_election):
        """Daphne raises from a send to a socket of whose end it has not told yet."""
        await sync_to_async(make_election)()
        coming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        tried = asyncio.Event()

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "websocket.send":
                tried.set()
                raise RuntimeError("Attempt to send on a closed protocol")

        scope = WebsocketCommunicator(application, "/ws/drink/", headers=[(b"host", b"testserver")]).scope
        coming.put_nowait({"type": "websocket.connect"})
        served = asyncio.create_task(application(scope, coming.get, send))
        async with asyncio.timeout(10):
            await tried.wait()
            coming.put_nowait({"type": "websocket.disconnect", "code": 1006})
            await served
        assert feed.get_feed().channels() == []

    async def test_leaves_its_seat_when_an_error_ends_it(self, make_election):
        """Daphne's socket raised an error for the code of the close, and this is one that any server may have."""
        await sync_to_async(make_election)()
        coming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "websocket.close":
                raise RuntimeError("no such code")

        scope = WebsocketCommunicator(application, "/ws/drink/", headers=[(b"host", b"testserver")]).scope
        coming.put_nowait({"type": "websocket.connect"})
        coming.put_nowait({"type": "websocket.receive", "text": "hello"})
        taken = seats.taken
        with pytest.raises(RuntimeError, match="no such code"):
            await application(scope, coming.get, send)
        assert seats.taken == taken
        assert feed.get_feed().channels() == []


def fits(message: dict[str, Any]) -> None:
    """Check a message against the API's description."""
    name = {"change": "Change", "heartbeat": "Heartbeat"}.get(message.get("type", ""), "Snapshot")
    schema = {"$ref": f"#/components/schemas/{name}", "components": API["components"]}
    OAS31Validator(schema, format_checker=oas31_format_checker).validate(message)


class TestSocketThatAsksForChanges:
    @pytest.mark.parametrize("slug", ["drink", "drink/wall"])
    async def test_gets_a_numbered_snapshot_and_then_what_has_changed(self, make_election, cast, slug):
        drink = await sync_to_async(make_election)()
        async with socket(slug, asks_for=["other", PROTOCOL]) as page, socket(slug) as other:
            assert page.subprotocol == PROTOCOL
            first = await next_snapshot(page)
            if slug == "drink":
                fits(first)
            await sync_to_async(cast)(drink, "ana", "nesquik")
            await sync_to_async(drain_all)()
            whole = await next_snapshot(other, ballots=1)
            client = ChangesClient()
            client.hear(json.dumps(first))
            async with asyncio.timeout(10):
                while client.shown["ballots"] != 1:
                    text = await page.receive_from(timeout=10)
                    client.hear(text)
                    if slug == "drink":
                        fits(json.loads(text))
            assert (client.wholes, client.changes >= 1) == (1, True)
            assert content(client.shown) == content(whole)

    @pytest.mark.parametrize("asks_for", [(), ("urna.changes.v2",), ("graphql-ws",)])
    async def test_is_none_of_another_release_or_another_protocol(self, make_election, client, asks_for):
        """And its bytes are those of the JSON, as they have always been."""
        await sync_to_async(make_election)()
        async with socket(asks_for=asks_for) as page:
            assert page.subprotocol is None
            text = await page.receive_from(timeout=10)
            with override_settings(ROOT_URLCONF="voting_site.urls.result"):
                answer = await sync_to_async(client.get)("/drink/results.json")
            as_of = json.loads(text)["as_of"]
            assert text == answer.content.decode().replace(answer.json()["as_of"], as_of)

    async def test_beats_and_is_counted_like_any_other(self, make_election, monkeypatch):
        monkeypatch.setattr(feed, "TICK_S", 0.2)
        await sync_to_async(make_election)()
        async with socket(asks_for=[PROTOCOL]) as page, socket() as other:
            fits(await next_heartbeat(page))
            assert (await next_heartbeat(other))["watching"] == 2


class TestFeed:
    async def test_reads_once_for_many_sockets_and_at_most_ten_times_a_second(self, make_election, cast, monkeypatch):
        reads = []

        def read(elections: Any) -> Any:
            reads.append(elections)
            return read_snapshots(elections)

        monkeypatch.setattr(feed, "read_snapshots", read)
        drink = await sync_to_async(make_election)()
        watchers = [feed.get_feed().watch(drink.pk) for _ in range(50)]
        started = asyncio.get_running_loop().time()
        frames = await asyncio.gather(*(anext(watcher) for watcher in watchers))
        assert len(set(frames)) == 1
        for number in range(30):
            await sync_to_async(cast)(drink, f"v{number}", "nesquik")
            await sync_to_async(drain_all)()
        elapsed = asyncio.get_running_loop().time() - started
        assert len(reads) <= elapsed / feed.READ_INTERVAL_S + 2
        await asyncio.gather(*(watcher.aclose() for watcher in watchers))

    async def test_gives_a_slow_watcher_the_newest_and_skips_the_rest(self, make_election, cast):
        drink = await sync_to_async(make_election)()
        watcher = feed.get_feed().watch(drink.pk)
        follower = feed.get_feed().watch(drink.pk)
        await anext(watcher)
        for number in range(3):
            await sync_to_async(cast)(drink, f"v{number}", "nesquik")
            await sync_to_async(drain_all)()
            async with asyncio.timeout(10):
                while json.loads(await anext(follower)).get("ballots") != number + 1:
                    pass
        assert json.loads(await anext(watcher))["ballots"] == 3
        await watcher.aclose()
        await follower.aclose()

    async def test_hears_what_rings_while_a_watcher_is_busy(self, make_election, cast, monkeypatch):
        monkeypatch.setattr(feed, "TICK_S", 60)
        drink = await sync_to_async(make_election)()
        busy, follower = feed.get_feed().watch(drink.pk), feed.get_feed().watch(drink.pk)
        await anext(busy)
        await anext(follower)
        await sync_to_async(cast)(drink, "ana", "nesquik")
        await sync_to_async(drain_all)()
        await anext(follower)
        async with asyncio.timeout(5):
            assert json.loads(await anext(busy))["ballots"] == 1
        await busy.aclose()
        await follower.aclose()

    async def test_passes_over_an_older_version(self, make_election):
        drink = await sync_to_async(make_election)()
        [newer] = await sync_to_async(read_snapshots)(Election.objects.filter(pk=drink.pk))
        await sync_to_async(lifecycle.turn_phases)()
        [newest] = await sync_to_async(read_snapshots)(Election.objects.filter(pk=drink.pk))
        channel = feed.Channel()
        channel.take(newest)
        channel.take(newer)
        assert json.loads(channel.frame)["version"] == newest.version

    @pytest.mark.urls("voting_site.urls.result")
    def test_encodes_each_version_once_for_sockets_and_pages(self, make_election, cast, client, monkeypatch):
        drink = make_election()
        encoded = []

        def note(shown: Any) -> str:
            if isinstance(shown, list):
                encoded.append(shown)
            return write_json(shown)

        for module in ("tally.outcomes", "results.outcome_shown"):
            monkeypatch.setattr(f"{module}.write_json", note)
        channel = feed.Channel()
        for number in (1, 2):
            for _ in range(2):
                [snapshot] = read_snapshots(Election.objects.filter(pk=drink.pk))
                channel.take(snapshot)
            page = client.get("/drink/results.json").json()
            assert json.loads(channel.frame) | {"as_of": page["as_of"]} == page
            assert (len(encoded), channel.number) == (number, number)
            cast(drink, "ana", "nesquik")
            drain_all()

    def test_reads_again_where_the_connection_broke(self, make_election):
        drink = make_election()
        with ThreadPoolExecutor(1) as reader:
            reader.submit(feed.read_again, [drink.pk]).result()
            session = reader.submit(lambda: connection.connection.info.backend_pid).result()
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", [session])
                assert cursor.fetchone() == (True,)
            [snapshot] = reader.submit(feed.read_again, [drink.pk]).result()
            assert snapshot.election == drink
            reader.submit(lambda: connection.close()).result()

    async def test_stops_reading_when_nobody_watches(self, make_election):
        drink = await sync_to_async(make_election)()
        watcher = feed.get_feed().watch(drink.pk)
        await anext(watcher)
        assert feed_tasks() == {"feed-reading", "feed-listening", "feed-ticking", "feed-telling"}
        await watcher.aclose()
        async with asyncio.timeout(5):
            while feed_tasks():
                await asyncio.sleep(0)


def feed_tasks() -> set[str]:
    """Return the names of the feed's tasks in this loop."""
    return {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("feed-")}
