"""The Borda count: of n options the first on a ballot gets n points, the second n - 1, and so on; most points win.

Jean-Charles de Borda, "Mémoire sur les élections au scrutin", Histoire de l'Académie Royale des Sciences (1781). An
option that a ballot does not rank gets no point from it, which is one less than for the last place of a complete
ranking. With several seats the most points fill them. Equal points at the last seat tie, and go to the draw.

Count keys are `option:rank`, as in `ana:1` for each first place. The only rule is `none_of_the_above`, the key of the
option with this meaning.
"""

from collections.abc import Mapping, Sequence

from .contest import Contest
from .counts import InvalidCounts, require_number
from .most_votes import elect
from .outcome import Outcome
from .seats import read_none_of_the_above

NAME = "borda"
VERSION = 1


def check_rules(contest: Contest) -> None:
    """Check the rules of a contest; raises InvalidContest."""
    contest.require_rules_among("none_of_the_above")
    read_none_of_the_above(contest)


def tabulate(contest: Contest, counts: Mapping[str, int]) -> Outcome:
    """Compute the outcome; raises InvalidContest or InvalidCounts. An option's count is its points."""
    check_rules(contest)
    places = _read_places(contest, counts)
    best = len(contest.options)
    points = {key: sum((best - place) * count for place, count in enumerate(given)) for key, given in places.items()}
    return elect(
        contest,
        points,
        method=NAME,
        version=VERSION,
        most=best,
        working={"places": {key: list(given) for key, given in places.items()}},
    )


def count_keys(ranking: Sequence[str]) -> list[str]:
    """Return the count keys of a ballot that ranks these options, the best first."""
    return [f"{key}:{rank}" for rank, key in enumerate(ranking, start=1)]


def _read_places(contest: Contest, counts: Mapping[str, int]) -> dict[str, list[int]]:
    """Return for each option, in ballot order, how many ballots put it first, second and so on."""
    number = len(contest.options)
    places = {key: [0] * number for key in contest.options}
    ranks = {str(rank): rank for rank in range(1, number + 1)}
    for key, count in counts.items():
        option, colon, rank = key.rpartition(":")
        if not colon or option not in places or rank not in ranks:
            raise InvalidCounts(f"{key!r} is no rank of an option of this contest, from 1 to {number}")
        require_number(key, count)
        places[option][ranks[rank] - 1] = count
    ranked = [sum(given) for given in zip(*places.values(), strict=True)]
    if any(later > earlier for earlier, later in zip([contest.marked, *ranked], ranked, strict=False)):
        raise InvalidCounts(f"{contest.marked} marked ballots cannot fill these places: {ranked}")
    if most := [key for key, given in places.items() if sum(given) > contest.marked]:
        raise InvalidCounts(f"{contest.marked} marked ballots cannot rank {most[0]} {sum(places[most[0]])} times")
    return places
