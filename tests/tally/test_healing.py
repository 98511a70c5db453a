"""An emptied Redis, a half-restored one, and the life of an election."""

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from polls import ballot_box
from polls.ballot_box import Unavailable, Verdict, offer, restoring
from polls.ballots import new_ballot_id
from polls.definition import Definition
from polls.delivery import restore
from polls.models import Election, Epoch
from polls.publishing import publish_election
from tally import healing, lifecycle
from tally.drain import drain_all
from tally.healing import heal, keep_box
from tally.lifecycle import NotClosed, archive_election, close_election, turn_phases
from tests.conftest import NOWHERE, use_client, voter_of


class TestKeepBox:
    def test_begins_the_first_epoch(self, transactional_db, redis):
        keep_box()
        assert ballot_box.read_epoch() == Epoch.objects.get().name

    def test_delivers_what_was_published_while_redis_was_away(self, make_election, redis):
        drink = make_election()
        redis.hdel(ballot_box.DEFINITIONS, "drink")
        keep_box()
        assert ballot_box.read_definition("drink")[0] == Definition.of(drink)
        assert Epoch.objects.count() == 1

    def test_restores_an_emptied_box_with_its_voted_marks(self, make_election, cast, redis, caplog):
        drink = make_election(votes_final=True)
        first = cast(drink, "ana", "nesquik")
        drain_all()
        redis.flushall()
        with pytest.raises(Unavailable, match="no epoch"):
            ballot_box.read_definition("drink")
        keep_box()
        assert Epoch.objects.count() == 2
        assert "had lost data" in caplog.text
        definition = Definition.of(drink)
        mark = ballot_box.read_mark(definition, voter_of(definition, "ana"))
        assert (mark.ballot_id, mark.state) == (first.last, "counted")
        assert cast(drink, "ana", "cola-cao").verdict is Verdict.ALREADY_VOTED
        assert cast(drink, "eva", "cola-cao").serial == 1

    def test_restores_the_marks_of_ballots_that_wait_in_a_box_without_marks(
        self, make_election, cast, redis, monkeypatch
    ):
        """As after the restore of a backup, where these ballots are all that the box has."""
        monkeypatch.setattr(healing, "MARKS_CHUNK", 2)
        drink = make_election(votes_final=True)
        cast(drink, "ana", "nesquik")
        drain_all()
        waiting = {name: cast(drink, name, "cola-cao") for name in ("eva", "leo", "uma")}
        key = ballot_box.key(drink.pk, 0, "ballots")
        entries = [fields for _, fields in redis.xrange(key)]
        redis.flushall()
        redis.xadd(key, {"v": "99"})
        for fields in entries:
            redis.xadd(key, fields)
        keep_box()
        definition = Definition.of(drink)
        for name, outcome in waiting.items():
            mark = ballot_box.read_mark(definition, voter_of(definition, name))
            assert (mark.ballot_id, mark.state) == (outcome.last, "accepted")
            assert cast(drink, name, "nesquik").verdict is Verdict.ALREADY_VOTED
        assert cast(drink, "ana", "cola-cao").verdict is Verdict.ALREADY_VOTED
        assert cast(drink, "new", "cola-cao").serial == 1

    def test_lets_each_shard_begin_the_new_epoch_where_data_were_lost_in_one(
        self, make_election, cast, redis, settings
    ):
        settings.BALLOT_BOX_SHARDS = 2
        drink = make_election()
        for number in range(20):
            cast(drink, f"v{number}", "nesquik")
        drain_all()
        redis.hset(ballot_box.key(drink.pk, 0, "rules"), "serial", 0)
        keep_box()
        epoch = ballot_box.read_epoch()
        assert Epoch.objects.count() == 2
        rules = ballot_box.read_rules([(drink.pk, 0), (drink.pk, 1)], "epoch", "serial")
        assert rules == [[epoch.encode(), b"0"]] * 2

    def test_lets_a_voter_repeat_the_very_ballot_after_the_box_was_emptied(self, make_election, cast, redis):
        drink = make_election()
        ballot_id = new_ballot_id(ballot_box.read_definitions()[1])
        cast(drink, "ana", "nesquik", ballot_id)
        drain_all()
        redis.flushall()
        keep_box()
        assert cast(drink, "ana", "nesquik", ballot_id).verdict is Verdict.REPEATED

    def test_restores_many_voters(self, make_election, cast, redis, monkeypatch):
        monkeypatch.setattr(healing, "MARKS_CHUNK", 7)
        drink = make_election()
        for number in range(20):
            cast(drink, f"v{number}", "nesquik")
        drain_all()
        redis.flushall()
        keep_box()
        assert redis.hlen(ballot_box.key(drink.pk, 0, "voters")) == 20

    def test_gives_no_epoch_to_a_box_that_is_emptied_while_it_heals(self, make_election, redis, monkeypatch):
        make_election()
        redis.flushall()

        def empty_then_restore(*args: Any) -> None:
            redis.flushall()
            restore(*args)

        with monkeypatch.context() as patch:
            patch.setattr(healing, "restore", empty_then_restore)
            heal()
        assert ballot_box.read_epoch() is None
        keep_box()
        assert ballot_box.read_epoch() is not None

    def test_notices_that_one_shard_is_lost(self, make_election, cast, redis):
        drink = make_election()
        other = make_election("other")
        cast(drink, "ana", "nesquik")
        drain_all()
        cast(other, "eva", "nesquik")
        redis.delete(ballot_box.key(drink.pk, 0, "rules"), ballot_box.key(drink.pk, 0, "voters"))
        keep_box()
        assert Epoch.objects.count() == 2
        # What waited in the box that was not lost still counts, in the epoch that accepted it.
        drain_all()
        assert ballot_box.count_waiting([(other.pk, 1)]) == {other.pk: 0}
        assert cast(drink, "ana", "cola-cao").serial == 1

    def test_notices_that_an_older_state_of_redis_is_back(self, make_election, cast, redis):
        drink = make_election()
        for voter in ("ana", "eva"):
            cast(drink, voter, "nesquik")
        drain_all()
        redis.hset(ballot_box.key(drink.pk, 0, "rules"), "serial", 1)
        keep_box()
        assert Epoch.objects.count() == 2

    def test_tells_of_a_loss_though_healing_was_interrupted(self, make_election, cast, redis, monkeypatch, caplog):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        redis.hset(ballot_box.key(drink.pk, 0, "rules"), "serial", 0)

        def lose_the_box(_):
            raise Unavailable("the ballot box cannot be reached")

        with monkeypatch.context() as patch:
            patch.setattr(restoring, "finish", lose_the_box)
            with pytest.raises(Unavailable):
                keep_box()
        assert "ALARM" not in caplog.text
        keep_box()
        assert "ALARM the ballot box had lost data" in caplog.text
        assert ballot_box.read_rules([(drink.pk, 0)], "epoch") == [[ballot_box.read_epoch().encode()]]

    def test_brings_archived_elections_back_as_archived(self, make_election, redis):
        drink = make_election()
        close_election(drink)
        turn_phases()
        drink.refresh_from_db()
        archive_election(drink)
        redis.flushall()
        keep_box()
        assert ballot_box.read_definition("drink")[0].archived

    def test_stores_a_seal_whose_process_died(self, make_election):
        drink = make_election()
        ballot_box.seal(drink.pk, 1)
        keep_box()
        drink.refresh_from_db()
        assert drink.sealed_at is not None
        assert ballot_box.read_definition("drink")[0].sealed


