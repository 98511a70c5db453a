"""Who decides what voters see: the ballot box, by its clock, whatever PostgreSQL was told meanwhile."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from polls import ballot_box
from polls.ballot_box import Outcome, Unavailable, Verdict, offer
from polls.definition import Definition, milliseconds, moment
from polls.delivery import Arrival
from polls.models import Election, Option
from polls.publishing import Frozen, publish_election, republish_election
from results.snapshot import read_snapshots
from tally.drain import drain_all, drain_shard
from tally.healing import keep_box
from tally.lifecycle import close_election, turn_phases
from tally.models import CastRecord, Count, RejectedBallot
from tests.conftest import beside, open_now


@pytest.fixture
def drink(make_election: Callable[..., Election]) -> Election:
    """An election that opens in an hour."""
    return make_election(opens_at=timezone.now() + dt.timedelta(hours=1))


def fail(*args: Any, **kwargs: Any) -> Any:
    raise Unavailable("frozen")


@pytest.fixture
def edit(monkeypatch: pytest.MonkeyPatch) -> Callable[[Election], None]:
    """Return a function that swaps the labels and saves it, while the ballot box does not answer."""

    def swap_unheard(election: Election) -> None:
        with transaction.atomic():
            for option, label in zip(options_of(election).all(), reversed(options_of(election).all()), strict=False):
                Option.objects.filter(pk=option.pk).update(label=label.label)
        with monkeypatch.context() as patch:
            patch.setattr(ballot_box, "offer", fail)
            assert publish_election(election).arrival is Arrival.WAITING

    return swap_unheard


def options_of(election: Election) -> Any:
    return election.contests.get().options


def shown(election: Election) -> dict[str, tuple[str, int]]:
    """Return label and count by key, as the results show them."""
    [snapshot] = read_snapshots(Election.objects.filter(pk=election.pk), whole=True)
    return {one.key: (one.label, one.count) for one in snapshot.contests[0].options}


def labels(election: Election) -> dict[str, str]:
    return dict(options_of(election).values_list("key", "label"))


SEEN = {"nesquik": "Nesquik", "cola-cao": "Cola-Cao"}


class TestEditThatComesLate:
    def test_is_not_what_ballots_are_read_on(self, drink, edit, cast):
        voters_see = Definition.of(drink)
        edit(drink)
        open_now(drink)
        assert cast(voters_see, "ana", "nesquik").verdict is Verdict.ACCEPTED
        # Counted before anything has told PostgreSQL.
        drain_all()
        assert shown(drink) == {"nesquik": ("Nesquik", 1), "cola-cao": ("Cola-Cao", 0)}
        keep_box()
        assert cast(voters_see, "eva", "nesquik").verdict is Verdict.ACCEPTED
        drain_all()
        assert shown(drink) == {"nesquik": ("Nesquik", 2), "cola-cao": ("Cola-Cao", 0)}
        assert not RejectedBallot.objects.exists()

    def test_is_taken_back_and_kept_for_its_organiser(self, drink, edit):
        edit(drink)
        assert labels(drink) != SEEN
        open_now(drink)
        keep_box()
        drink.refresh_from_db()
        assert labels(drink) == SEEN
        assert [option["label"] for option in drink.refused_edit["contests"][0]["options"]] == ["Cola-Cao", "Nesquik"]
        assert ballot_box.read_definition("drink")[0] == Definition.of(drink)
        version = drink.revision
        keep_box()
        drink.refresh_from_db()
        assert drink.revision == version

    def test_brings_back_an_option_that_it_had_deleted(self, drink, edit):
        options_of(drink).get(key="nesquik").delete()
        options_of(drink).create(key="tea", label="Tea")
        edit(drink)
        open_now(drink)
        keep_box()
        assert labels(drink) == SEEN

    def test_cannot_move_the_opening_either(self, drink):
        open_now(drink)
        drink.opens_at += dt.timedelta(days=1)
        drink.save()
        with pytest.raises(Frozen, match="has begun"):
            publish_election(drink)

    def test_is_told_by_the_ballot_box_whatever_clock_the_organiser_has(self, drink):
        open_now(drink)
        # This instance still has an opening in an hour.
        drink.title = "Beer?"
        drink.save()
        with pytest.raises(Frozen, match="has begun"):
            publish_election(drink)

    def test_cannot_let_organisers_see_who_has_voted(self, make_election):
        drink = make_election(eligibility="roll", opens_at=timezone.now() + dt.timedelta(hours=1))
        open_now(drink)
        drink.shows_who_voted = True
        drink.save()
        with pytest.raises(Frozen, match="has begun"):
            publish_election(drink)

    def test_that_lets_organisers_see_who_has_voted_is_taken_back(self, make_election, monkeypatch):
        drink = make_election(eligibility="roll", opens_at=timezone.now() + dt.timedelta(hours=1))
        with monkeypatch.context() as patch:
            patch.setattr(ballot_box, "offer", fail)
            Election.objects.update(shows_who_voted=True)
            assert publish_election(drink).arrival is Arrival.WAITING
        open_now(drink)
        keep_box()
        drink.refresh_from_db()
        assert drink.shows_who_voted is False
        assert drink.refused_edit["shows_who_voted"] is True
        assert ballot_box.read_definition("drink")[0].shows_who_voted is False

    def test_is_forgotten_with_the_next_edit_that_arrives(self, drink, edit):
        edit(drink)
        open_now(drink)
        keep_box()
        drink.refresh_from_db()
        Election.objects.update(proof_of_work=True)
        assert publish_election(drink).arrival is Arrival.TAKEN
        drink.refresh_from_db()
        assert drink.refused_edit is None


class TestEditThatComesInTime:
    def test_is_in_force_once_the_box_has_taken_it(self, drink, edit, cast):
        edit(drink)
        assert shown(drink)["nesquik"][0] == "Nesquik"
        keep_box()
        assert shown(drink)["nesquik"][0] == "Cola-Cao"
        open_now(drink)
        drink.refresh_from_db()
        assert cast(drink, "ana", "nesquik").verdict is Verdict.ACCEPTED

    def test_is_known_to_be_in_force_before_its_first_ballot_is_counted(self, drink, edit, cast):
        edit(drink)
        # The box takes it, and the process dies before it can note that.
        [reply] = offer([Definition.offered(Election.objects.get())], ballot_box.read_epoch())
        assert reply.outcome is Outcome.TAKEN
        open_now(drink)
        cast(Definition.offered(Election.objects.get()), "ana", "nesquik")
        drain_shard(Election.objects.get(), 0)
        assert shown(drink) == {"nesquik": ("Cola-Cao", 1), "cola-cao": ("Nesquik", 0)}

    @pytest.mark.parametrize("known", [True, False], ids=["of this release", "of the one before"])
    def test_lets_organisers_see_who_has_voted(self, make_election, redis, known):
        drink = make_election(eligibility="roll", opens_at=timezone.now() + dt.timedelta(hours=1))
        if not known:
            redis.hdel(ballot_box.key(drink.pk, 0, "rules"), "shows_who")
        Election.objects.update(shows_who_voted=True)
        assert publish_election(drink).arrival is Arrival.TAKEN
        assert ballot_box.read_definition("drink")[0].shows_who_voted
        assert redis.hget(ballot_box.key(drink.pk, 0, "rules"), "shows_who") == b"1"

    def test_gives_the_old_address_up(self, drink):
        drink.slug = "tea"
        drink.save()
        publish_election(drink)
        assert ballot_box.read_definition("drink")[0] is None
        assert ballot_box.read_definition("tea")[0].title == "drink?"


class TestPublishElection:
    def test_takes_turns_with_another_one(self, drink):
        before = drink.revision
        with transaction.atomic():
            publish_election(drink)
            other = beside(lambda: publish_election(Election.objects.get()))
            with pytest.raises(TimeoutError):
                other.result(0.5)
        other.result(10)
        drink.refresh_from_db()
        assert drink.revision == before + 2


class TestRepublishElection:
    def test_computes_no_design_anew(self, make_election, monkeypatch, cast):
        drink = make_election()
        before = Definition.of(drink)
        # The next release writes papers in another way.
        monkeypatch.setattr("polls.design.Paper.write", lambda paper, scheme=2: f"something else {paper.title}")
        turn_phases()
        drink.refresh_from_db()
        assert Definition.of(drink).design == before.design
        assert cast(before, "ana", "nesquik").verdict is Verdict.ACCEPTED
        close_election(drink)
        assert ballot_box.read_definition("drink")[0].sealed


class TestOlderBox:
    def test_that_holds_a_paper_of_before_gets_the_one_that_was_voted_on(self, drink, cast, caplog):
        before = Definition.of(drink)
        drink.title = "Which one?"
        drink.save()
        publish_election(drink)
        open_now(drink)
        drink.refresh_from_db()
        Election.objects.update(opens_at=timezone.now() - dt.timedelta(seconds=5))
        turn_phases()
        after = Definition.of(drink)
        cast(after, "ana", "nesquik")
        drain_all()
        # Redis comes back with what it had before the edit, and people vote on that.
        client = ballot_box.connection.client()
        client.delete(ballot_box.key(drink.pk, 0, "rules"), ballot_box.DEFINITIONS)
        offer([replace(before, opens_at=before.opens_at - 7_200_000)], ballot_box.read_epoch())
        cast(before, "eva", "cola-cao")
        drain_all()
        assert "had lost data" in caplog.text
        assert dict(Count.objects.values_list("key", "n")) == {"q1:nesquik": 1}
        assert RejectedBallot.objects.get().reason == RejectedBallot.Reason.OTHER_DESIGN
        assert ballot_box.read_definition("drink")[0].title == "Which one?"
        assert cast(after, "leo", "cola-cao").verdict is Verdict.ACCEPTED

    def test_is_noticed_when_it_gives_a_serial_again(self, make_election, cast, caplog):
        drink = make_election(votes_final=True)
        for voter in ("ana", "eva", "leo"):
            cast(drink, voter, "nesquik")
        drain_all()
        # Its file was cut: serials and marks of the last two are lost, and new ballots get the serials before a look.
        client = ballot_box.connection.client()
        client.hset(ballot_box.key(drink.pk, 0, "rules"), "serial", 1)
        client.hdel(ballot_box.key(drink.pk, 0, "voters"), *self.keys(drink, 2, 3))
        for voter in ("kim", "sam", "tom"):
            cast(drink, voter, "cola-cao")
        drain_all()
        assert "had lost data" in caplog.text
        assert cast(drink, "leo", "cola-cao").verdict is Verdict.ALREADY_VOTED
        assert dict(Count.objects.values_list("key", "n")) == {"q1:nesquik": 3, "q1:cola-cao": 3}

    def test_is_noticed_though_later_batches_are_in_order(self, make_election, cast, caplog, settings):
        settings.DRAIN_BATCH_SIZE = 1
        drink = make_election()
        for voter in ("ana", "eva"):
            cast(drink, voter, "nesquik")
        drain_all()
        ballot_box.connection.client().hset(ballot_box.key(drink.pk, 0, "rules"), "serial", 1)
        for voter in ("kim", "sam", "tom"):
            cast(drink, voter, "cola-cao")
        drain_all()
        assert "had lost data" in caplog.text

    def test_is_healed_later_where_the_worker_dies_before(self, make_election, cast, caplog, monkeypatch):
        drink = make_election()
        for voter in ("ana", "eva"):
            cast(drink, voter, "nesquik")
        drain_all()
        ballot_box.connection.client().hset(ballot_box.key(drink.pk, 0, "rules"), "serial", 1)
        cast(drink, "kim", "cola-cao")

        class Killed(BaseException):
            pass

        def die() -> None:
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr("tally.healing.keep_box", die)
            with pytest.raises(Killed):
                drain_all()
        assert "had lost data" not in caplog.text
        keep_box()
        assert "had lost data" in caplog.text

    def test_gets_a_voters_later_mark_back(self, make_election, cast):
        drink = make_election()
        older = cast(drink, "ana", "nesquik")
        client, voters = ballot_box.connection.client(), ballot_box.key(drink.pk, 0, "voters")
        mark = client.hgetall(voters)
        newer = cast(drink, "ana", "cola-cao")
        drain_all()
        client.hset(voters, mapping=mark)
        client.hset(ballot_box.key(drink.pk, 0, "rules"), "serial", 1)
        keep_box()
        [restored] = client.hvals(voters)
        assert str(newer.last) in restored.decode()
        assert str(older.last) not in restored.decode()

    def test_is_not_what_an_entry_for_a_newer_worker_is_taken_for(self, make_election, cast, redis, caplog):
        drink = make_election()
        first = cast(drink, "ana", "nesquik")
        stream = ballot_box.key(drink.pk, 0, "ballots")
        [(entry, fields)] = redis.xrange(stream)
        redis.xdel(stream, entry)
        cast(drink, "eva", "cola-cao")
        drain_all()
        # What an older worker had left comes only now, with its own serial.
        redis.xadd(stream, fields)
        drain_all()
        assert CastRecord.objects.filter(ballot_id=first.last).exists()
        assert "had lost data" not in caplog.text

    @staticmethod
    def keys(election: Election, *serials: int) -> list[str]:
        return list(
            CastRecord.objects.filter(election=election, serial__in=serials).values_list("voter_key", flat=True)
        )


class TestOlderDatabase:
    def test_goes_past_what_the_box_has(self, make_election):
        drink = make_election()
        for _ in range(3):
            republish_election(drink)
        Election.objects.update(revision=2)
        keep_box()
        keep_box()
        stored = Election.objects.get()
        assert stored.revision == 5
        assert ballot_box.read_definition("drink")[0].revision == 5


class TestMoment:
    @pytest.mark.parametrize("time_ms", [0, 1, 1_795_339_000_123, 253_402_300_799_999])
    def test_gives_back_the_milliseconds(self, time_ms):
        assert milliseconds(moment(time_ms)) == time_ms

    def test_does_not_round_a_time_down_to_the_millisecond_before(self):
        for part in range(1000):
            at = dt.datetime(2026, 11, 25, 12, 0, 0, part * 1000, tzinfo=dt.UTC)
            assert milliseconds(at) % 1000 == part
