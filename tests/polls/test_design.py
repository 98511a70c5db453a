"""The design: whatever voters see of a paper is in it."""

from dataclasses import fields, replace
from typing import Any

import pytest

from polls.design import Paper, hash_paper
from polls.methods import ContestOnBallot, OptionOnBallot

OPTIONS = (OptionOnBallot("nesquik", "Nesquik", ""), OptionOnBallot("cola-cao", "Cola Cao", ""))
CONTEST = ContestOnBallot("q1", "Drink?", "", "approval", 1, 1, OPTIONS, {"max_choices": 1})
PAPER = Paper("Drink?", "", False, (CONTEST,))

OF_PAPER: dict[str, Any] = {
    "title": "Drink", "description": "Cold.", "votes_final": True, "contests": (CONTEST,) * 2,
    "eligibility": "roll", "shows": "hidden", "tie_break": "draw", "draw_hash": "0f" * 32,
    "language": "en", "translations": {"es": {"title": "¿Bebida?"}}, "step": 10, "checkable": True,
}  # fmt: skip
OF_CONTEST: dict[str, Any] = {
    "key": "q2",
    "title": "Drink",
    "description": "Cold.",
    "method": "plurality",
    "version": 2,
    "seats": 2,
    "options": OPTIONS[::-1],
    "rules": {"max_choices": 2},
    "groups": ("Students",),
    "translations": {"es": {"description": "Frías."}},
}
OF_OPTION: dict[str, Any] = {
    "key": "nesquick", "label": "Nesquick", "description": "With milk.", "emoji": "🥛", "colour": "#d9a400",
    "picture": "0f" * 32, "translations": {"es": {"label": "El Nesquik"}},
}  # fmt: skip
# A paper with all that the fourth scheme brought.
FOURTH = replace(
    PAPER,
    language="en",
    translations=OF_PAPER["translations"],
    contests=(
        replace(CONTEST, translations=OF_CONTEST["translations"], options=(OptionOnBallot(**OF_OPTION), OPTIONS[1])),
    ),
)
# And with what the fifth brought.
NEWEST = replace(FOURTH, step=10, checkable=True)
CHANGED = {
    **{f"the paper's {name}": replace(PAPER, **{name: value}) for name, value in OF_PAPER.items()},
    **{
        f"a contest's {name}": replace(PAPER, contests=(replace(CONTEST, **{name: value}),))
        for name, value in OF_CONTEST.items()
    },
    **{
        f"an option's {name}": replace(
            PAPER, contests=(replace(CONTEST, options=(replace(OPTIONS[0], **{name: value}), OPTIONS[1])),)
        )
        for name, value in OF_OPTION.items()
    },
}


def test_all_fields_are_changed_below():
    assert {one.name for one in fields(Paper)} == OF_PAPER.keys()
    assert {one.name for one in fields(ContestOnBallot)} == OF_CONTEST.keys()
    assert {one.name for one in fields(OptionOnBallot)} == OF_OPTION.keys()


@pytest.mark.parametrize("paper", CHANGED.values(), ids=CHANGED.keys())
def test_of_a_paper_with_one_change_is_another(paper):
    assert hash_paper(paper.write()) != hash_paper(PAPER.write())


@pytest.mark.parametrize("paper", [PAPER, *CHANGED.values()], ids=["as it was", *CHANGED.keys()])
def test_a_paper_is_read_as_it_was_written(paper):
    assert Paper.read(paper.write()) == paper


def test_is_written_in_the_same_way_for_ever():
    """Elections that are open know their paper by this hash."""
    assert hash_paper(PAPER.write()) == "c2b5b9b1624d48f2b2f656aaccaac843"
    assert hash_paper(PAPER.write(2), 2) == "1b6cae50cce79a81bc2470c6b94f6baa"
    assert hash_paper(FOURTH.write()) == "97429482e928549a953e6650b2f4922d"
    assert hash_paper(NEWEST.write()) == "466bd7bda9c4ad75c33f42a7a08b8a01"
    assert Paper.read(NEWEST.write()) == NEWEST


def test_of_the_third_scheme_has_nothing_newer_and_is_the_same_where_nothing_newer_is_said():
    """So a process of the release before reads such papers, and knows them by the same hash."""
    options = (OptionOnBallot("nesquick", "Nesquick", "With milk."), OPTIONS[1])
    plain = replace(PAPER, contests=(replace(CONTEST, options=options),))
    assert NEWEST.write(3) == plain.write(3) == plain.write()


def test_of_the_fourth_scheme_has_neither_steps_nor_checks_and_is_the_same_where_these_are_not_said():
    assert NEWEST.write(4) == FOURTH.write(4) == FOURTH.write()


def test_of_the_second_scheme_is_read_with_what_it_did_not_have():
    assert Paper.read(PAPER.write(2)) == PAPER


class TestFirstRelease:
    """Its papers had one contest, no key for it, and the text and hash that elections of that time go on with."""

    @pytest.mark.parametrize(("limit", "rules"), [("null", {}), ("2", {"max_choices": 2})])
    def test_papers_are_written_and_read_as_it_did(self, limit, rules):
        contest = ContestOnBallot("q1", "", "", "approval", 1, 1, OPTIONS, rules)
        paper = Paper("¿Drink?", "Cold.", True, (contest,))
        pairs = '[["nesquik", "Nesquik"], ["cola-cao", "Cola Cao"]]'
        text = rf'["\u00bfDrink?", "Cold.", "approval", {limit}, true, {pairs}]'
        assert paper.write(scheme=1) == text
        assert Paper.read(text) == paper

    def test_papers_have_a_shorter_hash(self):
        paper = replace(PAPER, contests=(replace(CONTEST, title=""),))
        assert hash_paper(paper.write(1), 1) == "b9acbbe23d1419a0"
