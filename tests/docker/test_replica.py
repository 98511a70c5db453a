"""docker/replica.yaml: who reads the replica, who follows whom, and with which secrets."""

import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from .files import FOLDER, ROLES, load, services
from .test_image import load_script

REPLICA = services("replica.yaml")
COMPOSE = services("compose.yaml")


def make_secrets(volumes: Path, *more: str) -> None:
    for name in ("app", "db", "redis", *ROLES, *more):
        (volumes / name).mkdir()
    load_script("make_secrets").make(volumes)


def test_results_alone_come_from_it_and_from_the_first_server_while_it_is_down(tmp_path):
    addresses = {name: one["environment"] for name, one in REPLICA.items() if "environment" in one}
    assert addresses == {"result": {"DATABASE_URL_FILE": "/secrets/result/replica_url"}}
    make_secrets(tmp_path, "replica")
    own = (tmp_path / "result" / "database_url").read_text()
    assert (tmp_path / "result" / "replica_url").read_text() == (
        own.replace("@bbdd:5432/", "@replica:5432,bbdd:5432/") + "?target_session_attrs=prefer-standby"
    )
    assert len((tmp_path / "replica" / "password").read_text()) >= 32
    # A new password of `result` reaches the address of the replica as well.
    (tmp_path / "result" / "database_url").unlink()
    load_script("make_secrets").make(tmp_path)
    assert (tmp_path / "result" / "database_url").read_text() != own
    assert (
        urlsplit((tmp_path / "result" / "replica_url").read_text()).password
        == urlsplit((tmp_path / "result" / "database_url").read_text()).password
    )


def test_makes_no_secrets_where_there_is_none(tmp_path):
    make_secrets(tmp_path)
    assert not (tmp_path / "replica").exists()
    assert not (tmp_path / "result" / "replica_url").exists()


def test_it_stays_on_the_private_network_and_publishes_nothing():
    for name in ("replica", "replica-user"):
        assert REPLICA[name]["networks"] == ["private"]
        assert "ports" not in REPLICA[name]


def test_it_is_held_as_the_first_server_is():
    for policy in (
        "restart",
        "read_only",
        "cap_drop",
        "security_opt",
        "logging",
        "user",
        "image",
        "stop_signal",
        "deploy",
    ):
        assert REPLICA["replica"][policy] == COMPOSE["db"][policy]
    for policy in ("read_only", "cap_drop", "security_opt", "user", "image"):
        assert REPLICA["replica-user"][policy] == COMPOSE["db"][policy]
    assert all("deploy" in REPLICA[name] for name in ("replica", "replica-user"))


def test_it_knows_no_password_but_its_own():
    readers = {
        name: sorted(volume.split(":")[0] for volume in one["volumes"] if "secrets" in volume)
        for name, one in REPLICA.items()
        if "volumes" in one
    }
    assert readers == {
        "replica": ["replica-secrets"],
        "replica-user": ["db-secrets", "replica-secrets"],
        "secrets": ["replica-secrets"],
    }


def test_its_user_follows_and_does_nothing_else():
    lines = [line.split() for line in (FOLDER / "replica" / "pg_hba.conf").read_text().splitlines() if line[0] != "#"]
    assert [line for line in lines if "urna_replica" in line] == [
        ["host", "replication", "urna_replica", "all", "scram-sha-256"],
        ["host", "all", "urna_replica", "all", "reject"],
    ]
    # The first line that fits decides.
    assert lines.index(["host", "all", "urna_replica", "all", "reject"]) < lines.index(
        ["host", "all", "all", "all", "scram-sha-256"]
    )
    assert REPLICA["db"]["command"] == [*COMPOSE["db"]["command"], "-c", "hba_file=/etc/urna/pg_hba.conf"]
    # By its socket a backup follows.
    assert ["local", "replication", "all", "trust"] in lines
    assert set(load("replica.yaml")["configs"]) == {"replica-hba", "replica-follow", "replica-user"}


def test_its_scripts_can_be_read_by_a_shell():
    for name in ("follow", "user"):
        subprocess.run(["sh", "-n", FOLDER / "replica" / name], check=True)
