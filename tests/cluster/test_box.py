"""A ballot box on three masters: what is lost with one of them, and what two of them never decide differently."""

from dataclasses import replace

import pytest
from django.utils import timezone

from polls import ballot_box
from polls.ballot_box import Outcome, Unavailable, Verdict, agreeing, cluster, key
from polls.ballot_box.keys import AGREED
from polls.definition import Definition
from polls.delivery import with_secrets
from polls.models import Election, Epoch
from polls.publishing import publish_election
from tally import clocks, healing, lifecycle
from tally.drain import drain_all
from tally.healing import keep_box
from tests.conftest import design_of, voter_of
from tests.tally.test_drain import totals

pytestmark = pytest.mark.cluster

SHARDS = 6
# Enough voters for each shard to have some.
VOTERS = [f"v{number}" for number in range(60)]


@pytest.fixture
def drink(settings, make_election):
    settings.BALLOT_BOX_SHARDS = SHARDS
    return make_election()


def server_of(name):
    """Return a client of the master that has a key."""
    client = ballot_box.connection.client()
    return client.get_redis_connection(client.nodes_manager.get_node_from_slot(cluster.slot_of(name)))


def rules(election, *names):
    return ballot_box.read_rules([(election.pk, shard) for shard in range(SHARDS)], *names)


def voters_by_server(election):
    """Return the voters by the address of the master that takes their ballots."""
    found = {}
    for name in VOTERS:
        server = server_of(key(election.pk, voter_of(Definition.of(election), name).shard, "rules"))
        found.setdefault(server.connection_pool.connection_kwargs["port"], []).append(name)
    return found


class TestShards:
    def test_lie_on_all_masters_and_are_counted(self, drink, cast):
        assert len(voters_by_server(drink)) == 3
        for name in VOTERS:
            assert cast(drink, name, "nesquik").verdict is Verdict.ACCEPTED
        assert ballot_box.count_waiting([(drink.pk, SHARDS)]) == {drink.pk: len(VOTERS)}
        drain_all()
        assert totals(drink)["nesquik"] == len(VOTERS)
        assert ballot_box.count_waiting([(drink.pk, SHARDS)]) == {drink.pk: 0}

    def test_are_closed_and_final(self, drink, cast):
        cast(drink, "ana", "nesquik")
        assert lifecycle.close_election(drink).waiting == 1
        assert cast(drink, "bea", "nesquik").verdict is Verdict.CLOSED
        drain_all()
        lifecycle.turn_phases()
        assert Election.objects.get().state == "final"


class TestLostMaster:
    def test_takes_no_ballot_until_all_marks_are_back(self, settings, make_election, cast):
        settings.BALLOT_BOX_SHARDS = SHARDS
        drink = make_election(votes_final=True)
        by_server = voters_by_server(drink)
        for name in VOTERS:
            cast(drink, name, "nesquik")
        drain_all()
        lost = next(port for port in by_server if port != port_of_box())
        epoch = ballot_box.read_epoch()
        server_on(lost).flushall()
        with pytest.raises(Unavailable):
            cast(drink, by_server[lost][0], "cola-cao")
        for port, names in by_server.items():
            if port != lost:
                assert cast(drink, names[0], "cola-cao").verdict is Verdict.ALREADY_VOTED
        keep_box()
        assert ballot_box.read_epoch() != epoch
        for name in VOTERS:
            assert cast(drink, name, "cola-cao").verdict is Verdict.ALREADY_VOTED
        assert cast(drink, "new", "cola-cao").serial == 1

    def test_is_noticed_before_anything_was_counted_there(self, drink, cast):
        epoch = ballot_box.read_epoch()
        server_of(key(drink.pk, 1, "rules")).delete(key(drink.pk, 1, "rules"))
        healing.deliver_election(drink.pk)
        # An offer alone must not begin it anew: marks may be missing.
        assert rules(drink, "epoch")[1] == [None]
        keep_box()
        assert ballot_box.read_epoch() != epoch
        assert {one[0].decode() for one in rules(drink, "epoch")} == {ballot_box.read_epoch()}

    def test_that_comes_back_in_an_earlier_epoch_is_noticed(self, drink):
        epoch = ballot_box.read_epoch()
        server_of(key(drink.pk, 2, "rules")).hset(key(drink.pk, 2, "rules"), mapping={"epoch": "e1", "serial": 1000})
        keep_box()
        assert ballot_box.read_epoch() != epoch
        assert rules(drink, "serial") == [[b"0"]] * SHARDS

    def test_with_the_keys_of_the_whole_box_stops_the_pages_until_they_are_back(self, drink, cast):
        server_of(ballot_box.EPOCH).flushall()
        with pytest.raises(Unavailable):
            ballot_box.read_definition("drink")
        keep_box()
        drink.refresh_from_db()
        assert ballot_box.read_definition("drink")[0].design == drink.in_force
        assert cast(drink, "ana", "nesquik").verdict is Verdict.ACCEPTED

    def test_costs_nothing_while_nothing_is_lost(self, drink):
        for _ in range(3):
            keep_box()
        assert Epoch.objects.count() == 1


