"""The command `python -m tests.verifier DIR`: make a large folder, to measure how long checking it takes."""

import argparse
import os
from pathlib import Path
from random import Random

import django

from tests.voting_site.processes import fresh_environment

# Settings want addresses, and nothing here asks for them.
SETTINGS = fresh_environment(
    SECRET_KEY="a" * 60,
    DATABASE_URL="postgres://a:b@127.0.0.1:1/c",
    REDIS_URL="redis://127.0.0.1:1/0",
    DJANGO_SETTINGS_MODULE="voting_site.settings",
)


def main() -> None:
    """Make a folder with one choice among eight, and a ranking of fourteen that is a different one on most ballots."""
    parser = argparse.ArgumentParser(prog="tests.verifier", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--ballots", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--kinds", type=int, metavar="N", help="so many different ballots; each is one if left out")
    options = parser.parse_args()

    os.environ.update(SETTINGS)
    django.setup()
    from polls import methods
    from tests.conftest import contest
    from tests.verifier.folders import Cast, Record, with_contests

    chance = Random(1)
    names = tuple(f"option-{number}" for number in range(14))
    paper = with_contests(contest("chair", names[:8]), contest("board", names, method="stv", seats=3))
    kinds = [
        ";".join(f"{one.key}={methods.get(one.method).invent(one, chance)}" for one in paper.contests)
        for _ in range(options.kinds or options.ballots)
    ]
    cast = tuple(
        Cast(kinds[number % len(kinds)], 1 if number % 5 else 2, "replaced" if number % 20 == 3 else "counts")
        for number in range(options.ballots)
    )
    Record(cast, paper, None).write(options.folder)


if __name__ == "__main__":
    main()
