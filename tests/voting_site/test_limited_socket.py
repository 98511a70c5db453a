"""Clients of sockets that do not read, at Daphne as `result` runs it, with an application that never stops talking."""

import os
import socket
import struct
import subprocess
import sys
import time
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice

import psutil
import pytest

from tests.voting_site.loud_server import FRAME, SHORT_FRAME
from tests.voting_site.processes import PROJECT, answers, wait_until
from tests.voting_site.sockets import CLOSE, COMPRESSED, PING, PROMPT, TEXT, frame, is_open, open_socket, read_frames
from voting_site.local.ports import free_port

MEGA = 2**20
# Seconds between pings, and in which a client has to take something, at the server of these tests.
PING_S, SILENT_S = 1, 6

pytestmark = [pytest.mark.long, pytest.mark.large]


class Metered:
    """A connection that counts the bytes that come."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.sendall = connection.sendall
        self.received = 0

    def recv(self, size: int) -> bytes:
        found = self._connection.recv(size)
        self.received += len(found)
        return found


class LoudServer:
    """The server of loud_server.py, as a process."""

    def __init__(self) -> None:
        self.port = free_port()
        options = map(str, (self.port, PING_S, SILENT_S))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.voting_site.loud_server", *options],
            cwd=PROJECT,
            env=os.environ | {"PYTHONPATH": str(PROJECT)},
        )
        wait_until(lambda: answers(self.port, "/metrics"), "the loud server answers")

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(PROMPT * 2)

    def memory(self) -> int:
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def count_refused(self, reason: str) -> float:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=PROMPT) as answer:
            lines = answer.read().decode().splitlines()
        [line] = [line for line in lines if line.startswith(f'urna_sockets_refused_total{{reason="{reason}"}}')]
        return float(line.split()[-1])


@pytest.fixture(scope="module")
def loud() -> Iterator[LoudServer]:
    server = LoudServer()
    yield server
    server.close()


@pytest.fixture
def crowd() -> Iterator[ExitStack]:
    """A stack that closes the sockets which a test puts into it."""
    with ExitStack() as stack:
        yield stack


class TestSocketThatDoesNotRead:
    def test_has_one_frame_waiting_in_memory(self, loud: LoudServer, crowd: ExitStack):
        before = loud.memory()
        for _ in range(50):
            crowd.enter_context(open_socket(loud.port, "/", buffer=4096))
        reader = crowd.enter_context(open_socket(loud.port, "/"))
        heard = 0
        for kind, _ in read_frames(reader):
            heard += kind == TEXT
            if heard == 100:
                break
        # A frame has 100 kB, and Python takes it as text and as bytes. All hundred would be 500 MB.
        assert loud.memory() - before < 30 * MEGA

    def test_is_ended(self, loud: LoudServer, crowd: ExitStack):
        before = loud.count_refused("not-reading")
        deaf = crowd.enter_context(open_socket(loud.port, "/"))
        began = time.monotonic()
        wait_until(lambda: not is_open(deaf), "the end of a socket that does not read")
        assert SILENT_S - 1 < time.monotonic() - began < SILENT_S + 10
        assert loud.count_refused("not-reading") == before + 1

    def test_is_ended_although_it_sends_pings(self, loud: LoudServer, crowd: ExitStack):
        deaf = crowd.enter_context(open_socket(loud.port, "/"))
        began = last = time.monotonic()

        def has_ended() -> bool:
            nonlocal last
            if time.monotonic() > last + 1 and is_open(deaf):
                last = time.monotonic()
                deaf.send(frame(0x80 | PING))
            return not is_open(deaf)

        wait_until(has_ended, "the end of a socket that sends pings and does not read")
        assert time.monotonic() - began < SILENT_S + 10

    def test_is_ended_after_its_goodbye(self, loud: LoudServer, crowd: ExitStack):
        deaf = crowd.enter_context(open_socket(loud.port, "/", buffer=4096))
        # Its own frame waits already.
        reader = crowd.enter_context(open_socket(loud.port, "/"))
        assert next(read_frames(reader))
        deaf.sendall(frame(0x88))
        began = time.monotonic()
        wait_until(lambda: not is_open(deaf), "the end of a socket that said goodbye and does not read")
        assert time.monotonic() - began < SILENT_S + 10


class TestSocketThatReads:
    def test_stays(self, loud: LoudServer, crowd: ExitStack):
        reader = crowd.enter_context(open_socket(loud.port, "/"))
        until = time.monotonic() + 2 * SILENT_S
        assert any(time.monotonic() > until for _ in read_frames(reader))

    def test_slowly_stays(self, loud: LoudServer, crowd: ExitStack):
        """Far too slowly to come to a ping in time."""
        slow = crowd.enter_context(open_socket(loud.port, "/", buffer=8192))
        until = time.monotonic() + 2 * SILENT_S

        def has_read_for_long() -> bool:
            assert slow.recv(200)
            return time.monotonic() > until

        wait_until(has_read_for_long, "the end of the time for which it is to stay")


class TestSocketOfABrowser:
    @pytest.mark.parametrize(("path", "text"), [("/short", SHORT_FRAME), ("/", FRAME)])
    def test_is_sent_each_text_compressed(self, loud: LoudServer, crowd: ExitStack, path: str, text: str):
        browser = crowd.enter_context(open_socket(loud.port, path, compressed=True))
        texts = islice((payload for kind, payload in read_frames(browser) if kind == TEXT), 100)
        assert list(texts) == [f"{number} {text}".encode() for number in range(100)]

    def test_is_sent_little_more_than_what_is_new(self, loud: LoudServer, crowd: ExitStack):
        browser = Metered(crowd.enter_context(open_socket(loud.port, "/short", compressed=True)))
        texts = (payload for kind, payload in read_frames(browser) if kind == TEXT)
        next(texts)
        before = browser.received
        assert sum(map(len, islice(texts, 100))) > 100_000
        assert browser.received - before < 3000

    def test_that_keeps_nothing_is_sent_texts_that_refer_to_nothing(self, loud: LoudServer, crowd: ExitStack):
        browser = Metered(crowd.enter_context(open_socket(loud.port, "/short", compressed=True, forgetful=True)))
        texts = (payload for kind, payload in read_frames(browser, forgetful=True) if kind == TEXT)
        assert list(islice(texts, 100)) == [f"{number} {SHORT_FRAME}".encode() for number in range(100)]
        assert browser.received < 100 * len(SHORT_FRAME)

    def test_is_ended_like_any_other_when_it_sends_something(self, loud: LoudServer, crowd: ExitStack):
        browser = crowd.enter_context(open_socket(loud.port, "/short", compressed=True))
        # Compressed as well, and a thousand times as long when it is not.
        browser.sendall(frame(0x81 | COMPRESSED, zlib.compress(bytes(100_000), wbits=-15)[:100]))
        *_, last = read_frames(browser)
        assert last == (CLOSE, struct.pack("!H", 1008))
