"""Processor time of a vote with the ballot box in one Redis, and on the masters of a Redis Cluster.

`python -m bench.on_masters [--masters N] [--seconds S]` votes on an election of twelve shards, first with one process
of `vote` and one Redis, then with N of both (3), and prints what each process needs for a vote. What N of both accept
where each has a core of its own follows from that: the busiest process decides.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psutil

SHARDS = 12
ONE = 1


def vote_on(masters: int, seconds: float) -> dict[str, list[float]]:
    """Vote; return the ms of processor time that each process of `vote` and each server of the box needs for one."""
    from tests.masters import Masters

    from .papers import new_election
    from .stand import CORES, Stand, family
    from .voting import VotingBench, count_accepted

    with tempfile.TemporaryDirectory(prefix="urna-masters-") as folder:
        cluster = Masters(Path(folder), masters) if masters > ONE else None
        try:
            if cluster:
                cluster.start_all()
                os.environ.update(cluster.urls())
            options = ("--processes", str(masters))
            with Stand() as stand, stand.role("vote", cores=CORES, settings="bench.settings", options=options) as vote:
                slug = "on-masters"
                new_election(slug, shards=SHARDS)
                bench = VotingBench(stand, vote, seconds, slug)
                bench.vote()
                servers = [one.pid for one in cluster.processes if one] if cluster else find_redis()
                serving = [one for one in family(vote.process.pid) if not one.children()]
                watched = [*serving, *map(psutil.Process, servers)]
                before, accepted = [spent(one) for one in watched], count_accepted(slug)
                bench.vote()
                number = count_accepted(slug) - accepted
                costs = [(spent(one) - was) / number * 1000 for one, was in zip(watched, before, strict=True)]
        finally:
            if cluster:
                cluster.close()
    return {"votes": [number], "vote": costs[: len(serving)], "box": costs[len(serving) :]}


def find_redis() -> Sequence[int]:
    """Return the process of the stand's Redis."""
    return [one.pid for one in psutil.Process().children(recursive=True) if one.name() == "valkey-server"]


def spent(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])


def main() -> int:
    """Measure both, each in a process of its own, since settings are read once."""
    parser = argparse.ArgumentParser(prog="on_masters", description=__doc__)
    parser.add_argument("--masters", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        sys.stdout.write(json.dumps(vote_on(options.only, options.seconds)) + "\n")
        return 0
    rates = []
    for masters in (ONE, options.masters):
        command = [sys.executable, "-m", "bench.on_masters", "--only", str(masters), "--seconds", str(options.seconds)]
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        found = json.loads(said.splitlines()[-1])
        rates.append(1000 / max(found["vote"] + found["box"]))
        vote, box = (" ".join(f"{ms:.3f}" for ms in found[name] if ms) for name in ("vote", "box"))
        sys.stdout.write(
            f"{masters}: {found['votes'][0]:.0f} votes; ms of each vote: {vote}; ms of each Redis: {box}\n"
        )
    sys.stdout.write(
        f"with a core for each process: {rates[0]:.0f} and {rates[1]:.0f} votes/s, {rates[1] / rates[0]:.2f}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
