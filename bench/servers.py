"""Other servers for the same applications: gunicorn for the voters' pages, uvicorn for the results."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from voting_site.local.ports import free_port

from .fanout import change_results, cost
from .figure import Figure, in_turn
from .stand import MEASURED, Role, Stand, wait_until
from .voting import GRANIAN, SLUG, VotingBench

THREADS = 8
# The options that Daphne is run with, as uvicorn calls them.
UVICORN = ("--no-access-log", "--ws-max-size", "128", "--ws-ping-interval", "20", "--ws-ping-timeout", "30")


def measure(stand: Stand, *, quick: bool) -> Iterator[Figure]:
    """Yield what the other servers do, each beside the one that Urna uses, as its ceiling."""
    seconds, rounds = (3.0, 1) if quick else (8.0, 3)
    gunicorn = ("gunicorn", "voting_site.wsgi:application", "--workers", "1", "--threads", str(THREADS))
    with (
        stand.role("vote", cores=MEASURED, settings="bench.settings", options=GRANIAN) as ours,
        other(stand, gunicorn, "--bind", "127.0.0.1:{port}", role="vote") as theirs,
    ):
        here, there = VotingBench(stand, ours, seconds), VotingBench(stand, theirs, seconds)
        used, found = in_turn(rounds, here.vote, there.vote)
        yield Figure("accepted votes on gunicorn", found, "votes/s", used, "Granian, as Urna runs it",
                     note=f"gunicorn with one process and {THREADS} threads")  # fmt: skip
        used, found = in_turn(rounds, here.show, there.show)
        yield Figure("ballot pages on gunicorn", found, "pages/s", used, "Granian, as Urna runs it")

    number, frames = 500 if quick else 1000, 15
    uvicorn = ("uvicorn", "voting_site.asgi:application", *UVICORN)
    with stand.role("result", cores=MEASURED) as ours:
        used, _ = cost(ours, f"/ws/{SLUG}/", number, frames, change_results)
    with other(stand, uvicorn, "--port", "{port}", role="result") as theirs:
        found, _ = cost(theirs, f"/ws/{SLUG}/", number, frames, change_results)
    yield Figure(f"a frame to {number:,} sockets on uvicorn", found * 1000, "ms", used * 1000,
                 "Daphne, as Urna runs it", less_is_better=True, note="processor time")  # fmt: skip


@contextmanager
def other(stand: Stand, module: Sequence[str], *listen: str, role: str) -> Iterator[Role]:
    """Run another server with the application of a role during the block; `{port}` in `listen` is its port."""
    port = free_port()
    command = [sys.executable, "-m", *module, *(option.format(port=port) for option in listen)]
    settings = "bench.settings" if role == "vote" else "voting_site.settings"
    with stand.running(module[0], command, port, MEASURED, settings, {"URNA_ROLE": role}) as server:
        wait_until(server.is_ready, f"{module[0]} is ready")
        yield server
