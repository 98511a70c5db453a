"""What a frame to many sockets costs."""

import http.client
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

from voting_site.local.ports import free_port

from .figure import Figure, percentile
from .sockets import Audience
from .stand import MEASURED, Role, Stand, wait_until
from .voting import SLUG


def measure(stand: Stand, *, quick: bool) -> Iterator[Figure]:
    """Yield the processor time of a frame to many sockets, beside a bare loop that writes the same bytes.

    The time from the first socket to the last would say less: a server that is quicker at the first one would look
    slower.
    """
    for number in (500,) if quick else (1000, 5000):
        rounds = 30
        with stand.role("result", cores=MEASURED) as result:
            frame = urllib.request.urlopen(f"{result.url}/{SLUG}/results.json", timeout=10).read()
            ours, spreads = cost(result, f"/ws/{SLUG}/", number, rounds, change_results)
        with bare_server(stand) as bare:
            bare_loop, _ = cost(bare, "/", number, rounds, partial(post_frame, bare, frame))
        median, slowest = percentile(spreads, 0.5), percentile(spreads, 0.99)
        yield Figure(
            f"a frame to {number:,} sockets",
            ours * 1000,
            "ms",
            bare_loop * 1000,
            "a bare ASGI loop on the same server",
            less_is_better=True,
            goal="0.7 of the ceiling" + (", p99 100 ms" if number == 1000 else ""),
            reached=ours * 0.7 <= bare_loop and (number != 1000 or slowest <= 0.1),
            note=f"processor time, mean of {rounds} frames; "
            f"first socket to last: median {median * 1000:.0f} ms, slowest {slowest * 1000:.0f} ms",
        )


def bare_server(stand: Stand) -> AbstractContextManager[Role]:
    """Run the ceiling's server during a block."""
    port = free_port()
    return stand.running(
        "bare", [sys.executable, "-m", "bench.bare_asgi", str(port)], port, MEASURED, "voting_site.settings", None
    )


def cost(server: Role, path: str, number: int, rounds: int, change: Callable[[], None]) -> tuple[float, list[float]]:
    """Return the processor seconds of a change, and the seconds from the first to the last socket for each change."""
    wait_until(lambda: _listens(server), f"{server.name} listens")
    audience = Audience(server.port, path, number)
    try:
        audience.quieten()
        spreads, used = [], 0.0
        for _ in range(rounds):
            before = server.processor_time()
            change()
            heard = audience.hear()
            used += server.processor_time() - before
            spreads.append(max(heard) - min(heard))
            audience.quieten(0.3)
        return used / rounds, spreads
    finally:
        audience.close()


def _listens(server: Role) -> bool:
    try:
        http.client.HTTPConnection("127.0.0.1", server.port, timeout=2).connect()
    except OSError:
        return False
    return True


def change_results() -> None:
    """Change what the results page has to show."""
    from polls.models import Election
    from polls.publishing import publish_election
    from tally.announce import announce

    election = Election.objects.get(slug=SLUG)
    publish_election(election)
    announce(election.pk)


def post_frame(server: Role, frame: bytes) -> None:
    """Let the bare server write `frame` to every socket."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", "/frame", frame)
    connection.getresponse().read()
    connection.close()
