"""Results that are read from a real streaming replica: what it does not have yet, and how old it says it is."""

import datetime as dt
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from polls import ballot_box
from polls.ballot_box import copies
from polls.models import Election
from record.recorder import keep_logs
from results import freshness, snapshot
from results.exporter import Copy
from results.freshness import Freshness, Origin, Read
from results.snapshot import read_snapshot
from tally.drain import drain_all
from tally.heartbeat import beat

from ..conftest import voter_of
from ..replica import Replica, reading
from ..voting_site.processes import wait_until

pytestmark = [
    pytest.mark.urls("voting_site.urls.result"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.large,
]


@pytest.fixture(scope="module")
def replica(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replica]:
    folder = tmp_path_factory.mktemp("replica")
    for one in (folder, *folder.parents[:2]):
        one.chmod(0o711)
    made = Replica(Path(connection.settings_dict["OPTIONS"]["host"]), folder / "data")
    with made.following(folder / "log"):
        yield made


def position() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_lsn()")
        [found] = cursor.fetchone()
        return str(found)


def catch_up(replica: Replica) -> None:
    at = position()
    wait_until(lambda: replica.has_caught_up(at), "the copy has all")


def look(election: Election, replica: Replica) -> snapshot.Snapshot:
    with reading():
        found = read_snapshot(Election.objects.filter(pk=election.pk))
        assert found is not None
        return found


class TestServerThatIsWrittenTo:
    def test_has_no_age_and_needs_no_heartbeat(self, make_election, client):
        make_election()
        shown = client.get("/drink/results.json")
        assert "age" not in shown.json()
        assert "Age" not in shown.headers
        assert timezone.now() - dt.datetime.fromisoformat(shown.json()["as_of"]) < dt.timedelta(seconds=5)
        assert freshness.read_age() is None
        assert list(Copy().collect()) == []

    def test_is_taken_for_a_copy_if_the_worker_writes_to_another_server(self, make_election):
        """A replica was promoted, and results still read it, while the worker goes on with the first server."""
        drink = make_election()
        beat()
        written = copies.read_levels([]).heartbeat
        time.sleep(0.1)
        copies.note_heartbeat(written + 60)
        shown = read_snapshot(Election.objects.filter(pk=drink.pk))
        assert 0.1 <= shown.age < 5

    def test_may_have_a_heartbeat_that_redis_does_not_know_yet(self, make_election):
        make_election()
        beat()
        copies.note_heartbeat(copies.read_time() - 5000)
        assert freshness.read_age() is None


class TestCopy:
    def test_of_an_idle_database_is_no_older_than_the_last_heartbeat(self, make_election, replica):
        drink = make_election()
        began = timezone.now()
        beat()
        catch_up(replica)
        shown = look(drink, replica)
        assert shown.age <= (timezone.now() - began).total_seconds()
        # Clocks of two servers on one machine, which tell milliseconds.
        assert shown.as_of >= began - dt.timedelta(milliseconds=10)
        assert not shown.is_stale
        assert shown.pending == 0

    def test_that_lags_tells_its_age_and_not_that_nothing_waits(self, make_election, cast, replica):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        beat()
        catch_up(replica)
        with replica.paused():
            began = timezone.now()
            cast(drink, "eva", "nesquik")
            before = look(drink, replica)
            drain_all()
            beat()
            time.sleep(0.5)
            after = look(drink, replica)
        # In the box, and then neither there nor in the copy.
        assert (before.ballots, before.pending, before.lacks_counted) == (1, 1, False)
        assert (after.ballots, after.pending, after.lacks_counted) == (1, None, True)
        assert after.age >= 0.5
        assert after.as_of <= began + dt.timedelta(milliseconds=10)
        assert after.as_of > before.as_of
        catch_up(replica)
        shown = look(drink, replica)
        assert (shown.ballots, shown.pending, shown.lacks_counted) == (2, 0, False)

    def test_is_as_of_its_newest_transaction_where_heartbeats_are_late(self, make_election, cast, replica):
        drink = make_election()
        beat()
        cast(drink, "ana", "nesquik")
        time.sleep(1.5)
        began = time.monotonic()
        drain_all()
        catch_up(replica)
        assert look(drink, replica).age <= time.monotonic() - began

    def test_knows_its_age_while_redis_is_down(self, make_election, replica, request):
        drink = make_election()
        beat()
        catch_up(replica)
        first = look(drink, replica)
        time.sleep(0.3)
        request.getfixturevalue("unreachable_redis")
        shown = look(drink, replica)
        assert shown.pending is None
        assert first.age + 0.3 <= shown.age < first.age + 3

    def test_goes_by_the_clocks_of_the_servers_if_redis_never_answered(self):
        written, read = (dt.datetime(2026, 1, 1, 12, 0, second, tzinfo=dt.UTC) for second in (10, 40))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(copies, "clock", copies.BoxClock())
            assert Freshness.of(Origin(True, None), copies.UNKNOWN, Read(read, written, 5)).age == 30

    def test_without_anything_that_tells_its_age_is_not_shown(self):
        with pytest.raises(OperationalError, match="start a worker"):
            Freshness.of(Origin(True, None), copies.UNKNOWN, Read(timezone.now(), None, None))

    def test_does_not_take_back_what_another_server_has_shown(self, make_election, cast, replica):
        drink = make_election()
        beat()
        catch_up(replica)
        with replica.paused():
            assert look(drink, replica).ballots == 0
            cast(drink, "ana", "nesquik")
            drain_all()
            assert read_snapshot(Election.objects.filter(pk=drink.pk)).ballots == 1
            with pytest.raises(OperationalError, match="not caught up with what was shown of drink"):
                look(drink, replica)
        catch_up(replica)
        assert look(drink, replica).ballots == 1

    def test_is_read_again_if_it_cancels_a_statement_to_go_on_replaying(self, make_election, replica, monkeypatch):
        drink = make_election()
        beat()
        catch_up(replica)
        cancelled: list[str] = []
        primary = psycopg2.connect(
            host=connection.settings_dict["OPTIONS"]["host"],
            port=5432,
            user="urna",
            dbname=connection.settings_dict["NAME"],
        )

        def be_cancelled(boxes: Any) -> copies.Levels:
            if not cancelled:
                with primary, primary.cursor() as writing, connection.cursor() as cursor:
                    cursor.execute("BEGIN")
                    cursor.execute("SELECT count(*) FROM tally_outcome")
                    writing.execute("LOCK TABLE tally_outcome IN ACCESS EXCLUSIVE MODE; SELECT txid_current()")
                    primary.commit()
                    try:
                        cursor.execute("SELECT pg_sleep(30)")
                    except OperationalError as error:
                        cancelled.append(error.__cause__.pgcode)
                        cursor.execute("ROLLBACK")
                        raise
            return freshness.read_levels(boxes)

        monkeypatch.setattr(snapshot, "read_levels", be_cancelled)
        assert look(drink, replica).ballots == 0
        primary.close()
        assert cancelled == ["40001"]


class TestPages:
    def test_of_a_copy_that_lags_say_so_without_a_script(self, make_election, client, replica, monkeypatch):
        make_election()
        make_election("other")
        beat()
        catch_up(replica)
        pages = ("/drink/", "/drink/?view=wall", "/drink/embed/", "/")
        with reading(), replica.paused():
            fresh = [visible(client.get(page)) for page in pages]
            monkeypatch.setattr(freshness, "STALE_S", 0)
            monkeypatch.setattr(snapshot, "STALE_S", 0)
            time.sleep(1)
            old = [visible(client.get(page)) for page in pages]
        assert fresh == [False] * 4
        assert old == [True] * 4

    def test_bring_their_age_to_scripts_and_programs(self, make_election, client, replica):
        make_election()
        beat()
        catch_up(replica)
        with reading(), replica.paused():
            time.sleep(1)
            shown = client.get("/drink/results.json")
            page = client.get("/drink/").content.decode()
            [family] = Copy().collect()
        assert shown.json()["age"] >= 1
        assert int(shown["Age"]) >= 1
        assert (
            json.loads(page.partition('<script id="snapshot" type="application/json">')[2].partition("</script>")[0])[
                "age"
            ]
            >= 1
        )
        assert family.samples[0].value >= 1

    def test_are_not_confirmed_by_304_once_they_are_old(self, make_election, client, replica, monkeypatch):
        make_election()
        beat()
        catch_up(replica)
        monkeypatch.setattr("results.revalidation.KNOWN_S", 0)
        with reading(), replica.paused():
            tag = client.get("/drink/results.csv")["ETag"]
            same = client.get("/drink/results.csv", headers={"If-None-Match": tag})
            monkeypatch.setattr("results.revalidation.STALE_S", 0.5)
            time.sleep(1)
            old = client.get("/drink/results.csv", headers={"If-None-Match": tag})
        assert (same.status_code, old.status_code) == (304, 200)
        assert int(old["Age"]) >= 1

    def test_tell_no_head_of_a_record_that_may_be_older_than_one_told_before(
        self, make_election, cast, client, replica, monkeypatch
    ):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        keep_logs()
        beat()
        catch_up(replica)
        heads = ("/drink/record/checkpoint", "/installation.log/checkpoint")
        with reading(), replica.paused():
            fresh = [client.get(head).status_code for head in heads]
            monkeypatch.setattr(freshness, "HEAD_S", 0.5)
            time.sleep(1)
            old = [client.get(head) for head in heads]
        assert fresh == [200, 200]
        assert [one.status_code for one in old] == [503, 503]
        assert all("Retry-After" in one.headers for one in old)

    def test_do_not_deny_a_receipt_that_the_copy_does_not_have_yet(self, make_election, cast, client, replica):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        keep_logs()
        beat()
        catch_up(replica)
        with replica.paused():
            cast(drink, "eva", "nesquik")
            drain_all()
            keep_logs()
            definition = ballot_box.read_definition("drink")[0]
            receipt = ballot_box.read_mark(definition, voter_of(definition, "eva")).receipt
            with reading():
                pending = client.get(f"/drink/receipt/?entry={receipt}")
        assert receipt
        assert "gets its place in the record within seconds" in pending.content.decode()
        catch_up(replica)
        with reading():
            assert "It has the index" in client.get(f"/drink/receipt/?entry={receipt}").content.decode()


def visible(response: Any) -> bool:
    """Tell whether a page says that it is not up to date."""
    found = re.search(r'<p class="stale"[^>]*>', response.content.decode())
    return found is not None and "hidden" not in found[0]
