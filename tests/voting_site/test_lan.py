"""`manage.py up --lan`: phones in a network of their own, which reach what they should and nothing else."""

import ipaddress
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import zxingcpp
from PIL import Image

from voting_site.local.data_folder import Unusable
from voting_site.local.lan import Lan
from voting_site.local.own_addresses import OwnAddress, addresses_for_others
from voting_site.local.ports import free_port
from voting_site.local.terminal_code import draw_code

from .processes import PROJECT, Running, Up, answers, run, wait_until

AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]
SLUG = "nesquik-vs-cola-cao"
VOTE = """
import sys
from tests.web import Voter, read_form
url, phone = sys.argv[1:]
voter = Voter(url, address=phone)
status, page = voter.send()
fields = read_form(page)
print(voter.send(fields | {"q1": "nesquik"})[0])
print(page)
"""
REACH = """
import http.client, sys, urllib.parse
url, *headers = sys.argv[1:]
parts = urllib.parse.urlsplit(url)
connection = http.client.HTTPConnection(parts.netloc, timeout=10)
try:
    connection.request("GET", parts.path, headers=dict(one.split(": ") for one in headers))
    answer = connection.getresponse()
    print(answer.status)
    if answer.status == 200:
        print(answer.read().decode())
except OSError as error:
    print(type(error).__name__)
"""


def may_make_networks() -> bool:
    """Tell whether these tests can make a network namespace: on Linux, as root or by sudo."""
    if not shutil.which("ip"):
        return False
    return not AS_ROOT or subprocess.run([*AS_ROOT, "true"], capture_output=True).returncode == 0


# CI is root, or has sudo, so that there a missing right is a failure.
needs_networks = pytest.mark.skipif(
    os.environ.get("CI") != "true" and not may_make_networks(),
    reason="making a network needs Linux's `ip`, and to be root or to have sudo without a password",
)


def ip(*arguments: str) -> None:
    subprocess.run([*AS_ROOT, "ip", *arguments], check=True)


@dataclass(frozen=True)
class Phones:
    """A network of phones, in a namespace of its own, and this machine's and a phone's address in it."""

    namespace: str
    interface: str
    here: str
    phone: str

    def run(self, script: str, *arguments: str) -> str:
        """Run a Python script on a phone."""
        command = [*AS_ROOT, "ip", "netns", "exec", self.namespace, sys.executable, "-c", script, *arguments]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def phones() -> Iterator[Phones]:
    # Runs at the same time need networks that differ; these addresses (RFC 2544) belong to nobody.
    number = os.getpid() % 2**14
    here, phone = (str(ipaddress.ip_address("198.18.0.0") + 4 * number + one) for one in (1, 2))
    made = Phones(f"urna-phones-{number}", f"wlan-urna{number}", here, phone)
    ip("netns", "add", made.namespace)
    try:
        ip("link", "add", made.interface, "type", "veth", "peer", "name", "wlan0", "netns", made.namespace)
        ip("address", "add", f"{here}/30", "dev", made.interface)
        ip("link", "set", made.interface, "up")
        for setting in (("address", "add", f"{phone}/30", "dev", "wlan0"), ("link", "set", "wlan0", "up")):
            ip("-n", made.namespace, *setting)
        known = OwnAddress(here, made.interface)
        wait_until(lambda: known in addresses_for_others(), "a network that is up")
        yield made
    finally:
        # The other end goes with it.
        ip("netns", "delete", made.namespace)


@pytest.fixture(scope="module")
def up(phones: Phones, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("lan"), "--lan", phones.here) as command:
        command.wait_until_ready()
        yield command


def read_code(text: str) -> list[str]:
    """Return what a camera reads in a terminal with light letters on a dark ground."""
    lines = [line[2:] for line in text.splitlines() if "█" in line]
    halves = {"█": (255, 255), "▀": (255, 0), "▄": (0, 255), " ": (0, 0)}
    image = Image.new("L", (len(lines[0]), 2 * len(lines)))
    for row, line in enumerate(lines):
        for column, letter in enumerate(line):
            for half, light in enumerate(halves[letter]):
                image.putpixel((column, 2 * row + half), light)
    return [one.text for one in zxingcpp.read_barcodes(image.resize((8 * image.width, 8 * image.height)))]


