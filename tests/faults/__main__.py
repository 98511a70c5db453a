"""The command `faults`: attack a running Urna, and tell in one line for each run whether it held."""

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

# The launcher runs this folder, from wherever its user stands.
sys.path[0] = str(Path(__file__).parents[2])

from tests.faults.crash_points import HEALING  # noqa: E402
from tests.faults.installation import Reads  # noqa: E402
from tests.faults.mutants import MUTANTS  # noqa: E402
from tests.faults.paper import PAPER  # noqa: E402
from tests.faults.plan import Plan  # noqa: E402
from tests.faults.run import play  # noqa: E402


def main() -> int:
    """Play one run, with or without a mistake in it; return the exit code."""
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--seed", type=int, help="draws the faults and the voters (default: a random one)")
    parser.add_argument("--minutes", type=float, default=0, help="go on for so long (default: until the others hold)")
    parser.add_argument("--faults", type=int, help="at least so many (default: 40, of a mutant 3)")
    parser.add_argument("--ballots", type=int, default=0, help="at least so many accepted, before the closing")
    parser.add_argument("--emptied", type=int, help="how often Redis loses all that it has (default: 5, at most 5)")
    parser.add_argument(
        "--older", action=argparse.BooleanOptionalAction, default=True, help="let Redis come back with an older file"
    )
    parser.add_argument("--closing", type=int, help="ballots in the box when it is closed (default: 1000)")
    parser.add_argument("--sockets", type=int, help="dashboards that follow (default: 200)")
    parser.add_argument("--hints-lost", type=float, default=20, help="seconds without hints for them (default: 20)")
    parser.add_argument(
        "--contests", type=int, default=len(PAPER), choices=range(1, len(PAPER) + 1), help="on each paper (default: 3)"
    )
    parser.add_argument("--mutant", choices=MUTANTS, help="put this mistake in, which has to be found")
    parser.add_argument("--only", default="", metavar="TEXT", help="strike with faults that have this in their name")
    parser.add_argument("--keep", action="store_true", help="keep history, data and logs of a good run as well")
    parser.add_argument("--control", choices=MUTANTS, help="strike with the faults of this mistake, but without it")
    parser.add_argument(
        "--replica",
        nargs="?",
        const="replica",
        choices=("replica", "fallback"),
        help="let results come from a replica of PostgreSQL, with `fallback` from the first server while that is down",
    )
    parser.add_argument("--record", type=Path, metavar="DIR", help="keep the certified record in this folder")
    parser.add_argument(
        "--cluster", action="store_true", help="with the ballot box on three masters of a Redis Cluster"
    )
    parser.add_argument(
        "--ha",
        nargs="?",
        const=1,
        default=0,
        type=int,
        choices=(1, 2),
        metavar="COPIES",
        help="with the ballot box on a primary with two replicas, of which so many confirm a ballot (default: 1)",
    )
    options = parser.parse_args()
    small = options.mutant or options.control
    if small and MUTANTS[small].copied:
        options.replica = options.replica or "replica"
    if small and MUTANTS[small].faults == "copies":
        options.ha = options.ha or 1
    plan = Plan(
        seed=random.randrange(10**6) if options.seed is None else options.seed,
        faults=options.faults or (3 if small else 40),
        ballots=options.ballots,
        seconds=options.minutes * 60,
        emptied=(0 if small else len(HEALING)) if options.emptied is None else options.emptied,
        # One server that comes back older is made a replica of another.
        older=options.older and not small and not options.ha,
        closing=(0 if small else 1000) if options.closing is None else options.closing,
        outage=60 if options.minutes >= 5 else 5,
        sockets=(0 if small else 200) if options.sockets is None else options.sockets,
        hints_lost=options.hints_lost,
        mutant=options.mutant,
        control=options.control,
        only=options.only,
        contests=options.contests,
        record=options.record,
        reads=Reads[(options.replica or "primary").upper()],
        cluster=options.cluster,
        copies=options.ha,
    )
    folder = Path(tempfile.mkdtemp(prefix="urna-faults-"))
    # Servers run as another user.
    folder.chmod(0o711)
    kept = options.keep
    try:
        outcome = play(plan, folder)
        kept = kept or (not outcome.verdict.good and not plan.mutant)
    except BaseException:
        kept = True
        raise
    finally:
        if kept:
            sys.stderr.write(f"what happened, and the logs, are in {folder}\n")
        else:
            shutil.rmtree(folder)
    sys.stdout.write(f"{outcome}\n")
    if plan.mutant:
        caught = MUTANTS[plan.mutant].is_caught(outcome.verdict)
        sys.stdout.write(f"mutant {plan.mutant}: {'caught' if caught else 'NOT caught'}\n")
        return 0 if caught else 1
    return 0 if outcome.verdict.good else 1


if __name__ == "__main__":
    sys.exit(main())
