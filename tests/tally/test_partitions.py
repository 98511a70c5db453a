"""Partitions of the tables of ballots: what one of its own has, what others notice, and what stays as it was."""

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import StringIO
from typing import Any

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction
from django.db.models.functions import Now

from polls.models import Election
from tally import partitions, store
from tally.audit.accounts import check_accounts
from tally.audit.reconcile import reconcile
from tally.audit.recount import recount, standing_still
from tally.certification import certify_all
from tally.drain import drain_all
from tally.healing import keep_box
from tally.models import CastRecord, Certification, CountedBallot, Reconciliation
from tally.partitions import NotPartitioned, drop_emptied, find_own, give_own, name_partition
from tests.tally.audit.test_accounts import alarms, statistics_are_in
from tests.tally.audit.test_recount import run
from tests.tally.test_certification import finish
from tests.tally.test_drain import totals
from voting_site.local.postgres import binary

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = "SELECT tableoid::regclass::text, count(*) FROM {} GROUP BY 1 ORDER BY 1"
PARTITIONS = """
    SELECT relname::text, pg_get_expr(relpartbound, oid), relrowsecurity
    FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = %s::regclass ORDER BY 1
"""
POLICIES = "SELECT policyname::text, cmd, qual, with_check FROM pg_policies WHERE tablename = %s ORDER BY 1"
NEXT = "SELECT last_value FROM tally_castrecord_id_seq"
VOTES = (("ana", "nesquik"), ("eva", "cola-cao"), ("ana", "cola-cao"), ("leo", "nesquik"))


@pytest.fixture(autouse=True)
def _undivided() -> Iterator[None]:
    yield
    for election in find_own():
        names = ", ".join(name_partition(table, election) for table in partitions.TABLES)
        store.run(f"DROP TABLE {names}", [])


@pytest.fixture
def drink(make_election: Any, cast: Any) -> Any:
    election = make_election()
    for voter, marking in VOTES:
        cast(election, voter, marking)
    drain_all()
    return election


def rows_of(table: str) -> int:
    [(number,)] = store.run(f"SELECT count(*) FROM {table}", [])
    return int(number)


def run_program(name: str, *words: str, given: str = "") -> str:
    """Run a program of PostgreSQL, and return what it writes."""
    return subprocess.run([binary(name), *words], input=given, capture_output=True, text=True, check=True).stdout


def ask(cursor: Any, statement: str, *values: str) -> list[Any]:
    cursor.execute(statement, values)
    return list(cursor.fetchall())


def manage(*words: str) -> str:
    said = StringIO()
    call_command("partitions", *words, stdout=said, stderr=StringIO())
    return said.getvalue()


def quiet(_: str) -> None:
    pass


@contextmanager
def beside(work: Any) -> Iterator[threading.Thread]:
    """Run `work` in a thread with a connection of its own during the block, and wait for its end after it."""

    def do() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=do)
    thread.start()
    try:
        yield thread
    finally:
        thread.join(60)
        assert not thread.is_alive()


