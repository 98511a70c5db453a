"""Measure Urna, each figure beside its ceiling from the same run."""

import argparse
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

# The launcher runs this folder by its path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench import counting, dashboard, fanout, memory, report, screen, servers, start, voting
from bench.figure import Figure
from bench.load import tool
from bench.stand import Broken, Stand
from voting_site.data_folder import Unusable

FIGURES: dict[str, Callable[..., Iterator[Figure]]] = {
    "voting": voting.measure,
    "counting": counting.measure,
    "screen": screen.measure,
    "fanout": fanout.measure,
    "dashboard": dashboard.measure,
    "memory": memory.measure,
    "start": start.measure,
    "servers": servers.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="urna bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller numbers, at most two minutes")
    parser.add_argument("--only", choices=FIGURES, action="append", help="measure this alone; may be given again")
    parser.add_argument(
        "--commit-ratios", action="store_true", help="make these ratios the ones that later runs are held to"
    )
    options = parser.parse_args()

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Five thousand sockets on either side.
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(20_000, most), most))
    tool()
    figures = measure(options.only or list(FIGURES), quick=options.quick)

    told = report.conditions(quick=options.quick)
    report.show(figures, told)
    page = report.write(figures, told)
    sys.stdout.write(f"Written: {page} and {page.with_suffix('.json')}\n")
    if options.commit_ratios:
        report.commit_ratios(figures, quick=options.quick)
    fallen = report.fallen(figures, quick=options.quick)
    for line in fallen:
        sys.stdout.write(f"FALLEN {line}; see bench/README.md\n")
    return 1 if fallen else 0


def measure(names: list[str], *, quick: bool) -> list[Figure]:
    """Measure the named figures one after the other, with progress on standard error."""
    from rich.console import Console

    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    figures: list[Figure] = []
    with Progress(*columns, console=Console(stderr=True)) as progress, Stand() as stand:
        task = progress.add_task("", total=len(names))
        for name in names:
            progress.update(task, description=name)
            for figure in FIGURES[name](stand, quick=quick):
                figures.append(figure)
                measured, ceiling, ratio = report.numbers(figure)
                progress.console.print(f"{figure.name}: {measured}, ceiling {ceiling or '–'}, ratio {ratio or '–'}")
            progress.advance(task)
    return figures


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Broken, Unusable) as problem:
        sys.exit(f"urna bench: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
