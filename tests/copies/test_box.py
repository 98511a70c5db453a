"""A ballot box with a second copy: nothing is accepted, closed or counted that one server alone has."""

import shutil

import pytest
import redis

from polls import ballot_box
from polls.ballot_box import Unavailable, Verdict, forgetting, restoring
from polls.ballot_box.keys import key
from polls.definition import Definition
from polls.models import Election, Epoch
from polls.roll import box, lookup
from tally import healing, lifecycle
from tally.audit.accounts import check_accounts
from tally.audit.reconcile import reconcile_shard
from tally.drain import drain_all
from tally.healing import keep_box
from tally.models import CastRecord, Reconciliation, Tally
from tests.conftest import fresh_ballot_id, voter_of
from tests.masters import wait_until
from tests.polls.roll.people import define as define_with_secret
from tests.polls.roll.people import put_in_box
from tests.tally.test_drain import totals
from voting_site.rights.redis_users import OPERATOR

pytestmark = pytest.mark.copies


@pytest.fixture
def drink(servers, make_election):
    return make_election(votes_final=True)


def promote(servers, *, wipe=False):
    """Kill the primary, and let another one be promoted; the first one comes back, with `wipe` without its data."""
    before = servers.find_primary()
    servers.kill(before)
    servers.wait_for_another(before)
    if wipe:
        shutil.rmtree(servers.data(before) / "appendonlydir")
    servers.start(servers.program(before))
    wait_until(servers.is_whole)


def cast_again_until_known(cast, *arguments, **changes):
    """Cast as a voter does who reads 503, and sends the same form again."""
    found = []

    def try_once():
        try:
            found.append(cast(*arguments, **changes))
        except Unavailable:
            return False
        return True

    wait_until(try_once)
    return found[0]


def lose_the_box(*_):
    raise Unavailable("the ballot box cannot be reached")


class TestBallot:
    def test_is_accepted_with_one_replica(self, servers, drink, cast):
        with servers.standing_still(servers.replicas()[0]):
            assert cast(drink, "ana", "nesquik").verdict is Verdict.ACCEPTED

    def test_is_not_accepted_without_any(self, servers, drink, cast):
        ballot_id = fresh_ballot_id(Definition.of(drink), voter_of(Definition.of(drink), "ana"))
        with servers.standing_still(*servers.replicas()):
            with pytest.raises(Unavailable):
                cast(drink, "ana", "nesquik", ballot_id)
            # It is there, and writes nothing: what it found has to be confirmed all the same.
            with pytest.raises(Unavailable):
                cast(drink, "ana", "nesquik", ballot_id)
        assert cast_again_until_known(cast, drink, "ana", "nesquik", ballot_id).verdict is Verdict.REPEATED

    def test_is_refused_at_once_once_the_primary_knows_that_it_is_alone(self, servers, drink, cast):
        primary = servers.find_primary()
        with servers.standing_still(*servers.replicas()):
            wait_until(lambda: servers.ask(primary, "INFO", "replication")["min_slaves_good_slaves"] == 0)
            with pytest.raises(Unavailable) as raised:
                cast(drink, "ana", "nesquik")
            assert "NOREPLICAS" in str(raised.value.__cause__)
        assert cast_again_until_known(cast, drink, "ana", "nesquik").verdict is Verdict.ACCEPTED

    def test_is_said_to_be_accepted_by_no_page_while_one_server_has_it(self, servers, drink, cast):
        definition = Definition.of(drink)
        voter = voter_of(definition, "ana")
        with servers.standing_still(*servers.replicas()):
            with pytest.raises(Unavailable):
                cast(drink, "ana", "nesquik")
            with pytest.raises(Unavailable):
                ballot_box.read_mark(definition, voter)
            # Nobody else has to wait.
            assert ballot_box.read_mark(definition, voter_of(definition, "bea")) is None
        wait_until(servers.is_whole)
        assert ballot_box.read_mark(definition, voter).state == "accepted"

    def test_is_counted_only_once_a_replica_has_it(self, servers, drink, cast):
        with servers.standing_still(*servers.replicas()):
            with pytest.raises(Unavailable):
                cast(drink, "ana", "nesquik")
            with pytest.raises(Unavailable):
                drain_all()
            assert not CastRecord.objects.exists()
        wait_until(servers.is_whole)
        drain_all()
        assert totals(drink)["nesquik"] == 1


