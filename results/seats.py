"""How many sockets a process holds open, in sum and from one network."""

from collections import Counter

from django.conf import settings


class Seats:
    """The sockets that are open. Belongs to one event loop, so that nothing happens in between."""

    def __init__(self) -> None:
        self.taken = 0
        self._by_network: Counter[str] = Counter()

    def take(self, network: str) -> bool:
        """Take a seat, if there is one; "" is a network that is not known, and has no limit of its own."""
        full = self.taken >= settings.SOCKETS_LIMIT
        if full or (network and self._by_network[network] >= settings.SOCKETS_PER_ADDRESS):
            return False
        self.taken += 1
        self._by_network[network] += 1
        return True

    def leave(self, network: str) -> None:
        """Give a seat back; forget a network that has none left."""
        self.taken -= 1
        self._by_network[network] -= 1
        if not self._by_network[network]:
            del self._by_network[network]


seats = Seats()
