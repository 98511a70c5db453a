"""Three machines of one network, as namespaces of this one, and cuts between them."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

NUMBER = 3


def may_make_networks() -> bool:
    """Tell whether this process may make namespaces."""
    return os.geteuid() == 0 and shutil.which("ip") is not None


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Machines:
    """The machines, each with an address, and this machine in the same network.

    What joins them is in a namespace of its own: this machine may have rules for what passes through it.
    """

    def __init__(self) -> None:
        # Runs at the same time need networks that differ; these addresses (RFC 2544) belong to nobody.
        number = os.getpid() % 2**12
        network = f"198.19.{number // 16}.{number % 16 * 16}"
        self.addresses = [self._address(network, 2 + place) for place in range(NUMBER)]
        self.names = [f"urna-machine-{number}-{place}" for place in range(NUMBER)]
        self.switch = f"urna-switch-{number}"
        ip("netns", "add", self.switch)
        ip("-n", self.switch, "link", "add", "bridge", "type", "bridge")
        ip("-n", self.switch, "link", "set", "bridge", "up")
        here = f"urna{number}"
        ip("link", "add", here, "type", "veth", "peer", "name", "here", "netns", self.switch)
        ip("address", "add", f"{self._address(network, 1)}/28", "dev", here)
        ip("link", "set", here, "up")
        ip("-n", self.switch, "link", "set", "here", "master", "bridge", "up")
        for place, (name, address) in enumerate(zip(self.names, self.addresses, strict=True)):
            ip("netns", "add", name)
            port = self._port(place)
            ip("-n", name, "link", "add", "eth0", "type", "veth", "peer", "name", port, "netns", self.switch)
            ip("-n", self.switch, "link", "set", port, "master", "bridge", "up")
            ip("-n", name, "address", "add", f"{address}/28", "dev", "eth0")
            for link in ("eth0", "lo"):
                ip("-n", name, "link", "set", link, "up")

    @staticmethod
    def _address(network: str, host: int) -> str:
        first, _, last = network.rpartition(".")
        return f"{first}.{int(last) + host}"

    @staticmethod
    def _port(place: int) -> str:
        return f"port-{place}"

    def around(self, place: int) -> tuple[str, ...]:
        """Return what a command begins with that runs on a machine."""
        return ("ip", "netns", "exec", self.names[place])

    @contextmanager
    def cut_off(self, place: int) -> Iterator[None]:
        """Let a machine reach neither of the others meanwhile, while this one reaches all."""
        others = [one for other, one in enumerate(self.addresses) if other != place]
        for one in others:
            ip("-n", self.names[place], "route", "add", "blackhole", f"{one}/32")
        try:
            yield
        finally:
            for one in others:
                ip("-n", self.names[place], "route", "delete", "blackhole", f"{one}/32")

    @contextmanager
    def unplugged(self, place: int) -> Iterator[None]:
        """Let nobody reach a machine meanwhile."""
        ip("-n", self.switch, "link", "set", self._port(place), "down")
        try:
            yield
        finally:
            ip("-n", self.switch, "link", "set", self._port(place), "up")

    def close(self) -> None:
        # The links go with them.
        for name in (*self.names, self.switch):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)
