"""What each role may do in the real PostgreSQL, and that its own work is among it."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from io import StringIO
from typing import Any

import psycopg2
import pytest
from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import ProgrammingError, connection, connections, transaction
from django.test import Client
from django.urls import reverse
from psycopg2.errors import InsufficientPrivilege

from office.access import default_organisation, hold
from office.models import Membership
from office.sample_acts import DrawSample, PrepareAudit
from polls import ballot_box
from polls.models import Election, Epoch
from record import recorder, witnesses
from record.begun_anew import begin_anew
from record.cosignatures import find_cosignatures, read_keys
from record.models import Batch, Cosignature, InstallationEvent, Log, LogSecret, OpenedEntry
from record.quorum import explain_missing
from record.sampling.opening import carry_out_all
from results.record_shown import show_record
from results.snapshot import read_snapshots
from results.views import get_snapshot
from signin.matching import find_entry
from tally import healing, lifecycle, partitions
from tally.audit.accounts import check_accounts
from tally.certification import certify_all
from tally.drain import drain_all
from tally.models import CastRecord, Certification, RejectedBallot
from tally.outcomes import catch_up
from tally.partitions import give_own
from tally.turnout import note_all
from tests.conftest import beside
from tests.polls.roll.people import enrol
from tests.record.running_witness import Running as RunningWitness
from tests.tally.test_certification import finish
from tests.tally.test_turnout import fill, vote
from voting_site.middleware.health import find_missing
from voting_site.rights.database_rights import RIGHTS, SETTINGS, AllBut
from voting_site.rights.database_users import NotAllowed, User, columns_by_table, grant, users
from voting_site.roles import ROLES, WITH_DATABASE

COMMANDS = ("SELECT", "INSERT", "UPDATE", "DELETE")


@pytest.fixture(autouse=True)
def _granted(transactional_db: None) -> None:
    grant(users(settings.ROLE_DATABASE_URLS))


@pytest.fixture
def play() -> Iterator[Callable[[str], None]]:
    """Return a function after which this test has the rights of a role."""

    def become(role: str) -> None:
        run(f"SET ROLE urna_{role}")

    yield become
    run("RESET ROLE")


def run(statement: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def sign_in(role: str) -> "psycopg2.extensions.connection":
    """Open a connection as the role does, to the database of the tests."""
    return psycopg2.connect(settings.ROLE_DATABASE_URLS[role], dbname=connection.settings_dict["NAME"])


class TestRights:
    def test_name_every_table(self) -> None:
        assert set(RIGHTS) == set(columns_by_table())

    def test_are_those_of_the_roles_that_sign_in(self) -> None:
        named = {role for by_role in RIGHTS.values() for role in by_role}
        assert named == set(settings.DATABASE_CONNECTIONS) == set(SETTINGS) == set(WITH_DATABASE)

    def test_name_columns_that_exist(self) -> None:
        existing = columns_by_table()
        for table, by_role in RIGHTS.items():
            for role, rights in by_role.items():
                for columns in rights.values():
                    named = columns.columns if isinstance(columns, AllBut) else columns
                    assert set(named) <= set(existing[table]), (table, role)

    @pytest.mark.parametrize("role", WITH_DATABASE)
    def test_are_what_the_database_grants(self, role: str) -> None:
        granted, declared = set(), set()
        for table, columns in columns_by_table().items():
            rights = RIGHTS[table].get(role, {})
            for command in COMMANDS:
                if command == "DELETE":
                    if run(f"SELECT has_table_privilege('urna_{role}', '{table}', 'DELETE')")[0][0]:
                        granted.add((table, "DELETE"))
                    declared |= {(table, "DELETE")} if "DELETE" in rights else set()
                    continue
                wanted = rights.get(command, ())
                for column in columns:
                    if isinstance(wanted, AllBut) != (column in getattr(wanted, "columns", wanted)):
                        declared.add((table, command, column))
                    if run(f"SELECT has_column_privilege('urna_{role}', '{table}', '{column}', '{command}')")[0][0]:
                        granted.add((table, command, column))
        assert granted == declared

    @pytest.mark.parametrize("role", WITH_DATABASE)
    def test_reach_no_other_table(self, role: str) -> None:
        run("CREATE TABLE IF NOT EXISTS public.stranger (id int)")
        try:
            assert run(f"SELECT has_table_privilege('urna_{role}', 'stranger', 'SELECT,INSERT,UPDATE,DELETE')") == [
                (False,)
            ]
        finally:
            run("DROP TABLE public.stranger")

    @pytest.mark.parametrize("role", WITH_DATABASE)
    def test_reach_ballots_through_the_table_above_alone(self, play, make_election, cast, role: str) -> None:
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        give_own(drink, lambda _: None)
        try:
            # As `prepare` does at the next start.
            grant(users(settings.ROLE_DATABASE_URLS))
            for table in partitions.TABLES:
                for election in (None, drink.pk):
                    name = partitions.name_partition(table, election)
                    for command in ("SELECT *", "DELETE", "TRUNCATE"):
                        tail = "" if command == "TRUNCATE" else "FROM"
                        refuses(play, role, f"{command} {tail} {name}")
                        run("RESET ROLE")
                    # Policies would refuse it even then.
                    run(f"GRANT SELECT, DELETE ON {name} TO urna_{role}")
                    play(role)
                    assert run(f"SELECT count(*) FROM {name}") == [(0,)]
                    run(f"DELETE FROM {name}")
                    run("RESET ROLE")
                assert run(f"SELECT count(*) FROM {table}") == [(1,)]
        finally:
            for table in partitions.TABLES:
                run(f"DROP TABLE {partitions.name_partition(table, drink.pk)}")
            grant(users(settings.ROLE_DATABASE_URLS))

    def test_that_were_given_by_hand_are_taken_back(self) -> None:
        run("GRANT ALL ON ALL TABLES IN SCHEMA public TO urna_result")
        run("GRANT UPDATE (marking) ON tally_castrecord TO urna_worker")
        grant(users(settings.ROLE_DATABASE_URLS))
        for role in ("result", "worker"):
            self.test_are_what_the_database_grants(role)

    @pytest.mark.parametrize("role", WITH_DATABASE)
    def test_come_with_limits(self, role: str) -> None:
        with sign_in(role) as own, own.cursor() as cursor:
            for name, value in SETTINGS[role].items():
                cursor.execute(f"SHOW {name}")
                assert cursor.fetchone()[0] in (value, {"60s": "1min"}.get(value))
            cursor.execute("SELECT rolconnlimit, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication "
                           "FROM pg_roles WHERE rolname = current_user")  # fmt: skip
            assert cursor.fetchone() == (settings.DATABASE_CONNECTIONS[role], False, False, False, False, False)
        own.close()


class TestWorker:
    def test_counts_and_heals(self, play, make_election, cast, redis) -> None:
        election = make_election(votes_final=True)
        cast(election, "ana", "nesquik")
        redis.xadd(f"urna:{{{election.pk}:0}}:ballots", {"v": "1"})
        play("worker")
        drain_all()
        redis.flushall()
        healing.keep_box()
        assert (CastRecord.objects.count(), RejectedBallot.objects.count(), Epoch.objects.count()) == (1, 1, 2)

    def test_notes_who_has_voted_and_pages_read_how_many(self, play, make_election, redis) -> None:
        election = make_election(eligibility="roll")
        fill(election, 30)
        election.refresh_from_db()
        vote(redis, election, 1, weight=12)
        play("worker")
        note_all()
        play("result")
        assert get_snapshot("drink").turnout["weight"] == 12
        with pytest.raises(ProgrammingError, match="permission denied for table polls_rollentry"):
            run("SELECT voted FROM polls_rollentry")

    def test_opens_entries_that_the_office_has_drawn_and_pages_show_what_was_fixed(
        self, play, make_election, cast, settings, monkeypatch
    ) -> None:
        drink = make_election()
        hold(drink)
        for number in range(5):
            cast(drink, f"v{number}", "nesquik")
        finish(drink)
        recorder.keep_logs()
        catch_up()
        settings.ROLE = ROLES["admin"]
        monkeypatch.setattr("polls.by_worker.PATIENCE_S", 0)
        mia = get_user_model().objects.create_superuser("mia")
        browser = Client()
        browser.force_login(mia)
        settings.ROOT_URLCONF = "voting_site.urls.admin"
        address = reverse("admin:polls_election_audit", args=[drink.pk])
        play("admin")
        PrepareAudit(drink).perform(by=mia)
        play("worker")
        carry_out_all()
        play("admin")
        DrawSample(drink, "16354216354216354216", 5, Decimal("0.05")).perform(by=mia)
        play("worker")
        carry_out_all()
        play("admin")
        assert b"All opened entries are what is published" in browser.get(address).content
        play("result")
        settings.ROOT_URLCONF = "voting_site.urls.result"
        assert Client().get("/drink/record/manifest").content.startswith(b"urna-manifest/1\n")
        with pytest.raises(ProgrammingError, match="permission denied for table record_openedentry"):
            run("SELECT opening FROM record_openedentry")
        for statement in (
            "DELETE FROM record_sample",
            "UPDATE record_sample SET dice = '1'",
            "DELETE FROM record_audit",
        ):
            for role in ("admin", "worker"):
                play(role)
                with pytest.raises(ProgrammingError, match="permission denied"):
                    run(statement)
        run("RESET ROLE")
        check_accounts()
        Certification.objects.create(election=drink, asked_by="mia")
        play("worker")
        certify_all()
        assert Certification.objects.get().step == Certification.Step.DONE
        assert not OpenedEntry.objects.exists()
        play("admin")
        settings.ROOT_URLCONF = "voting_site.urls.admin"
        assert b"Its opened entries were deleted" in browser.get(address).content

    def test_has_heads_cosigned_and_pages_serve_them(self, play, make_election, cast, tmp_path) -> None:
        election = make_election()
        cast(election, "ana", "nesquik")
        drain_all()
        recorder.keep_logs()
        log = Log.objects.get()
        witness = RunningWitness(tmp_path / "w", [log.verifier_key])
        try:
            play("admin")
            call_command("add_witness", "drink", witness.key, witness.address, stdout=StringIO())
            play("worker")
            witnesses.push_all()
            play("result")
            assert [one.name for one in find_cosignatures(log)] == [witness.name]
            assert read_keys(log) == [witness.key]
            assert show_record(election).quorum.cosigned == 1
            with pytest.raises(ProgrammingError, match="permission denied for table record_witness"):
                run("SELECT address FROM record_witness")
            play("admin")
            said = StringIO()
            call_command("witnesses", "drink", stdout=said)
            assert "has cosigned 1 entries" in said.getvalue()
            call_command("require_witnesses", "drink", "1", stdout=StringIO())
            election.refresh_from_db()
            assert explain_missing(election) == []
            # The protocol in the office has it, too.
            assert show_record(election).quorum.is_met
            call_command("require_witnesses", "drink", "0", stdout=StringIO())
            call_command("remove_witness", "drink", witness.name, stdout=StringIO())
            play("worker")
            witnesses.push_all()
            assert not Cosignature.objects.exists()
        finally:
            witness.stop()

    def test_goes_on_with_a_record_that_the_owner_has_begun_anew(self, play, make_election, cast) -> None:
        election = make_election()
        play("worker")
        cast(election, "ana", "nesquik")
        drain_all()
        run("RESET ROLE")
        begin_anew(election.pk)
        play("worker")
        cast(election, "eva", "nesquik")
        drain_all()
        recorder.keep_logs()
        for role in ("result", "admin"):
            play(role)
            record = show_record(election)
            assert (record.log.ballots, len(record.ended)) == (2, 1)

    def test_turns_phases(self, play, make_election, redis) -> None:
        election = make_election()
        play("worker")
        lifecycle.turn_phases()
        lifecycle.store_seal(election, lifecycle.ballot_box.seal(election.pk, election.shards))
        lifecycle.turn_phases()
        assert Election.objects.get().final_at

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE tally_castrecord SET marking = 'q1=nesquik'",
            "TRUNCATE tally_castrecord",
            "DROP TABLE tally_castrecord",
            "ALTER TABLE tally_castrecord ADD COLUMN x int",
            "UPDATE tally_countedballot SET voter_key = 'x'",
            "UPDATE polls_votersecret SET value = 'x'",
            "UPDATE record_batch SET commitments = 'x'",
            "DELETE FROM record_batch",
            "UPDATE record_logsecret SET signer_key = 'x'",
            "DELETE FROM record_log",
            "UPDATE record_log SET verifier_key = 'x'",
            "UPDATE record_log SET reference = 'x'",
            "SELECT FROM record_endedlog",
            "INSERT INTO record_endedlog (election_id) VALUES (1)",
            "DELETE FROM record_tile",
            "UPDATE record_installationevent SET entry = 'x'",
            "DELETE FROM record_installationevent",
            "UPDATE record_installationlog SET verifier_key = 'x'",
            "DELETE FROM record_installationlog",
            "UPDATE record_installationsecret SET signer_key = 'x'",
            "DELETE FROM record_installationsecret",
            "INSERT INTO polls_election (title) VALUES ('x')",
            "DELETE FROM polls_design",
            "UPDATE polls_design SET paper = 'x'",
            "INSERT INTO record_witness (election_id) VALUES (1)",
            "UPDATE record_witness SET address = 'x'",
            "DELETE FROM record_witness",
            "DELETE FROM record_cosignature",
            "SELECT * FROM auth_user",
            "SELECT * FROM django_session",
            "CREATE TABLE mine (id int)",
        ],
    )
    def test_may_not(self, play, statement: str) -> None:
        refuses(play, "worker", statement)

    @pytest.mark.parametrize(
        "table",
        [
            "tally_castrecord",
            "tally_countedballot",
            "tally_count",
            "tally_rejectedballot",
            "polls_votersecret",
            "record_logsecret",
        ],
    )  # fmt: skip
    def test_deletes_nothing_of_an_election_that_is_not_certified(self, play, make_election, cast, table) -> None:
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        RejectedBallot.objects.create(election=drink, shard=0, entry="1-1", reason="invalid")
        play("worker")
        [(before,)] = run(f"SELECT count(*) FROM {table}")
        run(f"DELETE FROM {table}")
        assert run(f"SELECT count(*) FROM {table}") == [(before,)]
        assert before

    def test_deletes_the_ballots_of_a_partition_once_their_election_is_certified(self, play, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        give_own(drink, lambda _: None)
        try:
            play("worker")
            cast(drink, "eva", "nesquik")
            drain_all()
            for table, rows in (("tally_castrecord", 2), ("tally_countedballot", 2)):
                run(f"DELETE FROM {table}")
                assert run(f"SELECT count(*) FROM {table}") == [(rows,)]
            finish(drink)
            recorder.keep_logs()
            check_accounts()
            run("RESET ROLE")
            Certification.objects.create(election=drink, asked_by="mia")
            play("worker")
            certify_all()
            for table in partitions.TABLES:
                assert run(f"SELECT count(*) FROM {table}") == [(0,)]
            run("RESET ROLE")
            assert Certification.objects.get().step == Certification.Step.DONE
            assert list(partitions.drop_emptied(lambda _: None)) == [drink.pk]
        finally:
            run("RESET ROLE")
            for table in partitions.TABLES:
                run(f"DROP TABLE IF EXISTS {partitions.name_partition(table, drink.pk)}")

    def test_keeps_the_public_record_from_opening_to_certification(self, play, make_election, cast) -> None:
        drink = make_election()
        for voter in ("ana", "eva"):
            cast(drink, voter, "nesquik")
        play("worker")
        drain_all()
        recorder.keep_logs()
        lifecycle.store_seal(drink, lifecycle.ballot_box.seal(drink.pk, drink.shards))
        lifecycle.turn_phases()
        recorder.keep_logs()
        run("RESET ROLE")
        assert Log.objects.get().fates
        check_accounts()
        Certification.objects.create(election=drink, asked_by="mia")
        play("worker")
        certify_all()
        assert Certification.objects.get().step == Certification.Step.DONE
        assert not LogSecret.objects.exists()

    def test_keeps_the_log_of_the_installation(self, play, make_election, cast) -> None:
        drink = make_election()
        cast(drink, "ana", "nesquik")
        play("worker")
        drain_all()
        lifecycle.turn_phases()
        recorder.keep_logs()
        lifecycle.store_seal(drink, lifecycle.ballot_box.seal(drink.pk, drink.shards))
        recorder.keep_logs()
        play("result")
        assert [*InstallationEvent.objects.order_by("place").values_list("kind", flat=True)] == [
            "frozen", "checkpoint", "closed",
        ]  # fmt: skip

    def test_gives_an_entry_its_place_once(self, play, make_election, cast) -> None:
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        recorder.keep_logs()
        play("worker")
        run("UPDATE record_batch SET first = 7")
        assert run("SELECT first FROM record_batch") == [(0,)]


class TestSignin:
    def test_finds_who_has_signed_in(self, play, make_election) -> None:
        election = make_election(eligibility="roll", providers=["choir"])
        enrol(election, ["Ana"], email="ana@choir.example")
        enrol(election, ["Leo"], subject="leo-1")
        claims = {"sub": "x", "email": "ana@choir.example", "email_verified": True}
        play("signin")
        assert find_entry(election.pk, claims, by_subject=True).number == 1
        assert find_entry(election.pk, {"sub": "leo-1"}, by_subject=True).number == 2

    @pytest.mark.parametrize(
        "statement",
        [
            "SELECT name FROM polls_rollentry",
            "SELECT voted FROM polls_rollentry",
            "SELECT code_hash FROM polls_rollentry",
            "UPDATE polls_rollentry SET email = 'x'",
            "SELECT * FROM polls_election",
            "SELECT * FROM polls_votersecret",
            "SELECT * FROM tally_castrecord",
            "SELECT * FROM auth_user",
            "CREATE TABLE mine (id int)",
        ],
    )
    def test_may_not(self, play, statement: str) -> None:
        refuses(play, "signin", statement)


class TestResult:
    def test_reads_what_it_shows(self, play, make_election, cast) -> None:
        election = make_election()
        cast(election, "ana", "nesquik")
        drain_all()
        play("result")
        [snapshot] = read_snapshots(Election.objects.current())
        assert json.loads(snapshot.to_json())["ballots"] == 1
        assert find_missing() == []

    def test_does_not_see_how_many_entries_wait(self, play, make_election, cast) -> None:
        drink = make_election(shows="hidden")
        cast(drink, "ana", "nesquik")
        drain_all()
        recorder.keep_logs()
        assert Batch.objects.count() == 1
        play("result")
        assert Batch.objects.count() == 0
        assert Log.objects.get().size == 0

    def test_serves_its_pages(self, make_election, cast, settings) -> None:
        election = make_election()
        cast(election, "ana", "nesquik")
        drain_all()
        lifecycle.turn_phases()
        recorder.keep_logs()
        receipt = f"{Batch.objects.get().pk}.0"
        settings.ROOT_URLCONF = "voting_site.urls.result"

        def ask(path: str) -> int:
            # A connection of this thread's own, as under ASGI.
            run("SET ROLE urna_result")
            try:
                return int(Client().get(path).status_code)
            finally:
                connections.close_all()

        pages = ["/", "/drink/", "/drink/results.json", "/drink/receipt/", f"/drink/receipt/?entry={receipt}"]
        files = ["checkpoint", "key", "tile/0/000.p/1", "tile/entries/000.p/1", f"{receipt}.tlog-proof"]
        pages += ["/installation.log/"]
        pages += [f"/installation.log/{name}" for name in ("checkpoint", "key", "witnesses", "tile/entries/000.p/1")]
        for path in [*pages, *(f"/{election.slug}/record/{name}" for name in files)]:
            assert async_to_sync(database_sync_to_async(ask))(path) in (200, 302), path

    @pytest.mark.parametrize(
        "statement",
        [
            "SELECT value FROM polls_votersecret",
            "SELECT salt_secret FROM record_logsecret",
            "SELECT signer_key FROM record_installationsecret",
            "SELECT title FROM polls_contest",
            "SELECT label FROM polls_option",
            "SELECT * FROM polls_election",
            "SELECT marking FROM tally_castrecord",
            "SELECT voter_key FROM tally_countedballot",
            "SELECT payload FROM tally_rejectedballot",
            "SELECT shard FROM tally_count",
            "SELECT * FROM auth_user",
            "SELECT * FROM django_session",
            "INSERT INTO tally_count (election_id, shard, key, n) VALUES (1, 0, 'x', 1)",
            "UPDATE tally_count SET n = 0",
            "DELETE FROM tally_tally",
            "SELECT id FROM polls_election FOR UPDATE",
            "CREATE TABLE mine (id int)",
        ],
    )
    def test_may_not(self, play, statement: str) -> None:
        refuses(play, "result", statement)

    def test_writes_nothing_even_where_it_might(self) -> None:
        with sign_in("result") as own, own.cursor() as cursor, pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
            cursor.execute("CREATE TEMPORARY TABLE mine AS SELECT 1 WHERE false; DELETE FROM polls_option")
        own.close()


def deliver_as_worker(election: int) -> None:
    run("SET ROLE urna_worker")
    healing.deliver_election(election)


class TestAdmin:
    @pytest.fixture
    def signed_in(self, play, settings, monkeypatch) -> Client:
        """A browser of the administrator's, served by a role with its own rights, beside a worker with its own."""
        settings.ROLE = ROLES["admin"]
        monkeypatch.setattr("polls.by_worker.ask_for_delivery", lambda pk: beside(partial(deliver_as_worker, pk)))
        get_user_model().objects.create_superuser("admin", password="a long enough password")
        play("admin")
        client = Client()
        assert client.login(username="admin", password="a long enough password")
        return client

    def form(self, **changes: str) -> dict[str, str]:
        contests = {"TOTAL_FORMS": "1", "INITIAL_FORMS": "0", "MIN_NUM_FORMS": "1", "MAX_NUM_FORMS": "1000",
                    "0-method": "plurality", "0-seats": "1", "0-option_lines": "One\nTwo"}  # fmt: skip
        return {
            "title": "Which?", "slug": "which", "time_zone": "Europe/Madrid",
            "opens_at_0": "2020-01-01", "opens_at_1": "12:00",
            **{f"contests-{name}": value for name, value in contests.items()},
            **changes,
        }  # fmt: skip

    def test_runs_an_election(self, signed_in, box) -> None:
        assert signed_in.post("/admin/polls/election/add/", self.form()).status_code == 302
        election = Election.objects.get()
        page = f"/admin/polls/election/{election.pk}"
        for name in ("", "change/", "standing/", "preview/", "preview/ballot/", "preview/results/", "paper.json"):
            assert signed_in.get(f"{page}/{name}").status_code == 200, name
        seen = signed_in.get(f"{page}/publish/").context["checklist"].fingerprint
        published = signed_in.post(f"{page}/publish/", {"seen": seen}, follow=True)
        assert "Published." in published.content.decode()
        assert len(ballot_box.read_definition("which")[0].voter_secret) == 64
        assert signed_in.post(f"{page}/duplicate/").status_code == 302
        assert signed_in.get(f"{page}/").status_code == 200
        assert signed_in.post(f"{page}/close/").status_code == 302
        run("RESET ROLE")
        lifecycle.turn_phases()
        run("SET ROLE urna_admin")
        assert signed_in.post(f"{page}/archive/").status_code == 302
        assert signed_in.get(f"{page}/history/").status_code == 200
        election.refresh_from_db()
        assert election.sealed_at
        assert election.archived_at

    def test_throttles_who_guesses(self, signed_in) -> None:
        wrong = {"username": "admin", "password": "wrong"}
        answers = [Client().post("/admin/login/", wrong).status_code for _ in range(11)]
        assert answers[-1] == 429

    def test_reads_what_was_set_aside_but_for_the_marking(self, signed_in, make_election) -> None:
        run("RESET ROLE")
        election = make_election()
        marked = {"payload": {"marking": "q1=nesquik"}, "detail": "'nesquik' is not on this ballot"}
        row = RejectedBallot.objects.create(election=election, shard=0, entry="1-1", **marked)
        run("SET ROLE urna_admin")
        page = signed_in.get(f"/admin/tally/rejectedballot/{row.pk}/change/")
        assert page.status_code == 200
        assert "nesquik" not in page.content.decode()
        assert signed_in.get(f"/admin/tally/rejectedballot/{row.pk}/history/").status_code == 200

    def test_deletes_a_draft(self, signed_in) -> None:
        draft = Election.objects.create(title="Draft", slug="draft")
        path = f"/admin/polls/election/{draft.pk}/delete/"
        assert signed_in.get(path).status_code == 200
        assert signed_in.post(path, {"post": "yes"}).status_code == 302
        assert not Election.objects.exists()

    @pytest.mark.parametrize(
        "path",
        [
            "polls/election/",
            "tally/rejectedballot/",
            "office/loggedact/",
            "auth/user/",
            "auth/user/add/",
            "office/organisation/",
            "office/organisation/add/",
            "polls/election/add/",
            "polls/election/import/",
        ],
    )
    def test_sees_its_pages(self, signed_in, path: str) -> None:
        assert signed_in.get(f"/admin/{path}").status_code == 200

    def test_manages_members(self, signed_in) -> None:
        page = f"/admin/office/organisation/{default_organisation().pk}/members/"
        assert "choose-password" in signed_in.post(page, {"who": "eva", "role": "manager"}).content.decode()
        [(member,)] = Membership.objects.values_list("pk")
        assert signed_in.post(f"{page}{member}/role/", {"role": "auditor"}).status_code == 200
        assert signed_in.post(f"{page}{member}/role/", {"role": "auditor", "sure": "yes"}).status_code == 302
        assert signed_in.post(f"{page}{member}/remove/").status_code == 302
        assert signed_in.get("/admin/office/loggedact/").status_code == 200

    def test_changes_passwords_and_users(self, signed_in) -> None:
        new = {"username": "eva", "password1": "another long one", "password2": "another long one",
               "usable_password": "true", "memberships-TOTAL_FORMS": "0",
               "memberships-INITIAL_FORMS": "0"}  # fmt: skip
        assert signed_in.post("/admin/auth/user/add/", new).status_code == 302
        change = {"old_password": "a long enough password", "new_password1": "a much longer one",
                  "new_password2": "a much longer one"}  # fmt: skip
        assert signed_in.post("/admin/password_change/", change).status_code == 302
        assert signed_in.post("/admin/logout/").status_code == 200

    @pytest.mark.parametrize(
        "statement",
        [
            *(
                statement
                for table in ("castrecord", "countedballot", "count", "tally", "rejectedballot")
                for statement in (
                    f"UPDATE tally_{table} SET shard = 1",
                    f"DELETE FROM tally_{table}",
                    f"INSERT INTO tally_{table} (shard) VALUES (0)",
                    f"TRUNCATE tally_{table}",
                )
            ),
            "SELECT value FROM polls_votersecret",
            "SELECT election_id FROM polls_votersecret",
            "INSERT INTO polls_votersecret (election_id, value) VALUES (1, 'x')",
            "UPDATE polls_votersecret SET value = 'x'",
            "DELETE FROM polls_votersecret",
            "SELECT marking FROM tally_castrecord",
            "SELECT marking FROM tally_countedballot",
            "SELECT key FROM tally_count",
            "SELECT payload FROM tally_rejectedballot",
            "SELECT detail FROM tally_rejectedballot",
            "SELECT voter_key FROM tally_rejectedballot",
            "UPDATE polls_election SET taken = 9",
            "UPDATE polls_election SET in_force = 'x'",
            "UPDATE polls_election SET final_at = now()",
            "INSERT INTO polls_epoch (name) VALUES ('x')",
            "UPDATE office_act SET actor = 'x'",
            "DELETE FROM office_act",
            "TRUNCATE office_act",
            "DELETE FROM django_admin_log",
            "UPDATE django_admin_log SET change_message = ''",
            "DELETE FROM django_migrations",
            "DELETE FROM auth_user",
            "CREATE ROLE more LOGIN",
            "DROP TABLE tally_count",
        ],
    )
    def test_may_not(self, play, statement: str) -> None:
        refuses(play, "admin", statement)