class TestPublishElection:
    def test_freezes_the_design_once_the_election_is_open(self, make_election):
        drink = make_election()
        drink.title = "Tea?"
        drink.save()
        with pytest.raises(ValidationError, match="has begun"):
            publish_election(drink)

    def test_lets_a_scheduled_election_change(self, make_election):
        drink = make_election(opens_at=timezone.now() + dt.timedelta(hours=1))
        drink.contests.get().options.create(key="tea", label="Tea", position=9)
        publish_election(drink)
        assert len(ballot_box.read_definition("drink")[0].contests[0].options) == 3

    def test_keeps_the_change_when_redis_is_away(self, make_election, monkeypatch, caplog):
        drink = make_election(opens_at=timezone.now() + dt.timedelta(hours=1))
        drink.title = "Tea?"
        drink.save()
        with monkeypatch.context() as patch:
            use_client(patch, NOWHERE)
            publish_election(drink)
        assert "published as soon as the ballot box is back" in caplog.text
        keep_box()
        assert ballot_box.read_definition("drink")[0].title == "Tea?"


class TestCloseElection:
    def test_seals_tells_what_waits_and_becomes_final_when_counted(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        assert close_election(drink).waiting == 1
        assert drink.sealed_at is not None
        assert cast(drink, "eva", "nesquik").verdict is Verdict.CLOSED
        turn_phases()
        drink.refresh_from_db()
        assert drink.final_at is None
        drain_all()
        turn_phases()
        drink.refresh_from_db()
        assert drink.final_at is not None

    def test_is_not_undone_by_a_late_republish(self, make_election, cast):
        drink = make_election()
        before = Definition.of(drink)
        close_election(drink)
        offer([before], ballot_box.read_epoch())
        assert ballot_box.read_definition("drink")[0].sealed
        assert cast(drink, "eva", "nesquik").verdict is Verdict.CLOSED

    def test_is_not_undone_by_an_emptied_redis(self, make_election, cast, redis):
        drink = make_election()
        close_election(drink)
        redis.flushall()
        keep_box()
        assert cast(drink, "eva", "nesquik").verdict is Verdict.CLOSED

    def test_says_not_closed_when_redis_is_away(self, make_election, request):
        drink = make_election()
        request.getfixturevalue("unreachable_redis")
        with pytest.raises(NotClosed, match="cannot be reached"):
            close_election(drink)
        drink.refresh_from_db()
        assert drink.sealed_at is None

    def test_refuses_an_election_that_has_not_opened(self, make_election):
        drink = make_election(opens_at=timezone.now() + dt.timedelta(hours=1))
        with pytest.raises(NotClosed, match="not opened yet"):
            close_election(drink)


class TestTurnPhases:
    def test_seals_a_window_that_has_run_out(self, make_election, cast):
        drink = make_election(closes_at=timezone.now() + dt.timedelta(hours=1))
        assert cast(drink, "ana", "nesquik").verdict is Verdict.ACCEPTED
        drink.closes_at = timezone.now()
        drink.save()
        publish_election(drink)
        while ballot_box.read_definitions()[1] < Definition.of(drink).closes_at:
            pass
        turn_phases()
        drink.refresh_from_db()
        assert drink.sealed_at is not None
        assert drink.phase(timezone.now()) == "closed"

    def test_makes_nothing_final_while_the_box_is_emptied(self, make_election, cast, redis):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        close_election(drink)
        redis.flushall()
        with pytest.raises(Unavailable):
            turn_phases()
        drink.refresh_from_db()
        assert drink.final_at is None

    @pytest.mark.expects_logged_exceptions
    def test_does_not_let_one_election_keep_the_others_waiting(self, make_election, caplog):
        broken, drink = make_election("broken"), make_election("drink")
        # Deleted directly in the database: nothing says any more what its voters see.
        broken.designs.all().delete()
        turn_phases()
        drink.refresh_from_db()
        assert drink.opened_at is not None
        assert "broken: its phase cannot be turned" in caplog.text

    def test_raises_the_revision_when_an_election_opens(self, make_election):
        opens_at = timezone.now() + dt.timedelta(hours=1)
        drink = make_election(opens_at=opens_at)
        turn_phases()
        drink.refresh_from_db()
        assert (drink.opened_at, drink.revision) == (None, 1)
        turn_phases(now=opens_at)
        drink.refresh_from_db()
        assert (drink.opened_at, drink.revision) == (opens_at, 2)


class TestAnnouncements:
    """Results pages hear of each step in an election's life, and not before they can read it."""

    def test_come_after_the_commit_of_each_step(self, make_election, monkeypatch):
        heard = []

        def hear(election: int) -> None:
            assert not connection.in_atomic_block
            heard.append(election)

        monkeypatch.setattr(lifecycle, "announce", hear)
        opens_at = timezone.now() + dt.timedelta(milliseconds=200)
        drink = make_election(opens_at=opens_at)
        for step in (
            lambda: turn_phases(now=opens_at),
            lambda: close_election(drink, now=opens_at),
            lambda: turn_phases(),
            lambda: archive_election(Election.objects.get()),
        ):
            heard.clear()
            step()
            assert heard == [drink.pk]
        assert Election.objects.get().archived_at


class TestArchiveElection:
    def test_takes_a_final_election_off_the_lists(self, make_election):
        drink = make_election()
        assert not archive_election(drink)
        close_election(drink)
        turn_phases()
        drink.refresh_from_db()
        assert archive_election(drink)
        assert ballot_box.read_definitions()[0] == []
        assert ballot_box.read_definition("drink")[0].archived
