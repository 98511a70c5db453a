"""Recount and reconcile: both have to notice what somebody changed by hand."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from polls import ballot_box
from tally.audit.reconcile import reconcile
from tally.audit.recount import recount, repair, standing_still
from tally.drain import drain_all
from tally.models import CastRecord, Count, CountedBallot, RejectedBallot, Tally
from tests.conftest import beside


def run(command: str, *args: str) -> str:
    """Run a command; return what it printed, with the text of the error that made it exit 1."""
    out = io.StringIO()
    try:
        call_command(command, *args, stdout=out, stderr=io.StringIO())
    except CommandError as error:
        return f"{out.getvalue()}EXIT {error}"
    return out.getvalue()


@pytest.fixture
def counted(make_election, cast) -> Any:
    """An election in which ana has changed her vote, and everything is counted."""
    drink = make_election()
    for voter, marking in (("ana", "nesquik"), ("eva", "cola-cao"), ("ana", "cola-cao"), ("leo", "nesquik")):
        cast(drink, voter, marking)
    drain_all()
    return drink


class TestRecount:
    def test_finds_no_difference_in_a_sound_count(self, counted):
        assert run("recount") == "drink: 3 ballots, no difference\n"

    @pytest.mark.parametrize(
        ("damage", "said"),
        [
            (lambda: Count.objects.filter(key="q1:nesquik").update(n=7), "nesquik: 7 kept, 1 by the cast records"),
            (lambda: Count.objects.filter(key="q1:nesquik").delete(), "nesquik: 0 kept, 1 by"),
            (lambda: Tally.objects.update(ballots=9), "ballots: 9 kept, 3 by"),
            (lambda: CountedBallot.objects.all()[:1].get().delete(), "None counts, by the cast records"),
            (lambda: CountedBallot.objects.update(marking="nesquik"), "counts, by the cast records"),
        ],
    )
    def test_reports_a_difference_and_repairs_it(self, counted, damage, said):
        damage()
        report = run("recount")
        assert said in report
        assert "EXIT 1 of 1 elections differ" in report
        version = Tally.objects.get().version
        assert "repaired: 1 of 1" in run("recount", "--repair")
        assert "no difference" in run("recount")
        # Results pages draw a version only if it is not lower.
        assert Tally.objects.get().version == version + 1

    def test_looks_at_one_moment_while_counting_goes_on(self, counted, cast):
        def count_one_more(said: str) -> None:
            if "comparing" in said:
                cast(counted, "mia", "nesquik")
                beside(drain_all).result()

        with standing_still():
            assert recount(counted, count_one_more).differences == []
        assert Tally.objects.get().ballots == 4

    def test_lets_counting_wait_while_it_repairs(self, counted, cast):
        Count.objects.filter(key="q1:nesquik").update(n=7)

        def count_one_more(said: str) -> None:
            if "comparing" in said:
                cast(counted, "mia", "nesquik")
                beside(drain_all).result()
                assert ballot_box.count_waiting([(counted.pk, 1)]) == {counted.pk: 1}

        repair(counted, count_one_more)
        drain_all()
        assert run("recount") == "drink: 4 ballots, no difference\n"

    def test_does_not_repair_away_a_ballot_of_which_the_record_is_missing(self, counted):
        CastRecord.objects.order_by("-id")[:1].get().delete()
        assert "by the cast records None" in run("recount")
        assert "EXIT drink: 1 counted ballots have no cast record" in run("recount", "--repair")
        assert CountedBallot.objects.count() == 3

    def test_keeps_the_first_record_where_votes_are_final(self, make_election, cast, redis):
        drink = make_election(votes_final=True)
        cast(drink, "ana", "nesquik")
        redis.delete(ballot_box.key(drink.pk, 0, "voters"))
        cast(drink, "ana", "cola-cao")
        drain_all()
        assert run("recount") == "drink: 1 ballots, no difference\n"

    def test_names_an_unknown_election(self, counted):
        assert "no published election tea" in run("recount", "tea")


class TestReconcile:
    def test_balances_with_each_kind_of_ballot(self, counted, cast, redis):
        # The box accepts eva's very ballot again, which is a duplicate, and nonsense, which is set aside.
        stream = ballot_box.key(counted.pk, 0, "ballots")
        record = CastRecord.objects.get(serial=2)
        rules = ballot_box.key(counted.pk, 0, "rules")
        entry = {"v": 1, "epoch": record.epoch, "at": 1795339000123, "voter": record.voter_key}
        for marking, ballot_id in (("cola-cao", record.ballot_id), ("tea", "0199f2a0-0000-7000-8000-000000000001")):
            serial = redis.hincrby(rules, "serial", 1)
            redis.xadd(stream, entry | {"serial": serial, "ballot": str(ballot_id), "marking": marking})
        drain_all()
        cast(counted, "waits", "nesquik")
        [account] = reconcile(counted)
        assert account.problems == []
        assert account.accepted == 7
        assert account.ballots == {"waiting": 1, "counted": 3, "replaced": 1, "duplicate": 1, "set aside": 1}

    def test_balances_where_votes_are_final(self, make_election, cast, redis):
        drink = make_election(votes_final=True)
        cast(drink, "ana", "nesquik")
        redis.delete(ballot_box.key(drink.pk, 0, "voters"))
        cast(drink, "ana", "cola-cao")
        drain_all()
        [account] = reconcile(drink)
        assert (account.problems, account.ballots) == ([], {"counted": 1, "set aside": 1})

    def test_balances_in_each_epoch(self, counted, cast, redis):
        from tally.healing import keep_box

        redis.flushall()
        keep_box()
        cast(counted, "mia", "nesquik")
        accounts = list(reconcile(counted))
        assert [account.accepted for account in accounts] == [4, 1]
        assert all(account.balances for account in accounts)

    def test_balances_while_a_counted_entry_is_still_in_the_box(self, counted, redis):
        record = CastRecord.objects.get(serial=1)
        entry = {"v": 1, "epoch": record.epoch, "serial": 1, "at": 1, "voter": record.voter_key}
        entry |= {"ballot": str(record.ballot_id), "marking": record.marking}
        redis.xadd(ballot_box.key(counted.pk, 0, "ballots"), entry)
        [account] = reconcile(counted)
        assert account.balances

    @pytest.mark.parametrize(
        ("damage", "said"),
        [
            (lambda: CastRecord.objects.filter(serial=1).delete(), "ballot 1 is missing"),
            (lambda: CastRecord.objects.filter(serial=2).delete(), "ballot 2 is missing"),
            (lambda: CastRecord.objects.filter(serial=4).delete(), "ballot 4 is missing"),
            (lambda: CastRecord.objects.all().delete(), "ballot 1 is missing"),
            (lambda: CountedBallot.objects.all().delete(), "neither counts nor has a reason"),
            (lambda: CastRecord.objects.filter(serial=4).update(serial=3), "ballot 3 is there 2 times"),
            (lambda: CastRecord.objects.filter(serial=4).update(serial=9), "has given no such serial"),
        ],
    )
    def test_names_the_first_ballot_where_it_fails(self, counted, damage, said):
        damage()
        report = run("reconcile")
        assert said in report
        assert "EXIT 1 accounts do not balance" in report
        assert "accepted ≠" in report

    def test_notices_a_lost_entry_of_the_stream(self, counted, cast, redis):
        cast(counted, "mia", "nesquik")
        redis.delete(ballot_box.key(counted.pk, 0, "ballots"))
        assert "ballot 5 is missing" in run("reconcile")

    def test_notices_a_rejected_ballot_that_was_removed(self, counted, redis):
        RejectedBallot.objects.all().delete()
        redis.hincrby(ballot_box.key(counted.pk, 0, "rules"), "serial", 1)
        assert "5 accepted ≠" in run("reconcile")

    def test_says_so_when_the_box_is_away(self, counted, unreachable_redis):
        assert "EXIT Nothing could be checked" in run("reconcile")
