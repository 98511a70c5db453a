"""The command `python -m tests.oracles`: count random ballots here and by other programs, and compare."""

import argparse
import importlib.util
import shutil
import sys
import time
from random import Random

from .comparisons import COMPARISONS


def main() -> int:
    """Make each comparison so many times; return 1 at the first difference, 2 if an oracle is missing."""
    parser = argparse.ArgumentParser(prog="oracles", description=__doc__)
    parser.add_argument("--profiles", type=int, default=2000, metavar="N", help="random profiles for each comparison")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", metavar="NAME", help='such as "star" or "belenios": only these')
    options = parser.parse_args()
    missing = False
    for name, (compare, needed) in COMPARISONS.items():
        if options.only and not any(word in name for word in options.only):
            continue
        if not (importlib.util.find_spec(needed.replace("-", "_")) or shutil.which(needed)):
            print(f"{name}: NOT COMPARED, {needed} is not installed")
            missing = True
            continue
        chance = Random(f"{name} {options.seed}")
        started, tied = time.monotonic(), 0
        for number in range(1, options.profiles + 1):
            compared = compare(chance)
            if not compared.agrees:
                print(f"{name}: profile {number} differs", compared.profile, compared.ours, compared.possible, sep="\n")
                return 1
            tied += compared.is_tied
        seconds = time.monotonic() - started
        print(f"{name}: {options.profiles} profiles agree, {tied} of them with ties, in {seconds:.0f} s", flush=True)
    return 2 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
