"""How much memory the roles take: PSS, which divides shared pages among their processes."""

from collections.abc import Iterator

from .figure import Figure
from .sockets import Audience
from .stand import Stand, wait_for_worker
from .voting import SLUG

MEGA = 1_000_000


def measure(stand: Stand, *, quick: bool) -> Iterator[Figure]:
    """Yield the memory of `vote` and `worker` at rest, and of `result` for each socket."""
    with stand.role("vote") as vote:
        yield _figure("memory of vote", vote.memory(), 80)
    with stand.role("worker") as worker:
        wait_for_worker()
        yield _figure("memory of worker", worker.memory(), 150)
    number = 500 if quick else 5000
    with stand.role("result") as result:
        rest = result.memory()
        audience = Audience(result.port, f"/ws/{SLUG}/", number)
        try:
            audience.quieten()
            each = (result.memory() - rest) / number
        finally:
            audience.close()
    yield Figure(
        "memory of result for a socket",
        each / 1000,
        "kB",
        goal="40 kB",
        reached=each <= 40_000,
        note=f"with {number:,} sockets; {rest / MEGA:.0f} MB without any",
    )


def _figure(name: str, found: int, goal: int) -> Figure:
    return Figure(name, found / MEGA, "MB", goal=f"{goal} MB", reached=found <= goal * MEGA, note="all its processes")
