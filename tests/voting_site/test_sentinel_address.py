"""The address of Sentinels, and what each of the three clients is told of it."""

import ssl

from voting_site.sentinel_address import read_sentinels

WHOLE = "rediss+sentinel://worker:p%40ss@a,b:1,[::1]:2/3?primary=urna&sentinel_username=s&sentinel_password=t%26u"


class TestAddress:
    def test_of_a_server_names_no_sentinels(self):
        assert read_sentinels("REDIS_URL", "redis://host:6379/0") is None

    def test_needs_no_more_than_hosts_and_the_name_of_the_primary(self):
        found = read_sentinels("REDIS_URL", "redis+sentinel://a,b?primary=urna")
        assert found.hosts == [("a", 26379), ("b", 26379)]
        assert found.options_for_servers() == {"username": None, "password": None, "db": 0, "ssl": False}
        assert found.broker_url() == "sentinel://a:26379/0;sentinel://b:26379/0"
        assert found.broker_tls() is None

    def test_has_accounts_database_and_tls(self):
        found = read_sentinels("REDIS_URL", WHOLE)
        assert found.hosts == [("a", 26379), ("b", 1), ("::1", 2)]
        assert found.options_for_servers() == {"username": "worker", "password": "p@ss", "db": 3, "ssl": True}
        own = found.options_for_sentinels()
        assert (own["username"], own["password"], own["ssl"]) == ("s", "t&u", True)

    def test_leads_channels_and_broker_to_the_same_primary(self):
        found = read_sentinels("REDIS_URL", WHOLE)
        channels = found.options_for_channels()
        assert channels["sentinels"] == found.hosts
        assert channels["master_name"] == found.options_for_broker()["master_name"] == "urna"
        account = "sentinel://worker:p%40ss@"
        assert found.broker_url() == f"{account}a:26379/3;{account}b:1/3;{account}[::1]:2/3"
        assert found.broker_tls() == {"ssl_cert_reqs": ssl.CERT_REQUIRED}