class TestQuestion:
    def test_never_reads_the_replies_to_another_one(self, servers):
        # As a server answers while it reads its data from the disk.
        loading = ("EVAL", "return redis.error_reply('LOADING its data')", 0)
        with pytest.raises(redis.BusyLoadingError):
            ballot_box.connection.ask(loading, ("ECHO", "mine"))
        assert ballot_box.connection.ask(("ECHO", "another")) == [b"another"]

    def test_is_confirmed_without_the_right_to_read_how_many_have_to(self, servers):
        """As with the users of the release before: it is as safe as it was there."""
        primary = servers.find_primary()
        assert servers.ask(primary, "ACL", "SETUSER", OPERATOR, "-hget")
        try:
            assert ballot_box.connection.ask(("SET", "urna:a", 1), ("GET", "urna:a"), confirmed=True) == [b"OK", b"1"]
        finally:
            assert servers.ask(primary, "ACL", "SETUSER", OPERATOR, "+hget")

    def test_never_reads_a_reply_that_came_too_late(self, servers):
        client = ballot_box.connection.client()
        client.ping()
        with servers.standing_still(servers.find_primary()), pytest.raises(redis.TimeoutError):
            client.echo("mine")
        assert client.echo("another") == b"another"


class TestClosing:
    def test_is_not_said_while_one_server_knows_of_it(self, servers, drink):
        with servers.standing_still(*servers.replicas()), pytest.raises(lifecycle.NotClosed):
            lifecycle.close_election(drink)
        wait_until(servers.is_whole)
        keep_box()
        assert Election.objects.get().state == "closed"

    def test_is_not_final_by_the_word_of_one_server(self, servers, drink, cast):
        lifecycle.close_election(drink)
        with servers.standing_still(*servers.replicas()), pytest.raises(Unavailable):
            lifecycle.turn_phases()
        assert Election.objects.get().state == "closed"
        wait_until(servers.is_whole)
        lifecycle.turn_phases()
        assert Election.objects.get().state == "final"


class TestForgetting:
    def test_takes_voters_out_of_the_files_of_all_servers(self, servers, drink, cast):
        cast(drink, "ana", "nesquik")
        voter = voter_of(Definition.of(drink), "ana").key.encode()

        def files():
            return [
                b"".join(part.read_bytes() for part in (servers.data(place) / "appendonlydir").glob("*.aof"))
                for place in range(3)
            ]

        wait_until(lambda: all(voter in file for file in files()))
        forgetting.forget_voters(drink.pk, drink.shards)
        ballot_box.connection.client().delete(ballot_box.key(drink.pk, 0, "ballots"))
        forgetting.rewrite_file()
        assert not any(voter in file for file in files())


