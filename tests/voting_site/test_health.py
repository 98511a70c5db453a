"""Liveness and readiness."""

import pytest
from django.db import OperationalError
from django.db.migrations import executor

from polls import ballot_box
from tally.drain import drain_all
from tally.healing import keep_box
from voting_site.middleware import health

pytestmark = pytest.mark.urls("voting_site.urls.vote")


@pytest.fixture(autouse=True)
def _nothing_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_seen_migrated", False)


class TestHealthz:
    def test_is_good_while_everything_else_is_away(self, client, unreachable_redis):
        assert client.get("/healthz").status_code == 200

    def test_answers_whatever_host_is_asked_for(self, client):
        assert client.get("/healthz", headers={"host": "10.0.0.7"}).status_code == 200


class TestReadyz:
    def test_is_good_with_all_that_is_needed(self, transactional_db, client):
        keep_box()
        response = client.get("/readyz")
        assert (response.status_code, response.json()["missing"]) == (200, [])
        assert response.json()["seconds_since_count"] is None
        drain_all()
        assert client.get("/readyz").json()["seconds_since_count"] <= 1

    def test_names_an_emptied_box(self, transactional_db, client):
        response = client.get("/readyz")
        assert response.status_code == 503
        assert response.json()["missing"] == [ballot_box.EMPTY]

    def test_names_a_box_out_of_reach(self, transactional_db, client, unreachable_redis):
        assert client.get("/readyz").json()["missing"] == ["the ballot box cannot be reached"]

    def test_names_a_database_out_of_reach_and_no_address(self, transactional_db, client, monkeypatch):
        keep_box()

        def fail(*args: object) -> None:
            raise OperationalError("connection to server at 10.0.0.5, port 5432 failed")

        monkeypatch.setattr(executor, "MigrationExecutor", fail)
        assert client.get("/readyz").json()["missing"] == ["the database cannot be reached"]

    def test_names_a_schema_that_is_not_there_yet(self, transactional_db, client, monkeypatch):
        keep_box()
        monkeypatch.setattr(executor.MigrationExecutor, "migration_plan", lambda *args: ["0002"])
        assert client.get("/readyz").json()["missing"] == ["the database schema is not up to date: run `migrate`"]
