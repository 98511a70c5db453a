"""Accepted votes with the ballot box in one server, and where a replica has to confirm each ballot.

`python -m bench.with_copies [--copies N] [--rounds R] [--seconds S]` votes in turn on one server, on a primary with two
replicas that nobody waits for, and on the same where N replicas (1) have to have each ballot on their disk. All servers
are on this machine, and one process of `vote` is measured. It prints the medians, and the processor time of `vote` for
each vote.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ALONE = "one server"


def vote_on(kind: str, copies: int, seconds: float) -> tuple[float, float]:
    """Vote; return the accepted votes in a second, and the ms of processor time of `vote` for each."""
    from tests.promotable import Promotable

    from .stand import MEASURED, Stand
    from .voting import GRANIAN, VotingBench

    with tempfile.TemporaryDirectory(prefix="urna-copies-") as folder:
        servers = None if kind == ALONE else Promotable(Path(folder))
        try:
            if servers:
                servers.start_all()
            settings = servers.urls() | {"BALLOT_BOX_COPIES": str(copies)} if servers else {}
            with (
                Stand(settings) as stand,
                stand.role("vote", cores=MEASURED, settings="bench.settings", options=GRANIAN) as vote,
            ):
                bench = VotingBench(stand, vote, seconds)
                bench.vote()
                before = vote.processor_time()
                rate = bench.vote()
                return rate, (vote.processor_time() - before) / (rate * seconds) * 1000
        finally:
            if servers:
                servers.close()


def main() -> int:
    """Measure each kind in a process of its own, since settings are read once."""
    parser = argparse.ArgumentParser(prog="with_copies", description=__doc__)
    parser.add_argument("--copies", type=int, default=1, choices=(1, 2))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--only", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        kind, copies = options.only
        sys.stdout.write(json.dumps(vote_on(kind, int(copies), options.seconds)) + "\n")
        return 0
    kinds = {ALONE: 0, "two replicas, unwaited for": 0, f"confirmed by {options.copies}": options.copies}
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
    for _ in range(options.rounds):
        for kind, copies in kinds.items():
            command = [sys.executable, "-m", "bench.with_copies", "--seconds", str(options.seconds)]
            command += ["--only", kind, str(copies)]
            said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            found[kind].append(json.loads(said.splitlines()[-1]))
    first = statistics.median(rate for rate, _ in found[ALONE])
    for kind, measured in found.items():
        rate, cost = (statistics.median(column) for column in zip(*measured, strict=True))
        sys.stdout.write(f"{kind}: {rate:.0f} votes/s, {rate / first:.2f}; {cost:.3f} ms of `vote` for each\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