def refuses(play: Callable[[str], None], role: str, statement: str) -> None:
    """Fail unless PostgreSQL refuses a statement to a role, for lack of rights and nothing else."""
    play(role)
    with pytest.raises(ProgrammingError) as refused, transaction.atomic():
        run(statement)
    assert isinstance(refused.value.__cause__, InsufficientPrivilege)


class TestGrant:
    def test_refuses_the_owner_as_the_user_of_a_role(self, settings) -> None:
        settings.ROLE_DATABASE_URLS = {"result": settings.ROLE_DATABASE_URLS["result"].replace("urna_result", "urna")}
        with pytest.raises(CommandError, match="RESULT_DATABASE_URL names urna, who may do everything"):
            call_command("prepare")

    def test_says_what_to_run_where_the_owner_makes_no_users(self) -> None:
        run("CREATE ROLE plain")
        run("SET ROLE plain")
        try:
            with pytest.raises(NotAllowed, match="Let a superuser run: CREATE ROLE nobody_yet LOGIN"):
                grant([User("result", "nobody_yet")])
        finally:
            run("RESET ROLE")
            run("DROP ROLE plain")

    def test_lets_a_user_sign_in_with_a_password_that_no_statement_holds(self) -> None:
        grant([User("result", "urna_trial", "a secret of mine")])
        try:
            [(verifier,)] = run("SELECT rolpassword FROM pg_authid WHERE rolname = 'urna_trial'")
            assert verifier.startswith("SCRAM-SHA-256$")
        finally:
            run("DROP OWNED BY urna_trial")
            run("DROP ROLE urna_trial")

    def test_limits_connections_as_the_settings_say(self, settings, caplog) -> None:
        settings.DATABASE_CONNECTIONS = settings.DATABASE_CONNECTIONS | {"result": 41}
        grant(users(settings.ROLE_DATABASE_URLS))
        assert run("SELECT rolconnlimit FROM pg_roles WHERE rolname = 'urna_result'") == [(41,)]
        assert "raise max_connections" not in caplog.text

    def test_warns_of_more_connections_than_the_server_takes(self, settings, caplog) -> None:
        [(most,)] = run("SELECT current_setting('max_connections')::int")
        settings.DATABASE_CONNECTIONS = settings.DATABASE_CONNECTIONS | {"result": most}
        grant(users(settings.ROLE_DATABASE_URLS))
        assert "raise max_connections there, or lower one of" in caplog.text
        assert f"RESULT_CONNECTIONS={most}, " in caplog.text

    def test_warns_of_roles_that_are_the_owner(self, settings, caplog, tmp_path) -> None:
        settings.ROLE_DATABASE_URLS = {}
        call_command("prepare", password_file=tmp_path / "password")
        assert "result and admin and worker may do whatever the owner of the database may" in caplog.text
        assert "WORKER_DATABASE_URL" in caplog.text
