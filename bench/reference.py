"""The committed ratios, and the ratios of a run that have fallen far below them."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .figure import Figure

# Ratios of an earlier run, which a change must not fall far below.
REFERENCE = Path(__file__).parent / "reference.json"
# A ratio varies from run to run; below two thirds the code has changed.
TOLERATED = 2 / 3
# How often a ratio that fell is measured again before it counts: other work on the machine lowers it as well.
AGAIN = 2


def fallen(figures: Sequence[Figure], *, quick: bool, file: Path = REFERENCE) -> list[str]:
    """Return a line for each ratio that is under two thirds of the committed one."""
    committed = _read(file)[_kind(quick)]
    return [
        f"{one.name}: the ratio is {one.ratio:.2g}, and was {committed[one.name]:.2g}"
        for one in figures
        if one.ratio and one.ratio < TOLERATED * committed.get(one.name, 0)
    ]


def measure_until_believed(
    measure: Callable[[Sequence[str]], dict[str, list[Figure]]],
    names: Sequence[str],
    *,
    quick: bool,
    file: Path = REFERENCE,
) -> dict[str, list[Figure]]:
    """Measure the named groups of figures, and measure those again that fell; return the last figures of each group."""
    groups = measure(names)
    for _ in range(AGAIN):
        doubtful = [name for name, figures in groups.items() if fallen(figures, quick=quick, file=file)]
        if not doubtful:
            break
        sys.stdout.write(f"Fallen, and so measured again: {', '.join(doubtful)}\n")
        groups |= measure(doubtful)
    return groups


def commit_ratios(figures: Sequence[Figure], *, quick: bool, file: Path = REFERENCE) -> None:
    """Make these ratios the ones with which later runs are compared; ratios that were not measured stay.

    A figure without a goal only compares two things, and its ratio is not stored.
    """
    committed = _read(file)
    committed[_kind(quick)] |= {one.name: round(one.ratio, 3) for one in figures if one.ratio and one.goal}
    file.write_text(json.dumps(committed, indent=2, ensure_ascii=False) + "\n")


def _kind(quick: bool) -> str:
    return "quick" if quick else "full"


def _read(file: Path) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = json.loads(file.read_text()) if file.exists() else {}
    return {"quick": {}, "full": {}} | found
