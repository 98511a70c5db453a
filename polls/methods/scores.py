"""What score voting and STAR have in common when they are told: totals, and how often which score was given."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from . import distribution
from .telling import Teller, Told, write_number


def order_by(totals: Mapping[str, int]) -> list[str]:
    """Return the options by their totals, the highest first, equals in ballot order."""
    return sorted(totals, key=lambda key: -totals[key])


def tell_totals(teller: Teller, totals: Mapping[str, int], order: Iterable[str]) -> str:
    """Write all totals in one text."""
    return "; ".join(f"{teller.labels[key]} {write_number(totals[key])}" for key in order)


def tell(
    teller: Teller, rule: str, sentences: Iterable[str], totals: Mapping[str, int], order: Sequence[str], **more: Any
) -> Told:
    """Return the working with the scores as figure and table, after what else there is."""
    best = int(teller.working["max_score"])
    words = [str(number) for number in range(best, -1, -1)]
    given = {key: list(reversed(numbers)) for key, numbers in teller.working["distribution"].items()}
    scores = distribution.figure(teller, given, words, order)
    caption = _("Totals, and how many ballots gave which score")
    sums = {_("total"): {key: write_number(total) for key, total in totals.items()}}
    scored = distribution.table(teller, caption, given, words, order, sums)
    return teller.told(
        rule,
        sentences,
        figures=[*scores, *more.pop("figures", ())],
        tables=[scored, *more.pop("tables", ())],
        notes=[*distribution.notes(order), *more.pop("notes", ())],
        **more,
    )
