"""The checks of the servers that Urna is given."""

import pytest

from voting_site.checks import check_proxies_are_named
from voting_site.checks import check_redis_keeps_what_it_accepts as check


class TestRedis:
    @pytest.fixture(autouse=True)
    def lasting(self, redis):
        """A Redis with the settings of one that is used, and not those of one for tests."""
        redis.config_set("appendfsync", "always")
        yield
        redis.config_set("appendfsync", "no")

    def test_that_keeps_what_it_accepts_is_not_objected_to(self):
        assert check(databases=["default"]) == []

    @pytest.mark.parametrize(
        ("name", "value", "good"),
        [("appendfsync", "everysec", "always"), ("maxmemory-policy", "allkeys-lru", "noeviction")],
    )
    def test_that_may_lose_a_ballot_is_warned_of(self, redis, name, value, good):
        redis.config_set(name, value)
        try:
            [warning] = check(databases=["default"])
        finally:
            redis.config_set(name, good)
        assert (warning.id, value in warning.msg, good in warning.hint) == ("urna.W002", True, True)

    def test_that_is_away_is_named(self, unreachable_redis):
        [warning] = check(databases=["default"])
        assert warning.id == "urna.W001"

    def test_is_not_asked_where_no_database_is_to_be_checked(self, unreachable_redis):
        assert check(databases=None) == []


class TestProxies:
    @pytest.mark.parametrize("believed", [True, False])
    def test_that_are_believed_without_a_name_are_warned_of(self, settings, believed):
        settings.SCHEME_FROM_ANYBODY = believed
        assert [warning.id for warning in check_proxies_are_named()] == ["urna.W003"] * believed
