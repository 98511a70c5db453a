"""How long a frame takes from the first socket to the last."""

import http.client
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

from voting_site.ports import free_port

from .figure import Figure, percentile
from .sockets import Audience
from .stand import MEASURED, Role, Stand, wait_until
from .voting import SLUG

# A frame is a few hundred bytes, a heartbeat a hundred.
FRAME_BYTES = 200


def measure(stand: Stand, *, quick: bool) -> Iterator[Figure]:
    """Yield the time of a frame across many sockets, beside a bare loop that writes the same bytes."""
    for number in (500,) if quick else (1000, 5000):
        rounds = 5 if quick else 15
        with stand.role("result", cores=MEASURED) as result:
            frame = urllib.request.urlopen(f"{result.url}/{SLUG}/results.json", timeout=10).read()
            ours = spread(result, f"/ws/{SLUG}/", number, rounds, change_results)
        with bare_server(stand) as bare:
            bare_loop = spread(bare, "/", number, rounds, partial(post_frame, bare, frame))
        median, slowest = percentile(ours, 0.5), percentile(ours, 0.99)
        yield Figure(
            f"fan-out to {number:,} sockets",
            median * 1000,
            "ms",
            percentile(bare_loop, 0.5) * 1000,
            "a bare ASGI loop on the same server",
            less_is_better=True,
            goal="0.7 of the ceiling" + (", p99 100 ms" if number == 1000 else ""),
            reached=median * 0.7 <= percentile(bare_loop, 0.5) and (number != 1000 or slowest <= 0.1),
            note=f"first socket to last, median of {rounds} frames; slowest {slowest * 1000:.0f} ms",
        )


def bare_server(stand: Stand) -> AbstractContextManager[Role]:
    """Run the ceiling's server during a block."""
    port = free_port()
    return stand.running(
        "bare", [sys.executable, "-m", "bench.bare_asgi", str(port)], port, MEASURED, "voting_site.settings", None
    )


def spread(server: Role, path: str, number: int, rounds: int, change: Callable[[], None]) -> list[float]:
    """Return the seconds from the first to the last socket that hears of a change, for each of `rounds` changes."""
    wait_until(lambda: _listens(server), f"{server.name} listens")
    audience = Audience(server.port, path, number)
    try:
        audience.quieten()
        spreads = []
        for _ in range(rounds):
            change()
            heard = audience.hear(FRAME_BYTES)
            spreads.append(max(heard) - min(heard))
            audience.quieten(0.3)
        return spreads
    finally:
        audience.close()


def _listens(server: Role) -> bool:
    try:
        http.client.HTTPConnection("127.0.0.1", server.port, timeout=2).connect()
    except OSError:
        return False
    return True


def change_results() -> None:
    """Let the results page have something new to show."""
    from polls.models import Election
    from polls.publishing import publish_election
    from tally.announce import announce

    election = Election.objects.get(slug=SLUG)
    publish_election(election)
    announce(election.pk)


def post_frame(server: Role, frame: bytes) -> None:
    """Have the bare server write `frame` to every socket."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", "/frame", frame)
    connection.getresponse().read()
    connection.close()
