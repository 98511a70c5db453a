"""Clients that send or read slowly, send much, or send what nobody asked for, at the roles' own servers."""

import http.client
import json
import socket
import struct
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from typing import Self

import psutil
import psycopg2
import pytest

from tests.voting_site.processes import Running, Up, answers, wait_until
from tests.voting_site.sockets import (
    CLOSE,
    PING,
    PONG,
    PROMPT,
    TEXT,
    connect,
    frame,
    is_open,
    open_socket,
    read_frames,
)
from voting_site.local.data_folder import DataFolder
from voting_site.local.ports import free_port
from voting_site.local.postgres import Postgres
from voting_site.running import LARGEST_HEAD

SLUG = "nesquik-vs-cola-cao"
# An election with large frames, of which there is always a new one.
LOUD = "loud"
HEAD = b"POST /%s/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n" % SLUG.encode()
PATHS = {"vote": f"/{SLUG}/", "result": f"/{SLUG}/", "admin": "/admin/login/"}
# `vote` has no thread for each.
SLOW = {"vote": 1000, "result": 200, "admin": 200}
# Sockets that one address has at a time, of the Urna of these tests.
SEATS = 20
# A page of each role that is large enough to fill what the kernel takes, if it is asked for often enough.
LARGE = {"vote": "/static/pages/urna.css", "result": "/static/pages/urna.css", "admin": "/static/admin/css/base.css"}
# Clients of each role that do not read. What waits for one is limited by `result` alone, and the others answer
# hundreds of requests until its kernel takes no more.
DEAF = {"vote": 8, "result": 100, "admin": 8}
MEGA = 2**20
# Seconds that the impatient roles of these tests leave to a client.
PATIENCE = 3

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def urna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("urna"), SOCKETS_PER_ADDRESS=str(SEATS)) as up:
        up.wait_until_ready()
        yield up


@pytest.fixture(scope="module")
def impatient(urna: Up, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, "Beside"]]:
    """Further web roles of the same Urna, that soon end who is slow."""
    names = ("REQUEST_TIMEOUT", "ANSWER_TIMEOUT", "FRAME_TIMEOUT")
    with ExitStack() as stack:
        yield {role: stack.enter_context(Beside(urna, role, **dict.fromkeys(names, str(PATIENCE)))) for role in PATHS}


class Beside(Running):
    """One more of a web role of an Urna that runs."""

    def __init__(self, urna: Up, role: str, **environment: str) -> None:
        self.port = free_port()
        log = urna.log.with_name(f"{role}-beside.log")
        super().__init__(log, "run", role, "--data", str(urna.data), "--port", str(self.port), **environment)

    def __enter__(self) -> Self:
        wait_until(lambda: answers(self.port), f"an answer, see {self.log}")
        return self


def is_closed(connection: socket.socket) -> bool:
    """Tell whether the other side has closed a connection."""
    connection.setblocking(False)
    try:
        return not connection.recv(4096)
    except BlockingIOError:
        return False
    except OSError:
        return True


def ask(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PROMPT)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


class TestManyClients:
    @pytest.mark.parametrize("role", ["result", "admin"])
    def test_are_answered_with_the_connections_that_the_role_has(self, urna: Up, role: str):
        def count() -> int:
            with closing(psycopg2.connect(Postgres(DataFolder(urna.data)).url)) as owner, owner.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = %s", [f"urna_{role}"])
                return int(cursor.fetchone()[0])

        with ThreadPoolExecutor(60) as crowd:
            answers = list(crowd.map(lambda _: ask(urna.ports[role], "/readyz"), range(180)))
        assert set(answers) == {200}
        # One for all sockets of `result`, and those that are being closed.
        wait_until(lambda: count() <= 1, f"the connections of {role} are closed")


@pytest.mark.parametrize("role", PATHS)
class TestSlowClients:
    @pytest.mark.parametrize("sent", [HEAD[:-4], HEAD + b"Content-Length: 1000\r\n\r\nab"], ids=["headers", "bodies"])
    def test_do_not_stop_a_page(self, urna: Up, role: str, sent: bytes):
        port = urna.ports[role]
        with ExitStack() as slow:
            for _ in range(SLOW[role]):
                slow.enter_context(connect(port, sent))
            assert [ask(port, PATHS[role]) for _ in range(5)] == [200] * 5


