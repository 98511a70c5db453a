"""A client of one server, which asks once."""

import socket

import pytest
import redis

from polls.ballot_box.replicas import connect_to


@pytest.fixture
def silent():
    """A server that takes connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


def test_asks_a_silent_server_once(silent):
    with connect_to(*silent.getsockname(), timeout=0.2) as client, pytest.raises(redis.TimeoutError):
        client.ping()
    silent.accept()[0].close()
    with pytest.raises(BlockingIOError):
        silent.accept()
