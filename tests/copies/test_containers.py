"""What containers ask of a primary that Sentinels tell of: the health check of `worker`, and the rights at a start."""

from pathlib import Path

import pytest
from django.core.management import call_command

from tests.docker.test_image import load_script
from voting_site.rights.redis_users import OPERATOR

pytestmark = pytest.mark.copies


class TestHealth:
    @pytest.fixture
    def ask(self, monkeypatch, tmp_path: Path):
        def ask_at(url: str) -> str:
            (tmp_path / "url").write_text(url)
            monkeypatch.setenv("REDIS_URL_FILE", str(tmp_path / "url"))
            return str(load_script("health").ask_redis("PING"))

        return ask_at

    def test_is_asked_of_the_primary(self, servers, ask):
        assert ask(servers.url_of("worker")) == "PONG"

    def test_is_asked_by_a_sentinel_that_answers(self, servers, ask):
        before, hosts = servers.url_of("worker").split("@")
        assert ask(f"{before}@127.0.0.1:1,{hosts}") == "PONG"

    def test_is_unknown_where_no_sentinel_answers(self, ask):
        assert ask("redis+sentinel://worker:-@127.0.0.1:1,127.0.0.1:2/0?primary=urna") == ""

    def test_is_unknown_of_a_primary_that_nobody_knows(self, servers, ask):
        assert ask(servers.url_of("worker").replace("primary=urna", "primary=another")) == ""


def test_each_replica_reads_its_file_of_users_again(servers, transactional_db):
    """One of them may be the primary after a fail-over, with the rights of the release before."""
    for place in range(3):
        assert servers.ask(place, "ACL", "SETUSER", "trial", "on") == b"OK"
    call_command("prepare")
    for place in range(3):
        assert servers.ask(place, "ACL", "GETUSER", "trial") is None
        assert servers.ask(place, "ACL", "WHOAMI") == OPERATOR.encode()
