"""Ports of tests and measurements: processes that run at once have to have different ones."""

import socket
import subprocess
import sys

import pytest

from voting_site.local import ports
from voting_site.local.data_folder import Unusable

PRINT_A_PORT = """
from voting_site.local.ports import free_port
print(free_port(), flush=True)
input()
"""


def test_processes_at_once_have_different_blocks() -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", PRINT_A_PORT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    try:
        given = [int(process.stdout.readline()) for process in processes if process.stdout]
    finally:
        for process in processes:
            process.communicate("\n", timeout=10)
    blocks = {port // ports.BLOCK for port in [*given, ports.free_port()]}
    assert len(blocks) == 9


def test_a_port_is_given_again_only_after_all_others() -> None:
    given = [ports.free_port() for _ in range(ports.BLOCK // 2)]
    assert len(set(given)) == len(given)


def test_a_port_in_use_is_passed_over() -> None:
    port = ports.free_port()
    with socket.socket() as listener:
        following = port + 1 if (port + 1) % ports.BLOCK else port + 2 - ports.BLOCK
        listener.bind(("127.0.0.1", following))
        assert ports.free_port() != following


def test_it_says_when_all_are_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        monkeypatch.setattr(ports, "_own_ports", lambda: iter([port] * ports.BLOCK))
        with pytest.raises(Unusable, match="99 ports are in use"):
            ports.free_port()