@needs_networks
@pytest.mark.long
class TestLan:
    def test_phones_vote(self, up: Up, phones: Phones) -> None:
        url = f"http://{phones.here}:{up.ports['vote']}/{SLUG}/"
        status, _, page = phones.run(VOTE, url, phones.phone).partition("\n")
        assert status == "303"
        assert f'href="http://{phones.here}:{up.ports["result"]}/{SLUG}/"' in page

    def test_phones_see_results(self, up: Up, phones: Phones) -> None:
        url = f"http://{phones.here}:{up.ports['result']}/{SLUG}/"
        assert f"{phones.here}:{up.ports['vote']}/{SLUG}" in phones.run(REACH, url)

    def test_phones_get_a_socket(self, up: Up, phones: Phones) -> None:
        site = f"http://{phones.here}:{up.ports['result']}"
        upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
        key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
        assert phones.run(REACH, f"{site}/ws/{SLUG}/", *upgrade, key, f"Origin: {site}") == "101\n"
        assert phones.run(REACH, f"{site}/ws/{SLUG}/", *upgrade, key, "Origin: http://evil.example") == "403\n"

    def test_phones_do_not_reach_the_administration(self, up: Up, phones: Phones) -> None:
        url = f"http://{phones.here}:{up.ports['admin']}/healthz"
        assert phones.run(REACH, url) == "ConnectionRefusedError\n"
        assert answers(up.ports["admin"])

    def test_this_machine_itself_reaches_all(self, up: Up) -> None:
        assert all(map(answers, up.ports.values()))

    def test_other_names_than_this_machines_are_refused(self, up: Up, phones: Phones) -> None:
        url = f"http://{phones.here}:{up.ports['vote']}/"
        assert phones.run(REACH, url, "Host: evil.example") == "400\n"

    def test_says_where_and_what_is_exposed(self, up: Up, phones: Phones) -> None:
        vote = f"http://{phones.here}:{up.ports['vote']}/"
        assert f"Vote            {vote}\n" in up.output
        assert f"Results         http://{phones.here}:{up.ports['result']}/\n" in up.output
        assert f"Administration  http://127.0.0.1:{up.ports['admin']}/\n" in up.output
        assert read_code(up.output.partition("Urna is up.")[2]) == [vote]
        assert "Only this machine reaches the administration." in up.output

    def test_there_is_no_network_in_a_machine_of_its_own(self, phones: Phones) -> None:
        ip("-n", phones.namespace, "link", "set", "wlan0", "down")
        try:
            look = "from voting_site.local.lan import Lan; print(Lan.find(''))"
            assert phones.run(look) == "None\n"
        finally:
            ip("-n", phones.namespace, "link", "set", "wlan0", "up")


