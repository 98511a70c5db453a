"""Fixtures of those tests that let a record grow."""

from typing import Any

import pytest

from polls.models import Election
from record import recorder
from tally.drain import drain_all
from tally.lifecycle import turn_phases


@pytest.fixture
def drink(make_election: Any) -> Election:
    made: Election = make_election()
    return made


@pytest.fixture
def grow(drink: Election, cast: Any) -> Any:
    """Return a function that adds entries of so many new voters."""
    voters = iter(range(10_000))

    def add(number: int) -> None:
        for _ in range(number):
            cast(drink, f"v{next(voters)}", "nesquik")
        drain_all()
        turn_phases()
        recorder.keep_logs()

    return add
