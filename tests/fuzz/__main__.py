"""The command `python -m tests.fuzz`: shoot at a whole Urna, and tell in one line whether anybody noticed."""

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

from tests.fuzz.run import play, replay


def main() -> int:
    """Play one run, or send one kept shot again; return the exit code."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=5000, help="how many to send (default: 5000)")
    parser.add_argument("--seed", type=int, help="draws the requests (default: a random one)")
    parser.add_argument("--processes", type=int, default=4, help="that send them (default: 4)")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="send this kept request alone, and tell the answer")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="urna-fuzz-"))
    # Servers run as another user.
    folder.chmod(0o711)
    kept = True
    try:
        if options.replay:
            sys.stdout.write(f"{replay(options.replay, folder)}\n")
            kept = False
            return 0
        seed = random.randrange(10**6) if options.seed is None else options.seed
        outcome = play(options.requests, seed, options.processes, folder)
        kept = bool(outcome.complaints)
    finally:
        if kept:
            sys.stderr.write(f"what happened, the requests that offended, and the logs are in {folder}\n")
        else:
            shutil.rmtree(folder)
    for what in outcome.complaints:
        sys.stderr.write(f"{what}\n")
    sys.stdout.write(f"{outcome}\n")
    return 1 if outcome.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
