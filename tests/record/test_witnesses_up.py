"""A whole Urna and a witness beside it, each as its own program."""

import urllib.request
from pathlib import Path

import pytest

from record.formats.policy import NoQuorum, Policy
from tests.voting_site.processes import Running, Up, wait_until

pytestmark = pytest.mark.large

SLUG = "nesquik-vs-cola-cao"


def test_a_worker_has_the_head_of_the_demo_election_cosigned(tmp_path: Path) -> None:
    with Up(tmp_path) as up:
        up.wait_until_ready()
        record = f"http://127.0.0.1:{up.ports['result']}/{SLUG}/record"

        def read(name: str) -> bytes:
            with urllib.request.urlopen(f"{record}/{name}", timeout=10) as response:
                return bytes(response.read())

        wait_until(lambda: is_there(f"{record}/key"), "the record begins")
        log = read("key").decode().strip()
        files = ("--key-file", str(tmp_path / "key"), "--state", str(tmp_path / "state"))
        with Running(tmp_path / "witness.log", "witness", *files, "--port", "0", "--log", log) as witness:
            witness.wait_for("address: ")
            said = dict(line.split(": ", 1) for line in witness.output.splitlines() if ": " in line)
            up.call("add_witness", SLUG, said["key"], said["address"])
            policy = Policy.parse(f"log {log}\nwitness w {read('witnesses').decode().strip()}\nquorum w\n".encode())

            def is_cosigned() -> bool:
                try:
                    return bool(policy.judge(read("checkpoint")).witnesses)
                except NoQuorum:
                    return False

            wait_until(is_cosigned, "a cosignature")


def is_there(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=10):
            return True
    except OSError:
        return False