class TestFind:
    """Of networks that a machine might have."""

    @pytest.fixture
    def networks(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
        """What the interfaces have; a tunnel is named tun0, and one that is off, off0."""
        found: dict[str, list[str]] = {}

        def addresses() -> dict[str, list[SimpleNamespace]]:
            return {
                name: [
                    SimpleNamespace(family=socket.AF_INET6 if ":" in one else socket.AF_INET, address=one)
                    for one in addresses
                ]
                for name, addresses in found.items()
            }

        def states() -> dict[str, SimpleNamespace]:
            return {
                name: SimpleNamespace(isup=name != "off0", flags="up,pointopoint" if name == "tun0" else "up,broadcast")
                for name in found
            }

        monkeypatch.setattr(psutil, "net_if_addrs", addresses)
        monkeypatch.setattr(psutil, "net_if_stats", states)
        return found

    def test_passes_over_containers_tunnels_and_what_is_off(self, networks: dict[str, list[str]]) -> None:
        networks |= {
            "lo": ["127.0.0.1", "::1"],
            "docker0": ["172.17.0.1"],
            "off0": ["192.168.7.7"],
            "tun0": ["10.8.0.2"],
            "wlan0": ["fe80::1", "fd00::5", "192.168.1.5"],
        }
        lan = Lan.find("")
        assert lan is not None
        assert lan.chosen == ("192.168.1.5", "wlan0")
        assert lan.listening == "0.0.0.0"
        assert "--lan 172.17.0.1 (docker0), --lan 10.8.0.2 (tun0)." in lan.describe()
        assert {"192.168.1.5", "10.8.0.2", "[fd00::5]", "127.0.0.1", "localhost"} <= set(lan.hosts)
        assert "192.168.7.7" not in lan.hosts

    def test_takes_the_one_that_was_asked_for(self, networks: dict[str, list[str]]) -> None:
        networks |= {"eth0": ["10.0.0.7"], "wlan0": ["192.168.1.5"]}
        for address in ("10.0.0.7", "192.168.1.5"):
            lan = Lan.find(address)
            assert lan is not None
            assert lan.url(8000) == f"http://{address}:8000"

    def test_refuses_an_address_that_is_none_of_its_own(self, networks: dict[str, list[str]]) -> None:
        networks |= {"eth0": ["10.0.0.7"], "wlan0": ["192.168.1.5"]}
        for wrong in ("1.2.3.4", "127.0.0.1", "wlan0"):
            with pytest.raises(Unusable, match=rf"'{re.escape(wrong)}'.*192\.168\.1\.5 \(wlan0\)"):
                Lan.find(wrong)

    def test_takes_ipv6_if_there_is_nothing_else_and_says_so(self, networks: dict[str, list[str]]) -> None:
        networks |= {"wlan0": ["fe80::1", "fd00::5"]}
        lan = Lan.find("")
        assert lan is not None
        assert (lan.listening, lan.url(8000)) == ("::", "http://[fd00::5]:8000")
        assert "some phones and networks do not have" in lan.describe()

    def test_finds_nothing_without_a_network(self, networks: dict[str, list[str]]) -> None:
        networks |= {"lo": ["127.0.0.1"], "wlan0": ["fe80::1"]}
        assert Lan.find("") is None
        with pytest.raises(Unusable, match="it is in no network"):
            Lan.find("192.168.1.5")


class TestDrawCode:
    URL = "http://192.168.100.105:8000/"

    def test_is_read_in_a_terminal_of_any_colours(self) -> None:
        drawn = draw_code(self.URL, encoding="utf-8", coloured=True)
        lines = drawn.splitlines()
        assert all(line.startswith("  \x1b[38;5;231;48;5;16m") and line.endswith("\x1b[0m") for line in lines)
        assert read_code(re.sub(r"\x1b\[[0-9;]*m", "", drawn)) == [self.URL]
        assert len(lines) < 24

    def test_has_no_colours_in_a_file(self) -> None:
        drawn = draw_code(self.URL, encoding="utf-8", coloured=False)
        assert "\x1b" not in drawn
        assert read_code(drawn) == [self.URL]

    def test_is_left_out_where_there_are_no_blocks(self) -> None:
        assert draw_code(self.URL, encoding="latin-1", coloured=True) == ""


def test_it_is_not_for_those_who_open_everything() -> None:
    refused = run("up", "--lan", "--host", "0.0.0.0")
    assert refused.returncode == 1
    assert refused.stderr == (
        "urna: --lan opens votes and results, --host the administration too: leave one of them out\n"
    )


def test_a_port_that_is_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", free_port()))
        taken.listen()
        port = taken.getsockname()[1]
        refused = run("up", "--lan", "--result-port", str(port))
    assert refused.stderr == (
        f"urna: port {port} is in use on 0.0.0.0: stop that program, or choose another port with --result-port\n"
    )


@needs_networks
def test_metrics_answer_on_one_network_alone_if_told_which(phones: Phones, tmp_path: Path) -> None:
    port, metrics_port = free_port(), free_port()
    options = ("--metrics-port", str(metrics_port), "--metrics-towards", phones.phone)
    with Running(tmp_path / "log", "run", "vote", "--port", str(port), *options):
        wait_until(lambda: answers(metrics_port, "/metrics", phones.here), "metrics on the network of the phones")
        assert phones.run(REACH, f"http://{phones.here}:{metrics_port}/metrics").startswith("200\n")
        assert not answers(metrics_port, "/metrics")
