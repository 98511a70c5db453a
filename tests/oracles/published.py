"""The command `python -m tests.oracles.published FOLDER`: count real ballots, and compare with what was published.

The ballots are in the source package of votekit (MIT licence), unpacked in FOLDER. An overvoted rank, like a skipped
one, is passed over, and an option that is ranked again counts at its first rank: so did both cities.
"""

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tabulation import stv
from tabulation.contest import Contest

NO_OPTION = {"", "skipped", "undervote", "overvote"}


def main() -> int:
    """Count each election; return 1 if one is not as published, 2 if its ballots are not there."""
    parser = argparse.ArgumentParser(prog="published", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    differing = missing = False
    for name, (path, check) in ELECTIONS.items():
        found = sorted(folder.glob(path))
        if not found:
            sys.stdout.write(f"{name}: NOT COMPARED, there is no {path}\n")
            missing = True
            continue
        said = check(found[0])
        sys.stdout.write(f"{name}: {said or 'as published'}\n")
        differing |= bool(said)
    return 1 if differing else 2 if missing else 0


def check_minneapolis(path: Path) -> str:
    """Compare with the result of 5 November 2013 as the city published it; return what differs."""
    working, _winners = count(path, seats=1, first_column=0, variant="minneapolis")
    rounds, scale = working["rounds"], working["scale"]
    published: dict[int, dict[str, int]] = {
        1: {"BETSY HODGES": 28_962, "MARK ANDREW": 19_648, "DON SAMUELS": 8_350, "CAM WINTON": 7_533},
        32: {"DON SAMUELS": 10_301, "CAM WINTON": 8_969},
        33: {"BETSY HODGES": 38_870, "MARK ANDREW": 24_972},
    }
    for number, votes in published.items():
        ours = {name: rounds[number - 1]["votes"].get(name, 0) // scale for name in votes}
        if ours != votes:
            return f"round {number} has {ours}, and was published with {votes}"
    return ""


def check_portland(*winners: str) -> Callable[[Path], str]:
    """Return a check of who was elected in a district of Portland, Oregon, on 5 November 2024.

    The city keeps four decimal places of a vote, the Scottish rule five: so later rounds differ by parts of a vote.
    """

    def check(path: Path) -> str:
        _working, elected = count(path, seats=3, first_column=1, variant="scottish")
        return "" if set(elected) == set(winners) else f"{elected}, and elected were {winners}"

    return check


def count(path: Path, *, seats: int, first_column: int, variant: str) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Count a file of rankings in columns; return the working and the winners, by the names of the file."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row[first_column:] for row in list(csv.reader(file))[1:]]
    rankings = [tuple(dict.fromkeys(name for name in row if name not in NO_OPTION)) for row in rows]
    counts = Counter(">".join(ranking) for ranking in rankings if ranking)
    options = tuple(sorted({name for ranking in rankings for name in ranking}))
    contest = Contest(options, seats, {"variant": variant}, ballots=counts.total())
    outcome = stv.tabulate(contest, counts)
    return outcome.working, outcome.winners


ELECTIONS: dict[str, tuple[str, Callable[[Path], str]]] = {
    "Minneapolis 2013, mayor": ("**/notebooks/mn_2013_cast_vote_record.csv", check_minneapolis),
    "Portland 2024, district 1": (
        "**/tests/data/csv/Portland_D1_Condensed.csv",
        check_portland("Candace Avalos", "Loretta Smith", "Jamie Dunphy"),
    ),
    "Portland 2024, district 3": (
        "**/tests/data/csv/Portland_D3_Condensed.csv",
        check_portland("Steve Novick", "Tiffany Koyama Lane", "Angelita Morillo"),
    ),
}


if __name__ == "__main__":
    sys.exit(main())
