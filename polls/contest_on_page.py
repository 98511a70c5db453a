"""One contest as the ballot page shows it: its options in their order, what is marked, and what is wrong with it."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.http import QueryDict

from . import markings, methods
from .definition import Definition
from .methods import ContestOnBallot, OptionOnBallot


@dataclass(frozen=True)
class ContestOnPage:
    """What the template of a method gets: `field` is the name of its form fields, or the beginning of their names."""

    contest: ContestOnBallot
    field: str
    options: Sequence[OptionOnBallot]
    marked: Any
    error: Any
    template: str

    @classmethod
    def all_of(
        cls,
        definition: Definition,
        form: QueryDict,
        *,
        seed: str,
        errors: Mapping[str, Any] | None = None,
        contests: Sequence[ContestOnBallot] | None = None,
    ) -> list[Self]:
        """Show the contests of a paper, filled in as `form` has them; `errors` says by contest what is wrong.

        `contests` are those on the paper of one voter, if not all.
        """
        shown = definition.contests if contests is None else contests
        return [cls.of(contest, form, definition, seed, errors or {}) for contest in shown]

    @classmethod
    def of(
        cls, contest: ContestOnBallot, form: QueryDict, definition: Definition, seed: str, errors: Mapping[str, Any]
    ) -> Self:
        """Show a contest filled in as `form` has it; `seed` belongs to the voter, and keeps a shuffled order."""
        options = list(contest.options)
        if contest.is_shuffled:
            random.Random(f"{seed} {contest.key}").shuffle(options)
        values = markings.values_of(form, contest, first_release=definition.is_of_first_release)
        return cls(
            contest=contest,
            field=contest.key,
            options=options,
            marked=methods.get(contest.method).initial(values, form, contest),
            error=errors.get(contest.key, ""),
            template=f"polls/methods/{contest.method}/ballot.html",
        )
