"""A record that came back from a backup is noticed without a witness, and an older Redis is no alarm."""

from typing import Any

import pytest
from django.urls import reverse

from record import recorder, served_heads
from record.formats.note import Note
from record.models import InstallationLog, Log
from tally.lifecycle import turn_phases
from tests.tally.test_certification import ask, certify_all, finish

from .backup import Backup
from .whole import read_head

pytestmark = pytest.mark.urls("voting_site.urls.result")


def alarms(caplog: Any) -> list[str]:
    return [one.getMessage() for one in caplog.records if "its log had" in one.getMessage()]


class TestBackup:
    @pytest.mark.parametrize("number", [0, 1, 5, 300])
    def test_is_an_alarm_however_far_it_has_come_since(self, drink, grow, caplog, number):
        grow(5)
        kept = Backup()
        grow(5)
        head = Log.objects.get().checkpoint
        kept.bring_back()
        grow(number)
        [alarm] = [one for one in alarms(caplog) if "drink" in one]
        assert alarm.startswith(f"ALARM drink: its log had 10 entries, and the {5 + number} that it has now are not")
        log = Log.objects.get()
        assert head.startswith(log.other_head)
        assert log.other_head_at

    def test_is_an_alarm_once(self, drink, grow, caplog):
        grow(5)
        kept = Backup()
        grow(5)
        kept.bring_back()
        for _ in range(3):
            grow(1)
        assert len(alarms(caplog)) == 1
        assert "had 10 entries" in alarms(caplog)[0]
        assert read_head("drink").size == 8

    def test_of_the_log_of_the_installation_is_an_alarm_as_well(self, drink, grow, caplog):
        grow(1)
        kept = Backup()
        finish(drink)
        recorder.keep_logs()
        kept.bring_back()
        served_heads.compare()
        assert any("ALARM installation.log: its log had 3 entries" in one for one in alarms(caplog))
        assert InstallationLog.objects.get().other_head_at

    def test_is_an_alarm_where_it_was_taken_before_the_last_entry(self, drink, grow, cast, caplog):
        grow(5)
        kept = Backup()
        cast(drink, "eva", "nesquik")
        finish(drink)
        recorder.keep_logs()
        kept.bring_back()
        served_heads.compare()
        assert any("ALARM drink: its log had 6 entries, and the 5" in one for one in alarms(caplog))


class TestNoAlarm:
    def test_while_a_record_grows_to_its_end(self, drink, grow, caplog):
        for number in (0, 1, 255, 2, 300):
            grow(number)
        finish(drink)
        recorder.keep_logs()
        ask(drink)
        certify_all()
        recorder.keep_logs()
        assert alarms(caplog) == []
        assert not Log.objects.exclude(other_head="").exists()

    def test_where_redis_comes_back_with_an_older_head(self, drink, grow, redis, caplog):
        grow(5)
        older = redis.hgetall(served_heads.HEADS)
        grow(300)
        redis.hset(served_heads.HEADS, mapping=older)
        recorder.keep_logs()
        assert alarms(caplog) == []
        name = Log.objects.get().verifier_key.rpartition("+")[0]
        assert redis.hget(served_heads.HEADS, name).decode().splitlines()[1] == "305"

    def test_where_redis_was_emptied_or_has_what_nobody_can_read(self, drink, grow, redis, caplog):
        grow(5)
        redis.delete(served_heads.HEADS)
        recorder.keep_logs()
        name = Log.objects.get().verifier_key.rpartition("+")[0]
        assert redis.hget(served_heads.HEADS, name)
        redis.hset(served_heads.HEADS, name, b"\xff")
        recorder.keep_logs()
        assert alarms(caplog) == []

    def test_where_redis_is_of_another_installation(self, drink, grow, redis, caplog):
        grow(5)
        other = redis.hget(served_heads.HEADS, Log.objects.get().verifier_key.rpartition("+")[0])
        redis.delete(served_heads.HEADS)
        redis.hset(served_heads.HEADS, "localhost:8001/drink+00000000", other.replace(b"5", b"99", 1))
        recorder.keep_logs()
        assert alarms(caplog) == []

    def test_costs_four_statements_where_nothing_has_changed(self, drink, grow, django_assert_num_queries):
        grow(5)
        with django_assert_num_queries(4):
            served_heads.compare()


class TestPages:
    SAID = "The public record is not the one that was shown before"

    @pytest.mark.parametrize("path", ["/drink/", "/drink/receipt/"])
    def test_say_it_and_only_then(self, drink, grow, client, path):
        grow(1)
        assert self.SAID not in client.get(path).content.decode()
        kept = Backup()
        grow(1)
        lost = Note.parse(Log.objects.get().checkpoint.encode()).text
        kept.bring_back()
        recorder.keep_logs()
        assert self.SAID in client.get(path).content.decode()
        assert lost in client.get("/drink/receipt/").content.decode()

    def test_of_the_log_of_the_installation_say_it(self, drink, grow, client):
        grow(1)
        kept = Backup()
        finish(drink)
        recorder.keep_logs()
        assert self.SAID not in client.get("/installation.log/").content.decode()
        kept.bring_back()
        served_heads.compare()
        assert self.SAID in client.get("/installation.log/").content.decode()

    @pytest.mark.urls("voting_site.urls.admin")
    def test_of_the_office_say_it(self, drink, admin_client):
        turn_phases()
        recorder.keep_logs()
        page = reverse("admin:polls_election_page", args=[drink.pk])
        said = "The public record of this election has lost something"
        assert said not in admin_client.get(page).content.decode()
        Log.objects.update(other_head="x", other_head_at="2026-05-04T10:00:00Z")
        assert said in admin_client.get(page).content.decode()
