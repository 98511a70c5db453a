"""The figures of the benchmark, each beside its ceiling."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured value.

    `ratio` compares it with `ceiling`, which was measured in the same run by the same means: 1 means as good as the
    ceiling, and less is worse, for every unit. `goal` says in words what is to be reached.
    """

    name: str
    value: float
    unit: str
    ceiling: float | None = None
    ceiling_name: str = ""
    less_is_better: bool = False
    goal: str = ""
    reached: bool | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        if not self.ceiling or not self.value:
            return None
        return self.ceiling / self.value if self.less_is_better else self.value / self.ceiling

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"ratio": self.ratio}


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of all values are; raises ValueError without values."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("nothing was measured")
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def in_turn(rounds: int, *measurements: Callable[[], float]) -> list[float]:
    """Run the measurements one after the other, `rounds` times; return the median of each.

    In this way a moment in which the machine is slow does not affect only one of them.
    """
    results: Sequence[list[float]] = [[] for _ in measurements]
    for _ in range(rounds):
        for result, measure in zip(results, measurements, strict=True):
            result.append(measure())
    return [median(result) for result in results]
