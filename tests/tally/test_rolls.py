"""The roll in the ballot box: written, kept up to date, and written anew where the box has lost it."""

import pytest

from office.mail.sending import SENDING_LOCK
from polls import ballot_box
from polls.ballot_box import Unavailable, Verdict
from polls.models import Roll, RollEntry
from polls.publishing import publish_election
from polls.roll import box
from polls.voters import shard_of
from tally import healing
from tally.audit.accounts import BALANCE_LOCK
from tally.certification import CERTIFYING_LOCK
from tally.drain import drain_all
from tally.healing import HEALING_LOCK
from tally.rolls import ROLL_LOCK, bring_roll
from tally.turnout import TURNOUT_LOCK
from tests.polls.roll.people import change, define, enrol, vote, voter_of


def entry_of(name: str) -> RollEntry:
    return RollEntry.objects.get(name=name)


@pytest.fixture
def drink(make_election):
    """An election with ana and eva on its roll."""
    election = make_election(eligibility="roll")
    enrol(election, ["ana", "eva"])
    bring_roll(election)
    return election


def lines(redis, election, part="roll"):
    return redis.hgetall(ballot_box.key(election.pk, 0, part))


def test_the_lock_of_rolls_is_that_of_nothing_else():
    """Shards have their election's number first, from 1 on; with 0 the roll of election 1 waited for the balancing."""
    others = {HEALING_LOCK[0], BALANCE_LOCK[0], CERTIFYING_LOCK[0], SENDING_LOCK[0], TURNOUT_LOCK}
    assert ROLL_LOCK < 0
    assert ROLL_LOCK not in others


class TestRoll:
    def test_stands_in_redis_under_voter_keys_and_hashes_of_codes(self, drink, redis):
        entry = entry_of("ana")
        change(entry, weight=3, groups=["Board", "Students"])
        bring_roll(drink)
        assert lines(redis, drink)[voter_of(drink, "ana").key.encode()] == b"1 3 Board|Students"
        assert lines(redis, drink, "codes")[entry.code_hash.encode()] == f"{entry.number} 1".encode()

    def test_lets_those_vote_who_are_on_it_and_nobody_else(self, drink, cast):
        assert vote(drink, "ana").verdict is Verdict.ACCEPTED
        assert cast(drink, "somebody", "nesquik").verdict is Verdict.NOT_ELIGIBLE

    def test_is_not_known_before_it_is_written_which_is_no_refusal(self, make_election):
        election = make_election(eligibility="roll")
        enrol(election, ["ana"])
        ballot_box.connection.client().hdel(ballot_box.key(election.pk, 0, "rules"), "roll_revision")
        with pytest.raises(Unavailable, match="no roll"):
            vote(election, "ana")

    def test_that_changes_touches_its_own_lines_alone(self, drink, redis):
        enrol(drink, [f"v{number}" for number in range(50)])
        bring_roll(drink)
        change(entry_of("eva"), weight=2)
        redis.config_resetstat()
        bring_roll(drink)
        # The line, the code, and the rules: writer, size and revision.
        assert redis.info("commandstats")["cmdstat_hset"]["calls"] == 5
        assert lines(redis, drink)[voter_of(drink, "eva").key.encode()] == b"1 2 "

    def test_asks_nothing_of_the_database_where_the_box_has_it(self, drink, django_assert_num_queries):
        with django_assert_num_queries(1):
            bring_roll(drink)

    def test_without_an_entry_any_more_takes_no_ballot_but_keeps_the_accepted_one(self, drink):
        reply = vote(drink, "ana")
        change(entry_of("ana"), struck_at="2026-11-28T12:00:00Z")
        bring_roll(drink)
        assert vote(drink, "ana").verdict is Verdict.NOT_ELIGIBLE
        assert vote(drink, "ana", ballot_id=reply.last).verdict is Verdict.REPEATED
        assert vote(drink, "eva").verdict is Verdict.ACCEPTED

    def test_with_another_code_for_somebody_has_the_same_voter(self, drink, redis):
        vote(drink, "ana")
        change(entry_of("ana"), code_hash="n" * 22, issue=2)
        bring_roll(drink)
        assert vote(drink, "ana").verdict is Verdict.NOT_ELIGIBLE
        assert vote(drink, "ana", issue=2).verdict is Verdict.ACCEPTED
        assert redis.hlen(ballot_box.key(drink.pk, 0, "voters")) == 1

    def test_is_in_the_shards_of_its_voters_and_of_its_codes(self, make_election, redis, settings):
        settings.BALLOT_BOX_SHARDS = 3
        election = make_election(eligibility="roll")
        enrol(election, [f"v{number}" for number in range(30)])
        healing.keep_box()
        for part in ("roll", "codes"):
            found = {shard: redis.hkeys(ballot_box.key(election.pk, shard, part)) for shard in range(election.shards)}
            assert sum(map(len, found.values())) == 30
            assert all(shard_of(one.decode(), 3) == shard for shard, keys in found.items() for one in keys)
        assert all(vote(election, f"v{number}").verdict is Verdict.ACCEPTED for number in range(30))

    def test_limits_nobody_as_a_newcomer(self, drink, settings):
        settings.NEWCOMER_BURST = 1
        assert [vote(drink, name, network="hall").verdict for name in ("ana", "eva")] == [Verdict.ACCEPTED] * 2

    def test_gives_ballots_a_weight(self, drink, redis):
        change(entry_of("ana"), weight=250)
        bring_roll(drink)
        vote(drink, "ana")
        [(_id, fields)] = redis.xrange(ballot_box.key(drink.pk, 0, "ballots"))
        assert (fields[b"v"], fields[b"weight"], fields[b"design"]) == (b"3", b"250", define(drink).design.encode())

    def test_refuses_a_ballot_that_was_checked_for_other_groups_only_where_groups_matter(self, drink, make_election):
        change(entry_of("ana"), groups=["Board"])
        bring_roll(drink)
        assert vote(drink, "ana", groups="").verdict is Verdict.ACCEPTED
        tea = make_election("tea", eligibility="roll")
        tea.contests.update(groups=["Board"])
        tea = make_again(tea)
        enrol(tea, ["bea"], groups=["Board", "Old"])
        bring_roll(tea)
        assert vote(tea, "bea", groups="Board").verdict is Verdict.OTHER_GROUPS
        assert vote(tea, "bea", groups="Board|Old").verdict is Verdict.ACCEPTED

    def test_is_closed_to_a_process_that_knows_no_rolls(self, drink, redis):
        """A script of the last release compares the design alone."""
        design = redis.hget(ballot_box.key(drink.pk, 0, "rules"), "design").decode()
        assert design == f"roll:{define(drink).design}"