class TestPromotion:
    @pytest.mark.parametrize("wipe", [False, True])
    def test_keeps_what_was_accepted_and_begins_an_epoch(self, servers, drink, cast, wipe, caplog):
        cast(drink, "ana", "nesquik")
        drain_all()
        cast(drink, "bea", "cola-cao")
        epoch = ballot_box.read_epoch()
        promote(servers, wipe=wipe)
        for name in ("ana", "bea"):
            assert cast_again_until_known(cast, drink, name, "nesquik").verdict is Verdict.ALREADY_VOTED
        keep_box()
        assert ballot_box.read_epoch() not in (epoch, None)
        assert cast(drink, "cid", "nesquik").serial == 1
        drain_all()
        assert totals(drink) == {"nesquik": 2, "cola-cao": 1}
        assert "ALARM" not in caplog.text
        keep_box()
        assert Epoch.objects.count() == 2

    def test_leads_a_client_away_from_a_server_that_only_stood_still(self, servers, drink, cast):
        cast(drink, "ana", "nesquik")
        before = servers.find_primary()
        with servers.standing_still(before):
            servers.wait_for_another(before)
        assert cast_again_until_known(cast, drink, "bea", "nesquik").serial == 2
        assert servers.ask(servers.find_primary(), "XLEN", ballot_box.key(drink.pk, 0, "ballots")) == 2

    def test_of_a_server_that_lacks_what_was_counted_is_told(self, servers, drink, cast, caplog):
        cast(drink, "ana", "nesquik")
        drain_all()
        # As if the promoted one had not been the one that had confirmed.
        ballot_box.connection.client().hset(ballot_box.key(drink.pk, 0, "rules"), "serial", 0)
        restoring.note_primary("another")
        keep_box()
        assert "ALARM the ballot box had lost data" in caplog.text

    def test_of_another_server_is_no_loss_by_the_word_of_one_that_is_alone(self, servers, drink, cast):
        """As a primary that was cut off tells, when the next one has got ballots that are counted already."""
        cast(drink, "ana", "nesquik")
        drain_all()
        epoch = ballot_box.read_epoch()
        Tally.objects.update(last_serial=2)
        with servers.standing_still(*servers.replicas()), pytest.raises(Unavailable):
            healing._has_lost_data(epoch)
        wait_until(servers.is_whole)
        assert healing._has_lost_data(epoch)

    def test_is_no_loss_after_healing_that_was_interrupted(self, servers, drink, cast, caplog, monkeypatch):
        cast(drink, "ana", "nesquik")
        drain_all()
        promote(servers)
        with monkeypatch.context() as patch:
            patch.setattr(restoring, "finish", lose_the_box)
            with pytest.raises(Unavailable):
                keep_box()
        assert ballot_box.read_rules([(drink.pk, 0)], "serial") == [[b"0"]]
        keep_box()
        assert "ALARM" not in caplog.text
        assert ballot_box.read_rules([(drink.pk, 0)], "epoch") == [[ballot_box.read_epoch().encode()]]
        assert restoring.find_primary()[0] == restoring.find_primary()[1]

    def test_is_followed_by_a_connection_that_stays_open(self, servers, drink, cast):
        cast(drink, "ana", "nesquik")
        before = servers.find_primary()
        other = servers.replicas()[0]
        # Without a fail-over: nobody closes the connections of the one that is demoted.
        client = servers.client(before)
        client.execute_command("REPLICAOF", servers.hosts[other], servers.ports[other])
        with pytest.raises(Unavailable):
            cast(drink, "bea", "nesquik")
        client.execute_command("REPLICAOF", "NO", "ONE")
        client.close()
        assert cast_again_until_known(cast, drink, "bea", "nesquik").verdict is Verdict.ACCEPTED


class TestAccount:
    def test_tells_of_no_serial_that_one_server_alone_has_given(self, servers, drink, cast):
        """Such a serial may be lost with that server, and then the account says that the box has older data."""
        cast(drink, "ana", "nesquik")
        drain_all()
        check_accounts()
        with servers.standing_still(*servers.replicas()):
            with pytest.raises(Unavailable):
                cast(drink, "bea", "cola-cao")
            with pytest.raises(Unavailable):
                check_accounts()
            with pytest.raises(Unavailable):
                reconcile_shard(drink, 0)
        assert Reconciliation.objects.get(election=drink, shard=0).given == 1


class TestRoll:
    def test_is_said_to_be_there_only_once_a_replica_has_it(self, servers, drink):
        [rules] = [key(drink.pk, shard, "rules") for shard in range(drink.shards)]
        with servers.standing_still(*servers.replicas()):
            ballot_box.connection.ask(("HSET", rules, "roll_revision", 7))
            with pytest.raises(Unavailable):
                box.has_revision(drink.pk, drink.shards, 7)
        wait_until(servers.is_whole)
        assert box.has_revision(drink.pk, drink.shards, 7)
        assert not box.has_revision(drink.pk, drink.shards, 8)

    def test_gives_a_voter_only_what_replicas_confirm_and_denies_nobody_without_them(self, servers, drink):
        """A primary that was cut off and replaced takes void codes for good, and knows no new ones."""
        definition = define_with_secret(drink)
        code = put_in_box(definition, 7)
        voter = lookup.find_voter(definition, code)
        assert voter
        unknown = voter._replace(issue=voter.issue + 1)
        assert lookup.read_entry(definition, unknown) is None
        with servers.standing_still(*servers.replicas()):
            with pytest.raises(Unavailable):
                lookup.find_voter(definition, code)
            assert lookup.read_entry(definition, voter)
            with pytest.raises(Unavailable):
                lookup.read_entry(definition, unknown)
