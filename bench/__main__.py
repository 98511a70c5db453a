"""Measure Urna, each figure beside its ceiling from the same run."""

import argparse
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

# The launcher runs this folder by its path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench import (
    acts,
    counting,
    dashboard,
    fanout,
    memory,
    ranked,
    reference,
    report,
    screen,
    servers,
    start,
    viewer,
    voting,
)
from bench.figure import Figure
from bench.load import tool
from bench.stand import Broken, Stand
from voting_site.local.data_folder import Unusable

# First the figures that need an idle machine, and last the one that leaves the most data.
FIGURES: dict[str, Callable[..., Iterator[Figure]]] = {
    "start": start.measure,
    "memory": memory.measure,
    "screen": screen.measure,
    "viewer": viewer.measure,
    "fanout": fanout.measure,
    "voting": voting.measure,
    "servers": servers.measure,
    "counting": counting.measure,
    "ranked": ranked.measure,
    "acts": acts.measure,
    "dashboard": dashboard.measure,
}
# Left out with --quick, unless asked for by name: these figures only compare, and have no goal.
SLOW = {"servers", "acts"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="urna bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller numbers, at most two minutes")
    parser.add_argument("--only", choices=FIGURES, action="append", help="measure this alone; may be given again")
    parser.add_argument(
        "--commit-ratios", action="store_true", help="make these ratios the ones that later runs are held to"
    )
    options = parser.parse_args()

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Five thousand sockets at each end.
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(20_000, most), most))
    tool()
    names = options.only or [name for name in FIGURES if not (options.quick and name in SLOW)]
    # One stand for all figures: Django reads settings once, and they name the servers of the first stand.
    with Stand() as stand:
        groups = reference.measure_until_believed(
            partial(measure, stand, quick=options.quick), names, quick=options.quick
        )
    figures = [figure for ones in groups.values() for figure in ones]
    told = report.conditions(quick=options.quick)
    report.show(figures, told)
    page = report.write(figures, told)
    sys.stdout.write(f"Written: {page} and {page.with_suffix('.json')}\n")
    if options.commit_ratios:
        reference.commit_ratios(figures, quick=options.quick)
    fallen = reference.fallen(figures, quick=options.quick)
    for line in fallen:
        sys.stdout.write(f"FALLEN {line}; see bench/README.md\n")
    return 1 if fallen else 0


def measure(stand: Stand, names: Sequence[str], *, quick: bool) -> dict[str, list[Figure]]:
    """Measure the named groups one after the other, with progress on standard error; return the figures of each."""
    from rich.console import Console

    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    measured: dict[str, list[Figure]] = {name: [] for name in names}
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=len(names))
        for name, figures in measured.items():
            progress.update(task, description=name)
            for figure in FIGURES[name](stand, quick=quick):
                figures.append(figure)
                value, ceiling, ratio = report.numbers(figure)
                progress.console.print(f"{figure.name}: {value}, ceiling {ceiling or '–'}, ratio {ratio or '–'}")
            progress.advance(task)
    return measured


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Broken, Unusable) as problem:
        sys.exit(f"urna bench: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