class TestDaphne:
    def test_gives_a_request_no_new_time_with_each_byte(self, impatient: dict[str, Beside]):
        started = time.monotonic()
        with connect(impatient["result"].port, b"GET / HTTP/1.1\r\nX-Slow: ") as slow:

            def has_ended() -> bool:
                try:
                    slow.send(b"a")
                except OSError:
                    return True
                return is_closed(slow)

            wait_until(has_ended, "the end of a request that never ends")
        assert PATIENCE - 1 < time.monotonic() - started < PATIENCE + 20

    @pytest.mark.parametrize(
        "body",
        [
            b"Content-Length: 10000000\r\n\r\n" + b"a" * 100_000,
            b"Transfer-Encoding: chunked\r\n\r\n" + (b"8000\r\n" + b"a" * 0x8000 + b"\r\n") * 10,
        ],
        ids=["with its length", "in chunks"],
    )
    def test_takes_no_large_body(self, urna: Up, body: bytes):
        with connect(urna.ports["result"], b"POST /language/ HTTP/1.1\r\nHost: 127.0.0.1\r\n") as large:
            try:
                large.sendall(body)
                answer = large.recv(100)
            except ConnectionError:
                answer = b""
        assert answer.startswith(b"HTTP/1.1 413") or not answer


class TestSocket:
    @pytest.mark.parametrize(
        "sent",
        [
            frame(0x81, b"hello"),
            frame(0x81, b"a" * 200),
            frame(0x82, b"a"),
            frame(0x81),
            frame(0x01),
            frame(0x01) + frame(0x00) * 3,
            frame(0x01, b"a"),
            frame(0x80 | PING) * 200,
            frame(0x80 | PING, b"a" * 125) * 3,
            frame(0x80 | PONG) * 200,
        ],
        ids=[
            "a text",
            "a long text",
            "bytes",
            "an empty text",
            "an unfinished text",
            "fragments",
            "half a text",
            "a flood of pings",
            "long pings",
            "a flood of pongs",
        ],
    )
    def test_that_sends_anything_is_told_and_ended(self, urna: Up, sent: bytes):
        with open_socket(urna.ports["result"], f"/ws/{SLUG}/") as talker:
            began = time.monotonic()
            talker.sendall(sent)
            *_, last = read_frames(talker)
            assert last == (CLOSE, struct.pack("!H", 1008))
            assert time.monotonic() - began < PROMPT

    @pytest.mark.parametrize(
        "sent",
        [
            frame(0x80),
            frame(0xC1),
            frame(0x83),
            frame(0x80 | PING, b"a" * 126),
            frame(PING),
            b"\x89\xff" + b"\xff" * 8 + bytes(4),
            b"\x81\x00",
        ],
        ids=[
            "a continuation of nothing",
            "reserved bits",
            "a reserved opcode",
            "a large ping",
            "an unfinished ping",
            "a ping of 2^64 bytes",
            "no mask",
        ],
    )
    def test_that_breaks_the_protocol_is_ended(self, urna: Up, sent: bytes):
        with open_socket(urna.ports["result"], f"/ws/{SLUG}/") as talker:
            began = time.monotonic()
            talker.sendall(sent)
            wait_until(lambda: not is_open(talker), "the end of the socket")
            assert time.monotonic() - began < PROMPT

    @pytest.mark.parametrize("sent", [b"\x89", frame(0x80 | PING, b"a" * 9)[:-1]], ids=["of its head", "of its end"])
    def test_that_sends_half_a_ping_is_ended(self, impatient: dict[str, Beside], sent: bytes):
        with open_socket(impatient["result"].port, f"/ws/{SLUG}/") as talker:
            began = time.monotonic()
            talker.sendall(sent)
            *_, last = read_frames(talker)
            assert last == (CLOSE, struct.pack("!H", 1008))
            assert PATIENCE - 1 < time.monotonic() - began < PATIENCE + PROMPT

    def test_that_sends_a_ping_is_answered(self, urna: Up):
        with open_socket(urna.ports["result"], f"/ws/{SLUG}/") as talker:
            talker.sendall(frame(0x80 | PING, b"are you there?"))
            assert (PONG, b"are you there?") in read_frames(talker)

    def test_that_was_ended_leaves_its_seat(self, urna: Up):
        port = urna.ports["result"]
        for _ in range(2 * SEATS):
            with open_socket(port, f"/ws/{SLUG}/") as talker:
                talker.sendall(frame(0x81, b"hello"))
                *_, last = read_frames(talker)
                assert last == (CLOSE, struct.pack("!H", 1008))

    def test_without_a_seat_is_told_to_come_back(self, urna: Up):
        port = urna.ports["result"]
        with ExitStack() as seats:
            for _ in range(SEATS):
                one = seats.enter_context(open_socket(port, f"/ws/{SLUG}/"))
                # The seat that it got is not a seat that is just being freed.
                assert next(read_frames(one))[0] == TEXT
            late = seats.enter_context(open_socket(port, f"/ws/{SLUG}/"))
            assert list(read_frames(late)) == [(CLOSE, struct.pack("!H", 1013))]

    def test_that_reads_slowly_skips_frames_and_gets_the_newest(self, urna: Up):
        port = urna.ports["result"]
        change_results(urna, times=0)
        with open_socket(port, f"/ws/{LOUD}/") as quick, open_socket(port, f"/ws/{LOUD}/", buffer=4096) as slow:
            with ThreadPoolExecutor(1) as changing:
                changes = changing.submit(change_results, urna, times=60)
                shown = list(versions(quick, until=lambda version: changes.done() and version == newest(port)))
                changes.result()
            # It has read nothing so far.
            read = list(versions(slow, until=lambda version: version == shown[-1]))
        assert read == sorted(read)
        assert len(read) < len(shown) / 2

    def test_of_a_browser_is_sent_what_the_page_shows(self, urna: Up):
        port = urna.ports["result"]
        change_results(urna, times=0)
        with open_socket(port, f"/ws/{LOUD}/", compressed=True) as browser, ThreadPoolExecutor(1) as changing:
            changes = changing.submit(change_results, urna, times=10)
            shown = list(versions(browser, until=lambda version: changes.done() and version == newest(port)))
            changes.result()
        assert shown == sorted(shown)
        assert len(set(shown)) > 5


