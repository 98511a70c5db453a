"""The local network of `up --lan`: the address that phones reach, and what is said of it."""

import socket
from dataclasses import dataclass
from typing import Self

from .data_folder import Unusable
from .own_addresses import LOOPBACKS, OwnAddress, addresses_for_others, in_url

NO_NETWORK = (
    "  This machine is in no network, so only it reaches Urna. Join one, and start again with --lan, to let phones in."
)


@dataclass(frozen=True)
class Lan:
    """The address that phones are told, and this machine's other ones."""

    chosen: OwnAddress
    others: tuple[OwnAddress, ...]

    @classmethod
    def find(cls, wanted: str) -> Self | None:
        """Return the network with the address `wanted`, or the most likely one if it is empty; None without any.

        IPv4 comes first: there are networks in which phones have no IPv6, hardly any without IPv4. Raises Unusable.
        """
        found = sorted(addresses_for_others(), key=lambda one: ":" in one.address)
        known = ", ".join(map(str, found)) or "it is in no network"
        fitting = [one for one in found if wanted in ("", one.address)]
        if wanted and not fitting:
            raise Unusable(f"phones do not reach this machine at {wanted!r}: give --lan an address of it ({known})")
        if not fitting:
            return None
        return cls(fitting[0], tuple(one for one in found if one is not fitting[0]))

    @property
    def listening(self) -> str:
        """Return what to listen on: all addresses, since this machine's own browser asks a loopback address."""
        return "::" if ":" in self.chosen.address else "0.0.0.0"

    @property
    def hosts(self) -> list[str]:
        """Return the names by which a browser may ask for the pages."""
        addresses = [self.chosen.address, *(one.address for one in self.others), *LOOPBACKS]
        name = socket.gethostname()
        return [*map(in_url, addresses), "localhost", name, f"{name}.local"]

    def url(self, port: int) -> str:
        """Return the address of a role for phones."""
        return f"http://{in_url(self.chosen.address)}:{port}"

    def describe(self) -> str:
        """Say what is exposed, and what to do if phones are in another network."""
        lines = [
            "Everybody in this machine's networks can vote and see results, without encryption. "
            "Only this machine reaches the administration."
        ]
        if ":" in self.chosen.address:
            lines.append("The address is one of IPv6, which some phones and networks do not have.")
        if others := [one for one in self.others if ":" not in one.address]:
            choices = ", ".join(f"--lan {one}" for one in others)
            lines.append(f"The code is for phones in the network at {self.chosen.interface}. For another: {choices}.")
        return "\n".join(f"  {line}" for line in lines)
