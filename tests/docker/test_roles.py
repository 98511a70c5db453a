"""What containers need of the commands that they run."""

import logging
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command

from polls.models import Election
from voting_site.beat import PatientScheduler
from voting_site.celery import app
from voting_site.roles import ROLES
from voting_site.running import Place, touch
from voting_site.worker import acts_file

from .test_image import TICKS


class TestPrepare:
    def test_takes_the_password_that_stands_in_the_file(self, transactional_db, tmp_path: Path):
        file = tmp_path / "password"
        file.write_text("from-a-secret\n")
        file.chmod(0o444)
        call_command("prepare", password_file=file)
        assert authenticate(username="admin", password="from-a-secret")

    def test_writes_the_password_that_it_makes(self, transactional_db, tmp_path: Path):
        file = tmp_path / "password"
        call_command("prepare", password_file=file)
        assert authenticate(username="admin", password=file.read_text())
        assert file.stat().st_mode & 0o777 == 0o600

    def test_writes_the_path_of_a_link_for_a_new_administrator_alone(self, transactional_db, tmp_path: Path):
        file = tmp_path / "link"
        call_command("prepare", password_file=tmp_path / "password", link_file=file)
        assert file.read_text().startswith("/choose-password/")
        assert file.stat().st_mode & 0o777 == 0o600
        file.unlink()
        call_command("prepare", password_file=tmp_path / "password", link_file=file)
        assert not file.exists()

    @pytest.mark.parametrize(("demo", "elections"), [(True, 1), (False, 0)])
    def test_makes_the_demo_election_where_it_is_asked_for(self, transactional_db, tmp_path: Path, demo, elections):
        call_command("prepare", password_file=tmp_path / "password", demo=demo)
        assert Election.objects.count() == elections


class TestRun:
    @pytest.fixture
    def place(self, monkeypatch) -> list[Place]:
        """The places at which roles were started, without starting them."""
        places: list[Place] = []
        for role in ROLES.values():
            monkeypatch.setattr(role.runs, lambda place: not places.append(place))
        return places

    @pytest.mark.parametrize(
        ("host", "tls", "warns"), [("0.0.0.0", False, True), ("0.0.0.0", True, False), ("127.0.0.1", False, False)]
    )
    def test_warns_at_each_start_that_others_can_listen(self, place, caplog, settings, host, tls, warns):
        settings.BEHIND_TLS = tls
        with caplog.at_level(logging.WARNING):
            call_command("run", "vote", host=host, port=0)
        assert ("URNA_TLS is off" in caplog.text) is warns

    def test_passes_on_how_to_stop_and_where_to_tick(self, place, tmp_path: Path):
        call_command("run", "worker", "--tick-file", str(tmp_path / "tick"), "--linger", "2")
        assert place == [Place(processes=2, linger=2, tick_file=tmp_path / "tick", host="")]


class TestTicks:
    def test_of_beat_touch_its_file(self, tmp_path: Path, monkeypatch):
        monkeypatch.setattr(PatientScheduler, "tick_file", tmp_path / "tick")
        scheduler = PatientScheduler(app=app, lazy=True)
        scheduler.schedule = {}
        scheduler.tick()
        assert (tmp_path / "tick").exists()

    def test_of_a_worker_touch_its_file(self, tmp_path: Path):
        touch(tmp_path / "tick", sender=None, task_id="1")
        assert (tmp_path / "tick").exists()
        assert str(acts_file(tmp_path / "tick")) == TICKS[2].replace("/tmp", str(tmp_path))