def change_results(urna: Up, *, times: int) -> None:
    """Let the election LOUD have so many new versions, one after the other."""
    urna.execute(f"from tests.voting_site.change_results import main; main({LOUD!r}, {times})")


def newest(port: int) -> int:
    """Return the version that a page of LOUD would show now."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{LOUD}/results.json", timeout=PROMPT) as answer:
        return int(json.load(answer)["version"])


def versions(connection: socket.socket, until: Callable[[int], bool]) -> Iterator[int]:
    """Yield the version of each frame and heartbeat on a socket, up to one that fulfils `until`."""
    for kind, payload in read_frames(connection):
        if kind == TEXT:
            version = json.loads(payload)["version"]
            yield version
            if until(version):
                return


class TestSlowReaders:
    def test_are_ended_by_every_role(self, impatient: dict[str, Beside]):
        """Clients that ask for far more than they take: every other one takes nothing, the others some bytes."""
        memory = psutil.Process(impatient["result"].process.pid).memory_info
        before = memory().rss
        with ExitStack() as stack:
            crowd = [
                stack.enter_context(ask_for_much(impatient[role].port, path))
                for role, path in LARGE.items()
                for _ in range(DEAF[role])
            ]
            began = time.monotonic()

            def are_ended() -> bool:
                for one in crowd[::2]:
                    with suppress(OSError):
                        one.recv(10)
                return not any(map(is_open, crowd))

            wait_until(are_ended, "the end of all slow readers")
            assert time.monotonic() - began < 60
            assert memory().rss - before < 30 * MEGA
        assert [ask(impatient[role].port, path) for role, path in PATHS.items()] == [200] * 3

    @pytest.mark.parametrize("role", LARGE)
    def test_get_a_page_that_they_take(self, urna: Up, role: str):
        request = f"GET {LARGE[role]} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        with connect(urna.ports[role], request.encode(), buffer=4096) as slow:
            page = bytearray()

            def is_whole() -> bool:
                part = slow.recv(1000)
                page.extend(part)
                return not part

            wait_until(is_whole, "the end of a page")
        with urllib.request.urlopen(f"http://127.0.0.1:{urna.ports[role]}{LARGE[role]}", timeout=PROMPT) as quick:
            assert page.endswith(quick.read())


def ask_for_much(port: int, path: str) -> socket.socket:
    """Connect, and send as many requests for a page as are taken at once."""
    connection = connect(port, buffer=4096)
    connection.setblocking(False)
    connection.send(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode() * 1000)
    return connection


class TestGranian:
    def test_waits_for_a_vote_for_so_long_and_no_longer(self, impatient: dict[str, Beside]):
        started = time.monotonic()
        with connect(impatient["vote"].port, HEAD + b"Content-Length: 1000\r\n\r\nab") as slow:
            slow.settimeout(PATIENCE + 20)
            assert slow.recv(4096).startswith(b"HTTP/1.1 408")
        assert time.monotonic() - started > PATIENCE - 1

    def test_takes_a_form_that_comes_in_pieces(self, urna: Up):
        body = b"q1=" + b"x" * 100_000
        with connect(urna.ports["vote"], HEAD + b"Content-Length: %d\r\n\r\n" % len(body)) as pieces:
            for at in range(0, len(body), 30_000):
                pieces.sendall(body[at : at + 30_000])
                assert ask(urna.ports["vote"], PATHS["vote"]) == 200
            # Read as a whole, and refused since it has no token.
            assert pieces.recv(100).startswith(b"HTTP/1.1 403")

    @pytest.mark.parametrize("role", ["vote", "admin"])
    def test_takes_no_large_head(self, urna: Up, role: str):
        with connect(urna.ports[role], b"GET / HTTP/1.1\r\nX-Long: " + b"a" * (LARGEST_HEAD + 1000)) as large:
            assert large.recv(100).startswith(b"HTTP/1.1 431")

    def test_takes_no_large_body(self, urna: Up):
        with connect(urna.ports["vote"], HEAD + b"Content-Length: 100000000\r\n\r\nab") as large:
            assert large.recv(100).startswith(b"HTTP/1.1 413")