def make_again(election):
    """Publish an election with what was changed past its forms, as if it opened only now."""
    client = ballot_box.connection.client()
    client.hset(ballot_box.key(election.pk, 0, "rules"), "opens", 2**52)
    publish_election(election)
    election.refresh_from_db()
    client.hset(ballot_box.key(election.pk, 0, "rules"), "opens", 0)
    return election


class TestWriters:
    def test_that_are_late_change_nothing(self, drink, monkeypatch):
        """One that stood still for a while must not put back an entry that was struck meanwhile."""
        enrol(drink, ["bea"])
        definition, roll = define(drink), Roll.objects.get()
        begun = box._call

        def stand_still(definition, shard, mode, *arguments):
            if mode == "write":
                monkeypatch.setattr(box, "_call", begun)
                change(entry_of("bea"), struck_at="2026-11-28T12:00:00Z")
                bring_roll(drink)
            return begun(definition, shard, mode, *arguments)

        monkeypatch.setattr(box, "_call", stand_still)
        assert not box.fill(definition, roll)
        assert vote(drink, "bea").verdict is Verdict.NOT_ELIGIBLE

    def test_that_die_half_way_are_followed_by_one_that_begins_anew(self, drink, redis, monkeypatch):
        monkeypatch.setattr(box, "CHUNK", 1)
        redis.hdel(ballot_box.key(drink.pk, 0, "rules"), "roll_revision")
        begun, calls = box._call, []

        def die(definition, shard, mode, *arguments):
            calls.append(mode)
            if calls.count("write") == 2:
                raise Unavailable("gone")
            return begun(definition, shard, mode, *arguments)

        monkeypatch.setattr(box, "_call", die)
        with pytest.raises(Unavailable):
            bring_roll(drink)
        monkeypatch.setattr(box, "_call", begun)
        with pytest.raises(Unavailable, match="no roll"):
            vote(drink, "ana")
        bring_roll(drink)
        assert vote(drink, "ana").verdict is Verdict.ACCEPTED


class TestHealing:
    def test_lets_the_same_people_vote_and_nobody_twice(self, make_election, redis):
        election = make_election(eligibility="roll", votes_final=True)
        enrol(election, ["ana", "eva"])
        bring_roll(election)
        vote(election, "ana")
        drain_all()
        redis.flushall()
        healing.keep_box()
        assert lines(redis, election).keys() == {voter_of(election, name).key.encode() for name in ("ana", "eva")}
        assert vote(election, "eva").verdict is Verdict.ACCEPTED
        assert vote(election, "ana").verdict is Verdict.ALREADY_VOTED

    @pytest.mark.parametrize("part", ["roll", "codes"])
    def test_writes_anew_what_somebody_has_removed(self, drink, redis, part):
        redis.delete(ballot_box.key(drink.pk, 0, part))
        healing.keep_box()
        assert len(lines(redis, drink, part)) == 2

    def test_writes_anew_what_is_newer_than_the_database(self, drink, redis):
        enrol(drink, ["bea"])
        bring_roll(drink)
        entry_of("bea").delete()
        Roll.objects.update(revision=1)
        healing.keep_box()
        assert len(lines(redis, drink)) == 2

    def test_comes_before_the_epoch(self, drink, redis, monkeypatch):
        redis.flushall()
        monkeypatch.setattr(healing.restoring, "finish", lambda epoch: None)
        healing.keep_box()
        assert ballot_box.read_epoch() is None
        assert len(lines(redis, drink)) == 2
