"""Clients that send slowly, much, or what nobody asked for, at the roles' own servers."""

import http.client
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import psycopg2
import pytest

from tests.voting_site.processes import Up, wait_until
from voting_site.daphne_limits import REQUEST_S
from voting_site.data_folder import DataFolder
from voting_site.green import BODY_S
from voting_site.postgres import Postgres

SLUG = "nesquik-vs-cola-cao"
HEAD = b"POST /%s/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n" % SLUG.encode()
# Seconds within which a page has to come while others block what they can; a server that is stopped takes forever.
PROMPT = 5
PATHS = {"vote": f"/{SLUG}/", "result": f"/{SLUG}/", "admin": "/admin/login/"}
# `vote` has no thread for each.
SLOW = {"vote": 1000, "result": 200, "admin": 200}


@pytest.fixture(scope="module")
def urna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("urna")) as up:
        up.wait_until_ready()
        yield up


def connect(port: int, data: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=PROMPT)
    connection.sendall(data)
    return connection


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
    def test_gives_a_request_no_new_time_with_each_byte(self, urna: Up):
        started = time.monotonic()
        with connect(urna.ports["result"], b"GET / HTTP/1.1\r\nX-Slow: ") as slow:

            def has_ended() -> bool:
                try:
                    slow.send(b"a")
                except OSError:
                    return True
                return is_closed(slow)

            wait_until(has_ended, "the end of a request that never ends")
        assert REQUEST_S - 2 < time.monotonic() - started < 2 * REQUEST_S

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

    @pytest.mark.parametrize(
        "frame", [b"\x81\xfe\x00\xc8" + b"\x00" * 4 + b"a" * 200, b"\x81\x85\x00\x00\x00\x00hello"]
    )
    def test_cuts_off_a_socket_that_sends_anything(self, urna: Up, frame: bytes):
        port = urna.ports["result"]
        head = (
            f"GET /ws/{SLUG}/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        with connect(port, head.encode()) as talker:
            assert b"101" in talker.recv(4096)
            talker.sendall(frame)
            wait_until(lambda: is_closed(talker), "the end of the socket")


class TestGranian:
    def test_waits_for_a_vote_for_so_long_and_no_longer(self, urna: Up):
        started = time.monotonic()
        with connect(urna.ports["vote"], HEAD + b"Content-Length: 1000\r\n\r\nab") as slow:
            slow.settimeout(2 * BODY_S)
            assert slow.recv(4096).startswith(b"HTTP/1.1 408")
        assert time.monotonic() - started > BODY_S - 1

    def test_takes_a_form_that_comes_in_pieces(self, urna: Up):
        body = b"q1=" + b"x" * 100_000
        with connect(urna.ports["vote"], HEAD + b"Content-Length: %d\r\n\r\n" % len(body)) as pieces:
            for at in range(0, len(body), 30_000):
                pieces.sendall(body[at : at + 30_000])
                assert ask(urna.ports["vote"], PATHS["vote"]) == 200
            # Read as a whole, and refused since it has no token.
            assert pieces.recv(100).startswith(b"HTTP/1.1 403")

    def test_takes_no_large_body(self, urna: Up):
        with connect(urna.ports["vote"], HEAD + b"Content-Length: 100000000\r\n\r\nab") as large:
            assert large.recv(100).startswith(b"HTTP/1.1 413")
