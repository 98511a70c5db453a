"""Other servers for the same applications: gunicorn and plain Granian for the voters' pages, uvicorn for results."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from voting_site.local.ports import free_port

from .fanout import PATH, cost, make_election
from .figure import Figure, in_turn
from .stand import MEASURED, Role, Stand, wait_until
from .viewer import count
from .voting import GRANIAN, VotingBench

THREADS = 8
# Servers for Django's own WSGI application; `{port}` is replaced by their port.
RIVALS = {
    "gunicorn": (
        "gunicorn", "voting_site.wsgi:application", "--workers", "1", "--threads", str(THREADS),
        "--bind", "127.0.0.1:{port}",
    ),
    "plain Granian": (
        "granian", "voting_site.wsgi:application", "--interface", "wsgi", "--workers", "1",
        "--blocking-threads", str(THREADS), "--no-ws", "--port", "{port}",
    ),
}  # fmt: skip
# Daphne's options here, under uvicorn's names.
UVICORN = ("--no-access-log", "--ws-max-size", "128", "--ws-ping-interval", "20", "--ws-ping-timeout", "30")


def measure(stand: Stand, *, quick: bool) -> Iterator[Figure]:
    """Yield the figures of other servers, with the server that Urna uses as the ceiling."""
    seconds, rounds = (3.0, 1) if quick else (8.0, 3)
    for name, command in RIVALS.items():
        with (
            stand.role("vote", cores=MEASURED, settings="bench.settings", options=GRANIAN) as ours,
            other(stand, command, role="vote") as theirs,
        ):
            here, there = VotingBench(stand, ours, seconds), VotingBench(stand, theirs, seconds)
            used, found = in_turn(rounds, here.vote, there.vote)
            yield Figure(f"accepted votes on {name}", found, "votes/s", used, "Granian, as Urna runs it",
                         note=f"{name} with one process and {THREADS} threads")  # fmt: skip
            used, found = in_turn(rounds, here.show, there.show)
            yield Figure(f"ballot pages on {name}", found, "pages/s", used, "Granian, as Urna runs it")

    number, frames, election = 500 if quick else 1000, 15, make_election()
    uvicorn = ("uvicorn", "voting_site.asgi:application", *UVICORN, "--port", "{port}")
    with stand.role("result", cores=MEASURED) as ours:
        used, _ = cost(ours, PATH, number, frames, lambda _: count(election))
    with other(stand, uvicorn, role="result") as theirs:
        found, _ = cost(theirs, PATH, number, frames, lambda _: count(election))
    yield Figure(f"a frame to {number:,} sockets on uvicorn", found * 1000, "ms", used * 1000,
                 "Daphne, as Urna runs it", less_is_better=True, note="processor time")  # fmt: skip


@contextmanager
def other(stand: Stand, module: Sequence[str], *, role: str) -> Iterator[Role]:
    """Run another server with the application of a role during the block; `{port}` in `module` is its port."""
    port = free_port()
    command = [sys.executable, "-m", *(part.format(port=port) for part in module)]
    settings = "bench.settings" if role == "vote" else "voting_site.settings"
    with stand.running(module[0], command, port, MEASURED, settings, {"URNA_ROLE": role}) as server:
        wait_until(server.is_ready, f"{module[0]} is ready")
        yield server
