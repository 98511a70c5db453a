"""Connections whose other end does not take what waits for it, at a time of the test's choice."""

import socket
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings

from voting_site.serving.send_queue import count_queued
from voting_site.serving.slow_readers import SlowReaders

ANSWER_S = settings.ANSWER_TIMEOUT
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into Linux's queues")


class Pair:
    """A connection to a port of this process, as its server and its client have it."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port = listening.getsockname()[1]
            self.client = socket.create_connection(("127.0.0.1", self.port))
            self.server, _ = listening.accept()
        self.server.setblocking(False)
        self.client.settimeout(5)

    def fill(self) -> None:
        """Write as much as the kernel takes."""
        try:
            while True:
                self.server.send(bytes(100_000))
        except BlockingIOError:
            pass

    def read_to_the_end(self) -> None:
        """Read all that comes; raises ConnectionResetError where it breaks off."""
        while self.client.recv(1_000_000):
            pass

    def close(self) -> None:
        self.server.close()
        self.client.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.close()


class TestSlowReaders:
    def test_are_ended_when_they_took_nothing_for_long(self, pair: Pair):
        pair.fill()
        readers = SlowReaders(pair.port)
        assert [readers.look(0), readers.look(ANSWER_S - 1), readers.look(ANSWER_S)] == [0, 0, 1]
        # The server reads its end, as when the client has gone, and the client an error once the server has closed.
        assert pair.server.recv(1) == b""
        pair.server.close()
        with pytest.raises(ConnectionResetError):
            pair.read_to_the_end()

    def test_are_ended_when_they_took_little(self, pair: Pair):
        pair.fill()
        readers = SlowReaders(pair.port)
        ended = []
        for second in range(0, ANSWER_S + 1, 5):
            ended.append(readers.look(second))
            pair.client.recv(1000)
        assert ended == [0] * (len(ended) - 1) + [1]

    def test_stay_when_they_took_what_waited(self, pair: Pair):
        readers = SlowReaders(pair.port)
        looks = []
        for second in range(0, 5 * ANSWER_S, ANSWER_S):
            pair.fill()
            looks.append(readers.look(second))
            while count_queued(pair.server.fileno()):
                pair.client.recv(1_000_000)
        assert looks == [0] * len(looks)

    def test_stay_when_nothing_waits_for_them(self, pair: Pair):
        readers = SlowReaders(pair.port)
        assert [readers.look(second) for second in (0, ANSWER_S, 2 * ANSWER_S)] == [0] * 3

    def test_stay_when_they_are_at_another_port(self, pair: Pair):
        pair.fill()
        readers = SlowReaders(pair.port + 1)
        assert [readers.look(second) for second in (0, ANSWER_S, 2 * ANSWER_S)] == [0] * 3
