"""The life of an election with a roll, in whatever order acts and votes come: what is promised holds after each.

What voters have seen stays as it is, each accepted ballot counts or was replaced by a later one of the same voter, and
nobody votes who is not on the roll at that moment, or with a code that was replaced.
"""

import itertools
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from office.acts import Close, NotDone, Publish
from office.roll_acts import AddEntry, ChangeEntry, ReissueCode, StrikeEntry
from polls import ballot_box
from polls.ballot_box import Verdict
from polls.life import State
from polls.models import Election, RollEntry
from polls.publishing import Frozen, publish_election
from polls.roll.lookup import find_voter
from tally.audit.recount import recount, standing_still
from tally.drain import drain_all
from tally.healing import keep_box
from tally.lifecycle import turn_phases
from tally.models import Count, CountedBallot
from tests.polls.roll.people import define, vote

SLUGS = map("life-{}".format, itertools.count())
KEYS = ("nesquik", "cola-cao")
EXAMPLES = 10
STEPS = 25
# Not to look for the shortest way to a failure, which takes minutes here.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


@dataclass
class Person:
    """Somebody who is, or was, on the roll; `counts` is the option and the weight of the last accepted ballot."""

    name: str
    code: str
    issue: int = 1
    weight: int = 1
    struck: bool = False
    old_codes: list[str] = field(default_factory=list)
    counts: tuple[str, int] | None = None


class LifeOfARoll(RuleBasedStateMachine):
    """One election from draft to the close, and a model of what has to be true of it."""

    def __init__(self) -> None:
        super().__init__()
        self.election = Election.objects.create(slug=next(SLUGS), title="Drink?", eligibility="roll")
        contest = self.election.contests.create(key="q1")
        for position, key in enumerate(KEYS):
            contest.options.create(key=key, label=key, position=position)
        self.people: list[Person] = []
        self.seen = ""
        self.state = State.DRAFT
        keep_box()
        self.add()

    def entry(self, person: Person) -> RollEntry:
        return RollEntry.objects.select_related("election").get(election=self.election, name=person.name)

    def act(self, act: Any) -> Any:
        """Do an act; None if the election is over, and so its roll stays as it was."""
        if self.state is not State.CLOSED:
            return act.perform(by=None)
        with pytest.raises(NotDone):
            act.perform(by=None)
        return None

    @rule()
    def add(self) -> None:
        name = f"voter {len(self.people)}"
        adding = AddEntry(self.election, {"name": name}, reason="moved here")
        if self.act(adding):
            self.people.append(Person(name, adding.code))

    @rule(data=st.data(), weight=st.integers(1, 9))
    def weigh(self, data: st.DataObject, weight: int) -> None:
        person = self.draw(data, struck=False)
        if person and self.act(ChangeEntry(self.entry(person), {"weight": weight}, reason="shares")):
            person.weight = weight

    @rule(data=st.data())
    def strike(self, data: st.DataObject) -> None:
        person = self.draw(data, struck=False)
        if person:
            self.act(StrikeEntry(self.entry(person), reason="left"))
            person.struck = self.state is not State.CLOSED

    @rule(data=st.data())
    def reissue(self, data: st.DataObject) -> None:
        person = self.draw(data, struck=False)
        if person and (code := self.act(ReissueCode(self.entry(person), reason="lost"))):
            person.old_codes.append(person.code)
            person.code, person.issue = code, person.issue + 1

    @precondition(lambda self: self.state is State.DRAFT and any(not one.struck for one in self.people))
    @rule()
    def publish(self) -> None:
        Publish(self.election).perform(by=None)
        keep_box()
        self.election.refresh_from_db()
        self.state, self.seen = State.PUBLISHED, self.election.in_force

    @precondition(lambda self: self.state is not State.DRAFT)
    @rule(title=st.sampled_from(("Drink?", "Eat?", "Sleep?")))
    def edit(self, title: str) -> None:
        """Try to change what voters have seen."""
        self.election.title = title
        self.election.save(update_fields=["title"])
        with suppress(Frozen):
            publish_election(self.election)
        keep_box()

    @precondition(lambda self: self.state is not State.DRAFT)
    @rule(data=st.data(), key=st.sampled_from(KEYS), back=st.integers(0, 2))
    def vote(self, data: st.DataObject, key: str, back: int) -> None:
        """Cast a ballot with the newest code, or with an older one."""
        person = data.draw(st.sampled_from(self.people))
        issue = max(1, person.issue - back)
        reply = vote(self.election, person.name, f"q1={key}", issue=issue)
        if self.state is State.CLOSED:
            assert reply.verdict is Verdict.CLOSED
        elif person.struck or issue != person.issue:
            assert reply.verdict is Verdict.NOT_ELIGIBLE
        else:
            assert reply.verdict is Verdict.ACCEPTED
            person.counts = key, person.weight

    @precondition(lambda self: self.state is State.PUBLISHED)
    @rule()
    def lose_redis(self) -> None:
        """Take from Redis all that it has, once all of it is counted."""
        drain_all()
        ballot_box.connection.client().flushall()
        ballot_box.reading._remembered.clear()
        keep_box()

    @precondition(lambda self: self.state is State.PUBLISHED)
    @rule()
    def close(self) -> None:
        Close(self.election).perform(by=None)
        self.state = State.CLOSED

    @rule()
    def count(self) -> None:
        drain_all()
        turn_phases()

    def draw(self, data: st.DataObject, *, struck: bool) -> Person | None:
        able = [one for one in self.people if one.struck is struck]
        return data.draw(st.sampled_from(able)) if able else None

    @invariant()
    def no_act_changes_what_voters_have_seen(self) -> None:
        if self.seen:
            assert define(Election.objects.get(pk=self.election.pk)).design == self.seen

    @invariant()
    def a_code_finds_its_voter_as_long_as_it_is_the_newest_of_one_who_is_on_the_roll(self) -> None:
        if self.state is not State.PUBLISHED:
            return
        definition = define(Election.objects.get(pk=self.election.pk))
        for person in self.people:
            assert (find_voter(definition, person.code) is None) is person.struck
            assert not any(find_voter(definition, code) for code in person.old_codes)

    def teardown(self) -> None:
        """Count all, and compare it with the model."""
        if self.state is State.DRAFT:
            return
        drain_all()
        truth = Counter[str]()
        for person in self.people:
            if person.counts:
                key, weight = person.counts
                truth[f"q1:{key}"] += weight
        counts = Counter[str]()
        for count in Count.objects.filter(election=self.election):
            counts[count.key] += count.n
        assert +counts == +truth
        voted = sum(person.counts is not None for person in self.people)
        assert CountedBallot.objects.filter(election=self.election).count() == voted
        with standing_still():
            assert recount(Election.objects.get(pk=self.election.pk), lambda _line: None).differences == []


def test_holds_whatever_comes_in_whichever_order(transactional_db: None, redis: Any) -> None:
    run_state_machine_as_test(
        LifeOfARoll,
        settings=settings(
            max_examples=EXAMPLES,
            phases=PHASES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
