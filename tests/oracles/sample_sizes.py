"""The command `python -m tests.oracles.sample_sizes`: how many entries an audit draws, and the risk left, by rlacalc.

rlacalc is what auditors of elections in the United States plan their samples with.
"""

import argparse
import importlib.util
import math
import sys
from random import Random

from record.sampling.sample_size import GAMMA, draws_needed, risk_after


def main() -> int:
    """Compare random margins and risk limits; return 1 at the first difference, 2 if rlacalc is not installed."""
    parser = argparse.ArgumentParser(prog="sample_sizes", description=__doc__)
    parser.add_argument("--number", type=int, default=20_000, metavar="N", help="random margins and risk limits")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if importlib.util.find_spec("rlacalc") is None:
        sys.stdout.write("sample sizes: NOT COMPARED, rlacalc is not installed\n")
        return 2
    import rlacalc

    chance = Random(options.seed)
    for _ in range(options.number):
        margin, risk_limit = 10 ** chance.uniform(-3, 0), chance.uniform(0.001, 0.5)
        ours, theirs = draws_needed(margin, risk_limit), rlacalc.nmin(alpha=risk_limit, gamma=GAMMA, margin=margin)
        risk, their_risk = risk_after(ours, margin), rlacalc.KM_P_value(ours, gamma=GAMMA, margin=margin)
        if ours != theirs or not math.isclose(risk, their_risk, rel_tol=1e-9):
            sys.stdout.write(f"sample sizes: {margin=} {risk_limit=} {ours=} {theirs=} {risk=} {their_risk=}\n")
            return 1
    sys.stdout.write(f"sample sizes: {options.number} margins and risk limits agree\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