class TestAgreeing:
    @pytest.fixture
    def edited(self, settings, make_election):
        """An election that opens later, and a new wording of it that no shard knows yet."""
        settings.BALLOT_BOX_SHARDS = SHARDS
        drink = make_election(opens_at=timezone.now() + timezone.timedelta(hours=1))
        before = Definition.of(drink)
        stored = Election.objects.get(pk=drink.pk)
        stored.title = "Which one?"
        stored.save()
        return stored, before

    def test_one_refusal_leaves_all_as_they_were(self, edited):
        election, before = edited
        # By the clock of one master the election has begun.
        server_of(key(election.pk, 3, "rules")).hset(key(election.pk, 3, "rules"), "opens", 1)
        known = rules(election, "revision", "design", "epoch", "held_epoch")
        reply = offer_edited(election)
        assert reply.outcome is Outcome.BEGUN
        assert reply.standing.title == before.title
        assert rules(election, "revision", "design", "epoch", "held_epoch") == known

    def test_holds_all_shards_until_all_have_agreed(self, edited, monkeypatch, cast):
        election, _before = edited

        def die(*_):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(agreeing, "_write_everywhere", die)
            # What it notes as agreed upon is written by whoever comes next.
            patch.setattr(agreeing, "orjson", None)
            with pytest.raises(AttributeError):
                offer_edited(election)
        assert {one[0] for one in rules(election, "epoch")} == {None}
        with pytest.raises(Unavailable):
            cast(election, "ana", "nesquik")
        assert not healing._has_lost_data(ballot_box.read_epoch())
        assert offer_edited(election).outcome is Outcome.TAKEN
        assert {one[0].decode() for one in rules(election, "epoch")} == {ballot_box.read_epoch()}

    @pytest.mark.parametrize("written", range(SHARDS))
    def test_whoever_comes_next_writes_what_was_agreed_upon(self, edited, monkeypatch, written):
        election, _before = edited
        original = agreeing.evaluate
        calls = []

        def die_between(name, keys, arguments):
            if arguments[0] == "restore":
                calls.append(keys)
                if len(calls) > written:
                    raise KeyboardInterrupt
            return original(name, keys, arguments)

        with monkeypatch.context() as patch:
            patch.setattr(agreeing, "evaluate", die_between)
            with pytest.raises(KeyboardInterrupt):
                offer_edited(election)
        # Meanwhile the opening has come: the rest would refuse.
        for shard in range(written, SHARDS):
            server_of(key(election.pk, shard, "rules")).hset(key(election.pk, shard, "rules"), "opens", 1)
        offer_edited(election)
        assert len({tuple(one) for one in rules(election, "revision", "design", "opens", "epoch")}) == 1
        assert {one[0].decode() for one in rules(election, "epoch")} == {ballot_box.read_epoch()}
        assert ballot_box.read_definition("drink")[0].title == "Which one?"
        assert ballot_box.connection.client().hlen(AGREED) == 0

    def test_goes_on_while_people_vote_on_what_is_no_edit(self, drink, cast):
        publish_election(drink)
        keep_box()
        assert cast(drink, "ana", "nesquik").verdict is Verdict.ACCEPTED
        assert rules(drink, "held_epoch") == [[None]] * SHARDS

    def test_an_address_that_was_changed_leads_nowhere(self, edited):
        election, _before = edited
        election.slug = "cup"
        election.save()
        assert offer_edited(election).outcome is Outcome.TAKEN
        assert ballot_box.read_definition("drink")[0] is None
        assert ballot_box.read_definition("cup")[0].election == election.pk


def offer_edited(election):
    """Offer the words and the address of an election as it is saved, as a publication does, in the next revision."""
    [definition] = with_secrets([Definition.offered(election)])
    edit = {"title": election.title, "slug": election.slug, "revision": definition.revision + 1}
    definition = replace(definition, **edit)
    definition = replace(definition, design=design_of(definition))
    [reply] = ballot_box.offer([definition], ballot_box.read_epoch(), in_force={election.pk})
    return reply


class TestSeal:
    def test_of_a_shard_waits_for_its_own_clock(self, drink):
        closes = ballot_box.read_clock() + 1500
        for shard in range(SHARDS):
            server_of(key(drink.pk, shard, "rules")).hset(key(drink.pk, shard, "rules"), "closes", closes)
        # By the clock of its master it is time.
        server_of(key(drink.pk, 0, "rules")).hset(key(drink.pk, 0, "rules"), "sealed", "1")
        assert not ballot_box.seal(drink.pk, SHARDS, only_if_due=True).sealed
        while ballot_box.read_clock() < closes:
            pass
        seal = ballot_box.seal(drink.pk, SHARDS, only_if_due=True)
        assert seal.sealed
        assert seal.closed_at == closes

    def test_of_all_shards_follows_one_that_an_organiser_has_closed(self, drink):
        server_of(key(drink.pk, 4, "rules")).hset(
            key(drink.pk, 4, "rules"), mapping={"sealed": "1", "closes": ballot_box.read_clock()}
        )
        keep_box()
        assert Election.objects.get().state == "closed"
        assert rules(drink, "sealed") == [[b"1"]] * SHARDS


class TestClocks:
    def test_of_masters_on_one_machine_agree(self, box):
        assert 0 <= clocks.read_skew() < clocks.MOST_S

    def test_that_differ_raise_one_alarm(self, box, monkeypatch, caplog):
        monkeypatch.setattr(clocks, "_is_alarming", False)
        with monkeypatch.context() as patch:
            patch.setattr(clocks, "MOST_S", -1)
            clocks.check_clocks()
            clocks.check_clocks()
        clocks.check_clocks()
        assert [record.levelname for record in caplog.records if "clocks" in record.message] == ["ERROR", "WARNING"]


def port_of_box():
    return server_of(ballot_box.EPOCH).connection_pool.connection_kwargs["port"]


def server_on(port):
    return next(
        server
        for server in ballot_box.connection.each_server()
        if server.connection_pool.connection_kwargs["port"] == port
    )
