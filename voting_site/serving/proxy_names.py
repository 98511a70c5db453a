"""The addresses behind the host names of proxies, looked up beside the requests.

A look-up runs in a thread of its own. A request waits for one only if it could change how the request is judged, and
only while the name server is quick: a dead one takes ten seconds and more, and nobody is to wait for that.
"""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Seconds after which the names are looked up again: beside a request of a known address, before one of an unknown one,
# and before one of a known address too, since another host may have it by now.
KNOWN_S = 5.0
UNKNOWN_S = 0.5
FORGOTTEN_S = 60.0

# The most seconds that a request waits. After a look-up that took longer none waits until one is quick again.
WAIT_S = 1.0


class HostNames:
    """Host names and the addresses that they had at the last look-up; safe from several threads."""

    def __init__(self, names: Sequence[str], read_address: Callable[[str], Address | None]) -> None:
        self.addresses: frozenset[Address] = frozenset()
        self._names, self._read_address = names, read_address
        self._looked_at = float("-inf")
        self._is_slow = False
        self._lock = threading.Lock()
        # Set while no look-up is under way.
        self._is_done = threading.Event()
        self._is_done.set()

    def __bool__(self) -> bool:
        return bool(self._names)

    def is_stale(self, is_known: bool) -> bool:
        """Tell whether a request has to `refresh` first, by whether its address is a known proxy's; never wait."""
        age = time.monotonic() - self._looked_at
        if age > (KNOWN_S if is_known else UNKNOWN_S) and (self._is_slow or is_known):
            self._begin()
        return age > (FORGOTTEN_S if is_known else UNKNOWN_S) and not self._is_slow

    def refresh(self) -> None:
        """Look the names up, or wait for the look-up that is under way; at most WAIT_S."""
        self._begin()
        if not self._is_done.wait(WAIT_S):
            self._is_slow = True

    def _begin(self) -> None:
        with self._lock:
            if not self._is_done.is_set():
                return
            self._is_done.clear()
        threading.Thread(target=self._look_up, name="proxy-names", daemon=True).start()

    def _look_up(self) -> None:
        started = time.monotonic()
        try:
            found = frozenset(address for name in self._names for address in self._find(name))
            # The same object as long as nothing has changed, by which `Proxies` knows that its judgements still hold.
            if found != self.addresses:
                self.addresses = found
        finally:
            self._looked_at = time.monotonic()
            self._is_slow = self._looked_at - started > WAIT_S
            self._is_done.set()

    def _find(self, name: str) -> frozenset[Address]:
        try:
            answers = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except OSError:
            # A name server that does not answer must not shut all visitors out.
            return self.addresses
        return frozenset(address for answer in answers if (address := self._read_address(str(answer[4][0]))))
