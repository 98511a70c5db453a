"""Servers that cannot have the copies which are asked for, and how that is told."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from tests.masters import wait_until
from voting_site.checks import check_replicas_confirm
from voting_site.copies import find_missing_copies, find_wrong_settings

pytestmark = [pytest.mark.copies, pytest.mark.django_db]


def set_on(servers, place, name, value):
    servers.ask(place, "CONFIG", "SET", name, value)


class TestServers:
    def test_that_are_whole_are_not_objected_to(self, servers):
        assert find_missing_copies() is None
        assert find_wrong_settings() is None
        assert check_replicas_confirm(["default"]) == []

    def test_without_a_replica_are_refused(self, servers, settings, monkeypatch):
        settings.BALLOT_BOX_COPIES = 3
        assert find_missing_copies().startswith("BALLOT_BOX_COPIES is 3, and 2 replicas follow the primary")
        with pytest.raises(CommandError, match="2 replicas follow the primary"):
            call_command("prepare", timeout=0.1)

    @pytest.mark.parametrize(
        ("name", "wrong", "right"),
        [("appendfsync", "everysec", "always"), ("maxmemory-policy", "allkeys-lru", "noeviction")],
    )
    @pytest.mark.parametrize("of_replica", [False, True])
    def test_that_may_lose_a_ballot_are_refused_in_one_line(self, servers, name, wrong, right, of_replica):
        place = servers.replicas()[0] if of_replica else servers.find_primary()
        set_on(servers, place, name, wrong)
        try:
            server = f"the replica {servers.hosts[place]}:{servers.ports[place]}" if of_replica else "the primary"
            told = f"BALLOT_BOX_COPIES is 1, and {server} has {name} {wrong}, so that an accepted ballot may get lost"
            with pytest.raises(CommandError) as refused:
                call_command("prepare", timeout=5)
            assert str(refused.value) == f"{told}: set {name} {right}."
            assert [one.id for one in check_replicas_confirm(["default"])] == ["urna.E001"]
        finally:
            set_on(servers, place, name, right)


class TestReadiness:
    def test_tells_that_no_replica_confirms(self, servers, box, settings):
        settings.ROLE = settings.ROLE.__class__(**vars(settings.ROLE) | {"waits_for_copies": True})
        assert "replicas do not confirm" not in Client().get("/readyz").content.decode()
        with servers.standing_still(*servers.replicas()):
            wait_until(lambda: "replicas do not confirm" in Client().get("/readyz").content.decode())
