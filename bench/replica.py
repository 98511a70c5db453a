"""What a read replica costs and saves: `python -m bench.replica`.

Processor time of all processes of each PostgreSQL, so that a busy machine changes little; and the lag, which is a time
of the clock, and does change with it.
"""

import argparse
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil
import psycopg2

from bench.counting import fill_box, make_votes, new_drained
from bench.figure import percentile
from bench.papers import ONE_CONTEST, new_election
from bench.stand import Stand
from tests.replica import Replica, reading

SLUG = "replica"
READS_PER_S = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.replica", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="for each of the measurements (default: 30)")
    parser.add_argument(
        "--ballots", type=int, default=60_000, help="counted while the lag is measured (default: 60000)"
    )
    options = parser.parse_args()
    with (
        Stand() as stand,
        Replica(stand.data.sockets, stand.data.path / "replica").following(stand.folder / "replica.log") as replica,
    ):
        new_election(SLUG, ONE_CONTEST)
        servers = {"primary": stand.data.path / "postgres", "replica": replica.data}
        cost_of_reads(servers, options.seconds)
        cost_by_rate(servers, options.seconds)
        lag(replica, "idle", probes=200)
        with counting(options.ballots):
            lag(replica, "while ballots are counted", probes=200)
    return 0


def processor_seconds(folder: Path) -> dict[int, float]:
    """Return the processor time of each process of the PostgreSQL on a data folder, by its id."""
    found = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.name() == "postgres" and Path(process.cwd()) == folder:
                times = process.cpu_times()
                found[process.pid] = times.user + times.system
    return found


def spent(servers: dict[str, Path], action: Callable[[], object]) -> dict[str, float]:
    """Return the seconds of processor time that each server spends on an action."""
    before = {name: processor_seconds(folder) for name, folder in servers.items()}
    action()
    after = {name: processor_seconds(folder) for name, folder in servers.items()}
    return {name: sum(after[name].values()) - sum(before[name].get(pid, 0) for pid in after[name]) for name in servers}


def read() -> None:
    from polls.models import Election
    from results.snapshot import read_snapshots

    assert read_snapshots(Election.objects.filter(slug=SLUG))


def read_often(number: int) -> None:
    for _ in range(number):
        read()


def cost_of_reads(servers: dict[str, Path], seconds: float) -> None:
    """Tell the processor time of one read on each server, in turn."""
    costs: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(4):
        for name in servers:
            with reading(copy=name == "replica"):
                read()
                number = round(10 * seconds)
                costs[name].append(spent(servers, partial(read_often, number))[name] / number)
    for name, found in costs.items():
        say(f"one read on the {name}: {statistics.median(found) * 1000:.2f} ms of its processor time")


def cost_by_rate(servers: dict[str, Path], seconds: float) -> None:
    """Tell what the servers spend in a second with no reads, and with so many on either of them."""
    for name in ("neither", *servers):
        with reading(copy=name == "replica"):
            read()
            found = spent(servers, partial(read_steadily, 0 if name == "neither" else READS_PER_S, seconds))
        told = ", ".join(f"{one} {value / seconds * 1000:.1f} ms" for one, value in found.items())
        say(f"{READS_PER_S} reads a second on {name}: {told} of processor time a second")


def read_steadily(rate: int, seconds: float) -> None:
    """Read so often a second for some seconds; one that is late is made up for."""
    began = time.monotonic()
    for number in range(round(rate * seconds)):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        read()
    time.sleep(max(0.0, began + seconds - time.monotonic()))


def lag(replica: Replica, when: str, *, probes: int) -> None:
    """Tell how long a committed heartbeat takes until a reader of the replica sees it."""
    from django.db import connection

    from tally.heartbeat import beat
    from tally.models import Heartbeat

    copy = psycopg2.connect(replica.url())
    copy.autocommit = True
    times = []
    with copy.cursor() as cursor:
        for _ in range(probes):
            beat()
            committed = time.perf_counter()
            newest = Heartbeat.objects.get(pk=Heartbeat.ROW).at
            while True:
                cursor.execute("SELECT at FROM tally_heartbeat")
                if cursor.fetchone() == (newest,):
                    break
            times.append(time.perf_counter() - committed)
            time.sleep(0.02)
    copy.close()
    connection.close()
    half, most = percentile(times, 0.5) * 1000, percentile(times, 0.99) * 1000
    say(f"lag {when}: {half:.1f} ms, 99 % within {most:.0f} ms, at most {max(times) * 1000:.0f} ms")


@contextmanager
def counting(ballots: int) -> Iterator[None]:
    """Fill a box, and count it in a thread during the block, again from the start as long as the block goes on."""
    from django.db import connection

    from tally.drain import drain_shard

    stop = threading.Event()

    def count() -> None:
        while not stop.is_set():
            election = new_drained()
            fill_box(election, make_votes(ballots))
            while drain_shard(election, 0) and not stop.is_set():
                pass
        connection.close()

    thread = threading.Thread(target=count)
    thread.start()
    time.sleep(1)
    try:
        yield
    finally:
        stop.set()
        thread.join()


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
