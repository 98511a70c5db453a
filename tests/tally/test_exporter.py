"""What Prometheus is told of the box, the count and the accounts."""

import datetime as dt
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models import F
from prometheus_client import REGISTRY, CollectorRegistry

from polls import ballot_box
from tally import exporter
from tally.audit.accounts import acknowledge, balance, check_accounts
from tally.drain import drain_all
from tally.exporter import Facts
from tally.models import CastRecord, Reconciliation, Tally


@pytest.fixture
def registry() -> CollectorRegistry:
    found = CollectorRegistry()
    found.register(Facts())
    return found


def counted(name: str, **labels: str) -> float:
    """Return the value of a counter of this process."""
    return REGISTRY.get_sample_value(name, labels) or 0


class TestFacts:
    def test_tell_of_what_waits_in_all_shards(self, registry, make_election, cast, settings):
        settings.BALLOT_BOX_SHARDS = 4
        drink = make_election()
        for number in range(9):
            cast(drink, f"v{number}", "nesquik")
        label = {"election": "drink"}
        assert registry.get_sample_value("urna_box_ballots", label) == 9
        assert 0 <= registry.get_sample_value("urna_box_oldest_ballot_age_seconds", label) < 60
        drain_all()
        assert registry.get_sample_value("urna_box_ballots", label) == 0
        assert registry.get_sample_value("urna_box_oldest_ballot_age_seconds", label) == 0
        assert registry.get_sample_value("urna_last_good_count_age_seconds") < 60

    def test_tell_of_the_version_and_the_memory(self, registry, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        version = drink.revision + Tally.objects.get().version
        assert registry.get_sample_value("urna_election_version", {"election": "drink"}) == version
        assert registry.get_sample_value("urna_box_memory_bytes") > 100_000
        assert registry.get_sample_value("urna_box_memory_limit_bytes") >= 0

    def test_tell_a_new_problem_from_one_that_is_known(self, registry, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        check_accounts()
        names = ("urna_account_problems", "urna_account_problems_acknowledged")
        assert [registry.get_sample_value(name, {"election": "drink"}) for name in names] == [0, 0]
        CastRecord.objects.all().delete()
        balance(drink, 0)
        assert [registry.get_sample_value(name, {"election": "drink"}) for name in names] == [1, 0]
        row = Reconciliation.objects.get()
        acknowledge(row, problems=row.problems, who="eva")
        assert [registry.get_sample_value(name, {"election": "drink"}) for name in names] == [0, 1]

    def test_tell_how_old_the_last_check_is(self, registry, make_election):
        make_election()
        check_accounts()
        Reconciliation.objects.update(checked_at=F("checked_at") - dt.timedelta(seconds=40))
        age = registry.get_sample_value("urna_account_check_age_seconds", {"election": "drink"})
        assert 40 <= age < 100

    def test_go_on_without_redis(self, registry, make_election, unreachable_redis):
        assert registry.get_sample_value("urna_box_reachable") == 0
        assert registry.get_sample_value("urna_database_reachable") == 1

    def test_go_on_without_the_database(self, registry, make_election, cast, monkeypatch):
        cast(make_election(), "ana", "nesquik")

        def fail() -> Any:
            raise OperationalError("away")

        monkeypatch.setattr(exporter, "_database", fail)
        assert registry.get_sample_value("urna_database_reachable") == 0
        assert registry.get_sample_value("urna_box_ballots", {"election": "drink"}) == 1

    def test_do_not_take_an_emptied_box_for_an_empty_one(self, registry, make_election, redis):
        make_election()
        redis.flushall()
        assert registry.get_sample_value("urna_box_reachable") == 0
        assert registry.get_sample_value("urna_box_ballots", {"election": "drink"}) is None


class TestRounds:
    def test_count_each_ballot_once_by_what_becomes_of_it(self, make_election, cast, redis):
        drink = make_election()
        names = ("urna_ballots_counted_total", "urna_ballots_replaced_total", "urna_round_ballots_sum")
        before = [counted(name) for name in names]
        invalid = counted("urna_ballots_set_aside_total", reason="unreadable")
        for voter, marking in (("ana", "nesquik"), ("eva", "cola-cao"), ("ana", "cola-cao")):
            cast(drink, voter, marking)
        redis.xadd(ballot_box.key(drink.pk, 0, "ballots"), {"v": "1"})
        drain_all()
        cast(drink, "eva", "nesquik")
        drain_all()
        assert [counted(name) - n for name, n in zip(names, before, strict=True)] == [4, 2, 5]
        assert counted("urna_ballots_set_aside_total", reason="unreadable") == invalid + 1

    def test_do_not_count_what_came_after_a_final_vote(self, make_election, cast, redis):
        drink = make_election(votes_final=True)
        cast(drink, "ana", "nesquik")
        drain_all()
        names = ("urna_ballots_counted_total", "urna_ballots_replaced_total")
        before = [counted(name) for name in names]
        set_aside = counted("urna_ballots_set_aside_total", reason="already-counted")
        # Only a box that lost its memory accepts a second one.
        redis.delete(ballot_box.key(drink.pk, 0, "voters"))
        cast(drink, "ana", "cola-cao")
        drain_all()
        assert [counted(name) for name in names] == before
        assert counted("urna_ballots_set_aside_total", reason="already-counted") == set_aside + 1

    @pytest.mark.expects_logged_exceptions
    def test_that_cannot_be_measured_are_settled_all_the_same(self, make_election, cast, monkeypatch):
        drink = make_election()
        cast(drink, "ana", "nesquik")

        def fail(*args: Any) -> None:
            raise OSError("No space left on device")

        monkeypatch.setattr("tally.metrics.count_round", fail)
        drain_all()
        assert ballot_box.count_waiting([(drink.pk, 1)]) == {drink.pk: 0}

    def test_count_serials_that_are_missing(self, make_election, cast, redis):
        drink = make_election()
        for voter in ("ana", "eva", "leo", "mia"):
            cast(drink, voter, "nesquik")
        stream = ballot_box.key(drink.pk, 0, "ballots")
        redis.xdel(stream, *(entry for entry, _ in redis.xrange(stream)[1:3]))
        before = counted("urna_serials_missing_total")
        drain_all()
        assert counted("urna_serials_missing_total") == before + 2

    def test_count_nothing_that_is_rolled_back(self, make_election, cast, monkeypatch):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        before = counted("urna_ballots_counted_total")

        def fail(*args: Any) -> None:
            raise OperationalError("away")

        with monkeypatch.context() as patch:
            patch.setattr("tally.drain.settlements", fail)
            with pytest.raises(OperationalError):
                drain_all()
        assert counted("urna_ballots_counted_total") == before
        drain_all()
        assert counted("urna_ballots_counted_total") == before + 1