class TestOwn:
    def test_has_the_ballots_of_its_election_and_no_others(self, drink, make_election, cast):
        other = make_election(slug="snack")
        cast(other, "ana", "nesquik")
        drain_all()
        ids = list(CastRecord.objects.filter(election=drink).order_by("pk").values_list("pk", "voter_key", "serial"))
        assert give_own(drink, quiet) == 4
        for table, own, shared in ((partitions.TABLES[0], 4, 1), (partitions.TABLES[1], 3, 1)):
            assert (rows_of(name_partition(table, drink.pk)), rows_of(name_partition(table))) == (own, shared)
        moved = CastRecord.objects.filter(election=drink).order_by("pk").values_list("pk", "voter_key", "serial")
        assert list(moved) == ids
        assert run("recount", "drink", "snack").count("no difference") == 2
        assert all(account.balances for account in reconcile(drink))

    def test_takes_what_is_counted_afterwards(self, drink, cast):
        give_own(drink, quiet)
        for voter, marking in (("mia", "nesquik"), ("eva", "nesquik")):
            cast(drink, voter, marking)
        drain_all()
        assert totals(drink) == {"nesquik": 3, "cola-cao": 1}
        assert (rows_of(name_partition("tally_castrecord", drink.pk)), rows_of("tally_castrecord_shared")) == (6, 0)
        assert max(CastRecord.objects.values_list("serial", "pk"))[0] == 6
        # The order of counting goes on in one sequence.
        assert list(CastRecord.objects.order_by("pk").values_list("serial", flat=True)) == [1, 2, 3, 4, 5, 6]

    def test_refuses_a_ballot_that_comes_again(self, drink):
        give_own(drink, quiet)
        again = CastRecord.objects.get(serial=1)
        again.pk, again.serial = None, 9
        with pytest.raises(IntegrityError, match="duplicate key value"):
            again.save()

    def test_takes_no_ballot_of_another_election(self, drink, make_election):
        other = make_election(slug="snack")
        give_own(drink, quiet)
        own = name_partition("tally_castrecord", drink.pk)
        with pytest.raises(IntegrityError, match="violates"):
            store.run(f"UPDATE {own} SET election_id = %s", [other.pk])

    def test_can_be_given_before_the_first_ballot(self, make_election, cast):
        drink = make_election()
        assert give_own(drink, quiet) == 0
        cast(drink, "ana", "nesquik")
        drain_all()
        assert (rows_of(name_partition("tally_castrecord", drink.pk)), rows_of("tally_castrecord_shared")) == (1, 0)

    def test_is_given_once(self, drink):
        give_own(drink, quiet)
        with pytest.raises(NotPartitioned, match="has a partition of its own"):
            give_own(drink, quiet)
        assert rows_of("tally_castrecord") == 4

    def test_restores_the_marks_of_an_emptied_box(self, drink, redis):
        give_own(drink, quiet)
        redis.flushall()
        keep_box()
        assert redis.hlen(f"urna:{{{drink.pk}:0}}:voters") == 3

    def test_is_not_there_at_all_if_it_is_interrupted(self, drink, monkeypatch):
        def die(*_: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(partitions, "_alone_with", die)
        with pytest.raises(KeyboardInterrupt):
            give_own(drink, quiet)
        assert not find_own()
        assert (rows_of("tally_castrecord_shared"), rows_of("tally_countedballot_shared")) == (4, 3)

    def test_gives_way_to_those_who_read_and_says_so(self, drink, monkeypatch):
        monkeypatch.setattr(partitions, "_ATTEMPTS", 2)
        monkeypatch.setattr(partitions, "_PAUSE_S", 0)
        read, done = threading.Event(), threading.Event()

        def look() -> None:
            with standing_still():
                recount(drink, quiet)
                read.set()
                done.wait(30)

        said: list[str] = []
        with beside(look):
            try:
                assert read.wait(30)
                with pytest.raises(NotPartitioned, match="Nothing was changed"):
                    give_own(drink, said.append)
            finally:
                done.set()
        assert "waiting for others" in said[-1]
        assert (rows_of("tally_castrecord_shared"), find_own()) == (4, set())

    def test_lets_nobody_see_an_election_between_two_partitions(self, drink):
        """A recount that begins while the ballots are on their way waits, and sees all of them."""
        found: list[int] = []

        def look() -> None:
            with standing_still():
                found.append(recount(drink, quiet).ballots.total())

        with transaction.atomic():
            store.run("LOCK TABLE tally_castrecord_shared IN ACCESS EXCLUSIVE MODE", [])
            thread = threading.Thread(target=lambda: (look(), connections.close_all()))
            thread.start()
            waiting = (
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'tally_castrecord_shared'::regclass"
            )
            while not store.run(waiting, [])[0][0]:
                pass
            for table in partitions.TABLES:
                partitions._move(table, drink.pk)
                own = name_partition(table, drink.pk)
                store.run(f"ALTER TABLE {table} ATTACH PARTITION {own} FOR VALUES IN ({drink.pk})", [])
        thread.join(60)
        assert found == [3]

    def test_of_a_certified_election_is_dropped_with_its_disk(self, drink):
        give_own(drink, quiet)
        assert not list(drop_emptied(quiet))
        certify(drink)
        with pytest.raises(NotPartitioned):
            give_own(drink, quiet)
        assert list(drop_emptied(quiet)) == [drink.pk]
        assert find_own() == set()
        with pytest.raises(NotPartitioned, match="certified"):
            give_own(drink, quiet)
        assert run("recount") == "drink: 3 ballots, no difference\n"

    def test_stays_while_it_has_rows(self, drink):
        give_own(drink, quiet)
        Election.objects.filter(pk=drink.pk).update(
            state="certified", sealed_at=Now(), final_at=Now(), certified_at=Now()
        )
        said: list[str] = []
        assert not list(drop_emptied(said.append))
        assert (find_own(), "have rows, and stay" in said[-1]) == ({drink.pk}, True)


class TestAccounts:
    def test_notice_a_row_that_vanishes_from_a_partition_of_its_own(self, drink, caplog):
        give_own(drink, quiet)
        check_accounts()
        statistics_are_in()
        check_accounts()
        Reconciliation.objects.update(balanced_at=store.run("SELECT now() + interval '1 year'", [])[0][0])
        assert not alarms(caplog)
        CastRecord.objects.filter(serial=1).delete()
        statistics_are_in()
        check_accounts()
        assert "ballot 1 is missing" in Reconciliation.objects.get().problems[0]

    def test_of_others_are_not_due_for_it(self, drink, make_election, monkeypatch):
        make_election(slug="snack")
        give_own(drink, quiet)
        check_accounts()
        statistics_are_in()
        check_accounts()
        Reconciliation.objects.update(balanced_at=store.run("SELECT now() + interval '1 year'", [])[0][0])
        balanced: list[str] = []
        monkeypatch.setattr("tally.audit.accounts.balance", lambda election, *_, **__: balanced.append(election.slug))
        CountedBallot.objects.filter(election=drink).delete()
        statistics_are_in()
        check_accounts()
        assert balanced == ["drink"]


class TestMigration:
    def test_takes_all_of_it_back_and_forward(self, drink, cast):
        give_own(drink, quiet)
        before = list(CastRecord.objects.order_by("pk").values_list())
        counted = list(CountedBallot.objects.order_by("pk").values_list())
        try:
            call_command("migrate", "tally", "0019", verbosity=0)
            assert store.run("SELECT relkind FROM pg_class WHERE relname = 'tally_castrecord'", []) == [("r",)]
            assert store.run("SELECT to_regclass('tally_castrecord_shared')", []) == [(None,)]
            # What a worker of the release before writes.
            store.run("UPDATE tally_castrecord SET weight = weight WHERE id = %s", [before[0][0]])
        finally:
            call_command("migrate", verbosity=0)
        assert list(CastRecord.objects.order_by("pk").values_list()) == before
        assert list(CountedBallot.objects.order_by("pk").values_list()) == counted
        assert find_own() == set()
        cast(drink, "mia", "nesquik")
        drain_all()
        assert CastRecord.objects.latest("pk").serial == 5
        assert run("recount") == "drink: 4 ballots, no difference\n"


class TestCommand:
    def test_says_how_large_what_is(self, drink):
        assert manage().startswith("all others: ")
        said = manage("--own", "drink")
        assert said.startswith("drink has partitions of its own, with 4 cast records.\ndrink: ")
        assert f"in tally_castrecord_{drink.pk} and tally_countedballot_{drink.pk}\nall others: " in said

    def test_drops_what_is_emptied(self, drink):
        manage("--own", "drink")
        certify(drink)
        assert manage("--drop-emptied").startswith("The partitions of drink are dropped.\nall others: ")

    def test_says_why_not(self, drink):
        manage("--own", "drink")
        with pytest.raises(CommandError, match="has a partition of its own"):
            manage("--own", "drink")
        with pytest.raises(CommandError, match="no published election snack"):
            manage("--own", "snack")


class TestDump:
    def test_of_all_brings_the_partitions_back_with_their_policies(self, drink, cast):
        give_own(drink, quiet)
        copy = f"{connection.settings_dict['NAME']}_copy"
        connection.ensure_connection()
        url = connection.connection.dsn
        run_program("createdb", f"--maintenance-db={url}", copy)
        try:
            dump = run_program("pg_dump", "--no-owner", "--no-privileges", f"--dbname={url}")
            there = re.sub(r"dbname=\S+", f"dbname={copy}", url)
            run_program("psql", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={there}", given=dump)
            with closing(psycopg2.connect(there)) as restored, restored.cursor() as cursor:
                # By table: rows by partition, the partitions, the policies.
                for table in partitions.TABLES:
                    assert ask(cursor, ROWS.format(table)) == store.run(ROWS.format(table), [])
                    assert ask(cursor, PARTITIONS, table) == store.run(PARTITIONS, [table])
                    assert ask(cursor, POLICIES, table) == store.run(POLICIES, [table])
                    assert len(store.run(POLICIES, [table])) == 4
                # The next ballot is the next in the order of counting.
                assert ask(cursor, NEXT) == store.run(NEXT, [])
        finally:
            run_program("dropdb", f"--maintenance-db={url}", copy)

    def test_of_the_partitions_brings_one_election_back(self, drink, make_election, cast):
        other = make_election(slug="snack")
        cast(other, "ana", "nesquik")
        drain_all()
        give_own(drink, quiet)
        names = [name_partition(table, drink.pk) for table in partitions.TABLES]
        connection.ensure_connection()
        url = connection.connection.dsn
        chosen = [f"--table={name}" for name in names]
        dump = run_program("pg_dump", "--data-only", "--no-owner", *chosen, f"--dbname={url}")
        assert (dump.count("q1=nesquik"), dump.count("q1=cola-cao")) == (3, 4)
        before = list(CastRecord.objects.filter(election=drink).order_by("pk").values_list())
        store.run(f"TRUNCATE {', '.join(names)}", [])
        run_program("psql", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={url}", given=dump)
        assert list(CastRecord.objects.filter(election=drink).order_by("pk").values_list()) == before
        assert run("recount", "drink", "snack").count("no difference") == 2


def certify(election: Any) -> None:
    finish(election)
    check_accounts()
    Certification.objects.create(election=election, asked_by="mia")
    certify_all()
    assert Certification.objects.get().step == Certification.Step.DONE
