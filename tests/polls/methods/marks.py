"""Ballot forms of one contest, marked, and what becomes of them."""

from urllib.parse import urlencode

from django.http import QueryDict

from polls import markings, methods
from polls.methods import ContestOnBallot
from tests.conftest import contest

ANIMALS = ("ant", "bee", "cat", "dog")


def ask(method: str, options: tuple[str, ...] = ANIMALS, **changes: object) -> ContestOnBallot:
    """Make a contest of a method."""
    return contest(method=method, options=options, **changes)


def form(marks: dict[str, object], key: str = "q1") -> QueryDict:
    """Return a form that says something of each of these options."""
    return QueryDict(urlencode({f"{key}:{option}": value for option, value in marks.items()}))


def parse(asked: ContestOnBallot, marks: dict[str, object] | str) -> str:
    """Return the marking of a form, without the name of the contest; raises InvalidMarking."""
    sent = QueryDict(marks) if isinstance(marks, str) else form(marks)
    return markings.parse(sent, [asked]).removeprefix("q1=")


def count_keys(asked: ContestOnBallot, marking: str) -> list[str]:
    """Return the count keys of a marking, without the name of the contest; raises InvalidMarking."""
    return [key.removeprefix("q1:") for key in markings.count_keys(f"q1={marking}", [asked])]


def show(asked: ContestOnBallot, marks: dict[str, object]) -> object:
    """Return what the template gets of a form that comes back."""
    return methods.get(asked.method).initial([], form(marks), asked)
