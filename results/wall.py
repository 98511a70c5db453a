"""The wall: the results in big type for a hall, and what a presenter lets it show."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, Value

from pages.templatetags.display import standing
from polls.methods import ContestOnBallot, OptionOnBallot
from polls.models import Election
from tally.announce import announce
from tally.contests_shown import ContestShown, StandingShown, write_json

from .freshness import ClockTimestamp
from .models import WallState
from .snapshot import Snapshot, write_time

# Bars have so many colours.
COLOURS = 6
# Methods that move votes from round to round: a hall sees how they stand in the end.
WITH_ROUNDS = ("irv", "stv")


class Runner(NamedTuple):
    """An option on a wall: in the place that it has at the moment, in the colour that it always has.

    `colour` counts those of the wall, from 1; the option may have one of its own instead.
    """

    option: OptionOnBallot
    colour: int
    shown: StandingShown | None
    standing: str

    @property
    def key(self) -> str:
        return self.option.key


class Panel(NamedTuple):
    """A contest on a wall; `shown` is None where its result is withheld."""

    contest: ContestOnBallot
    title: str
    shown: ContestShown | None
    runners: list[Runner]

    @property
    def has_rounds(self) -> bool:
        """Tell whether the numbers are those of the last round of the count."""
        return self.contest.method in WITH_ROUNDS


def panels(snapshot: Snapshot) -> list[Panel]:
    """Return the contests of a snapshot with their options, sorted as the wall's script sorts them."""
    shown = {one.contest.key: one for one in snapshot.contests}
    return [_panel(contest, shown.get(contest.key), snapshot) for contest in snapshot.paper.contests]


def _panel(contest: ContestOnBallot, shown: ContestShown | None, snapshot: Snapshot) -> Panel:
    # One question may have no title of its own, and then the paper's stands above it.
    title = contest.title if contest.title or len(snapshot.paper.contests) == 1 else snapshot.paper.title
    figures = {one.key: one for one in at_last_round(shown)} if shown else {}
    runners = [
        Runner(
            option,
            place % COLOURS + 1,
            figures.get(option.key),
            standing(shown, option.key, snapshot.final) if shown else "",
        )
        for place, option in enumerate(contest.options)
    ]
    return Panel(contest, title, shown, rank(runners, shown) if shown else runners)


def at_last_round(shown: ContestShown) -> list[StandingShown]:
    """Return the options with whole votes and shares of the last round, where there are rounds, as the script does."""
    working: dict[str, Any] = dict(shown.outcome.working)
    rounds = working.get("rounds")
    if shown.contest.method not in WITH_ROUNDS or not rounds:
        return shown.options
    scale: int = working.get("scale", 1)
    everything = sum(rounds[0]["votes"].values()) + rounds[0].get("exhausted", 0)
    last = rounds[-1]["votes"]
    return [
        replace(one, count=votes // scale, share=None, permille=1000 * votes // everything if everything else None)
        for one in shown.options
        for votes in [last.get(one.key, 0)]
    ]


def rank(runners: list[Runner], shown: ContestShown) -> list[Runner]:
    """Sort options: those with a seat, then those that tie for one, then by their numbers; a motion stays as it is."""
    if shown.contest.method == "motion":
        return runners
    winners = {key: place for place, key in enumerate(shown.winners)}

    def place(runner: Runner) -> tuple[int, bool, int]:
        count = runner.shown.count if runner.shown else 0
        return winners.get(runner.key, len(winners)), runner.key not in shown.tied, -count

    return sorted(runners, key=place)


def read_walls(elections: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return by election what its walls are to show."""
    states = {one.election_id: one for one in WallState.objects.filter(election__in=elections)}
    return {election: as_dict(states.get(election)) for election in elections}


def as_dict(state: WallState | None) -> dict[str, Any]:
    """Return what walls are to show, as their frames have it."""
    state = state or WallState()
    return {
        "contest": state.contest,
        "hides": state.hides,
        "reveal": state.reveal,
        "reveal_at": write_time(state.reveal_at) if state.reveal_at else None,
        "pause": state.pause,
    }


def write_frame(snapshot: Snapshot, wall: dict[str, Any]) -> str:
    """Write the frame of a wall: the snapshot, and `wall` in it."""
    return f'{snapshot.to_json()[:-1]},"wall":{write_json(wall)}}}'


@transaction.atomic
def direct_walls(election: Election, **changes: Any) -> None:
    """Let all walls of an election show something else."""
    WallState.objects.update_or_create(election=election, defaults=changes)
    transaction.on_commit(lambda: announce(election.pk))


def show_result(election: Election) -> None:
    """Show the result on the walls at once."""
    direct_walls(election, hides=False, reveal="", reveal_at=None)


def hide_result(election: Election) -> None:
    """Show the questions on the walls without their results."""
    direct_walls(election, hides=True, reveal="", reveal_at=None)


def reveal_result(election: Election, reveal: WallState.Reveal, *, seconds: int, pause: int) -> None:
    """Let the result appear on the walls in so many seconds."""
    # By the clock by which walls count down.
    at = ExpressionWrapper(ClockTimestamp() + Value(dt.timedelta(seconds=seconds)), DateTimeField())
    direct_walls(election, hides=False, reveal=reveal, reveal_at=at, pause=pause)
