"""docker/ha.yaml and docker/box: three servers for the ballot box, and three Sentinels that choose the primary."""

import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest

from voting_site.sentinel_address import read_sentinels

from .files import FOLDER, ROLES, load, services
from .test_image import load_script

COMPOSE = services("compose.yaml")
HA = services("ha.yaml")
BOXES = ("redis", "redis-2", "redis-3")
SENTINELS = ("sentinel-1", "sentinel-2", "sentinel-3")
# The names of configs on a swarm, and hashes of what is in them.
SCRIPTS = {"urna_box_serve_2": "208e40cecc512dd4", "urna_box_watch_2": "2da76cb5beebad42"}
# `redis` is in compose.yaml, and ha.yaml changes it.
SERVERS = {name: COMPOSE.get(name, {}) | HA[name] for name in (*BOXES, *SENTINELS)}
each_server = pytest.mark.parametrize("name", SERVERS)
each_box = pytest.mark.parametrize("name", BOXES)


class TestServices:
    @pytest.mark.parametrize("name", [*ROLES, "migrate"])
    def test_of_urna_ask_for_a_copy(self, name):
        assert HA[name]["environment"] == {"BALLOT_BOX_COPIES": "1"}

    @each_server
    def test_are_as_closed_as_the_one_that_is_always_there(self, name):
        for what in ("read_only", "cap_drop", "security_opt", "user", "image", "restart", "networks", "logging"):
            assert SERVERS[name][what] == COMPOSE["redis"][what], what
        assert "ports" not in SERVERS[name]
        assert SERVERS[name]["healthcheck"]["test"][0] == "CMD-SHELL"

    @each_server
    def test_notice_in_a_second_that_a_server_is_gone(self, name):
        assert SERVERS[name]["dns_opt"] == COMPOSE["vote"]["dns_opt"]

    @each_server
    def test_are_known_by_the_names_of_their_services_and_have_a_volume_each(self, name):
        assert SERVERS[name]["environment"]["BOX_HOST"] == name
        assert SERVERS[name]["volumes"][0] == f"{name}-data:/data"

    @each_box
    def test_that_have_the_box_are_equal(self, name):
        for what in ("command", "configs", "stop_grace_period"):
            assert SERVERS[name][what] == SERVERS["redis"][what]
        assert SERVERS[name]["deploy"]["resources"] == COMPOSE["redis"]["deploy"]["resources"]
        assert SERVERS[name]["environment"]["BOX_SENTINELS"].split() == [*SENTINELS]
        # What the one server of compose.yaml is started with.
        assert SERVERS[name]["command"][2:] == COMPOSE["redis"]["command"][1:]

    def test_have_passwords_where_they_need_them(self):
        for name in BOXES:
            assert [one for one in SERVERS[name]["volumes"] if "secrets" in one] == ["redis-secrets:/secrets/redis:ro"]
        for name in SENTINELS:
            [secrets] = [one for one in SERVERS[name]["volumes"] if "secrets" in one]
            assert secrets == "sentinel-secrets:/secrets/sentinel:ro"
        assert HA["secrets"]["volumes"] == ["sentinel-secrets:/secrets/sentinel"]

    def test_are_all_there_before_urna_is_prepared(self):
        waited_for = {*COMPOSE["migrate"]["depends_on"], *HA["migrate"]["depends_on"]}
        assert waited_for >= {*SERVERS}

    def test_run_scripts_that_are_there(self):
        for config in load("ha.yaml")["configs"].values():
            assert (FOLDER / config["file"]).is_file()


class TestStack:
    """docker/ha-stack.yaml: the same on a swarm, each server on a node of its own."""

    STACK, ON_STACK = services("stack.yaml"), services("ha-stack.yaml")

    def test_has_the_same_services(self):
        assert self.ON_STACK.keys() == HA.keys() - {"secrets"}

    @pytest.mark.parametrize("name", [*ROLES, "migrate"])
    def test_asks_for_a_copy(self, name):
        assert self.ON_STACK[name] == {"environment": {"BALLOT_BOX_COPIES": "1"}}

    @each_server
    def test_runs_them_in_the_same_way(self, name):
        here, there = SERVERS[name], self.STACK.get(name, {}) | self.ON_STACK[name]
        for what in ("read_only", "cap_drop", "user", "image", "networks", "logging", "configs"):
            assert there[what] == here[what], what
        assert there["environment"].keys() == here["environment"].keys()
        assert there["environment"]["BOX_HOST"] == name
        assert there["volumes"] == [f"{name}-data:/data"]
        assert there["command"][:2] == here["command"][:2]

    @each_server
    def test_finds_each_by_its_name_as_soon_as_it_runs(self, name):
        """A virtual address takes connections for a server that is gone; and one that is not healthy has no name."""
        assert self.ON_STACK[name]["deploy"]["endpoint_mode"] == "dnsrr"
        if name in BOXES:
            test = (self.STACK.get(name, {}) | self.ON_STACK[name])["healthcheck"]["test"][1]
            assert test.endswith("|| test -e /data/waiting")

    def test_has_them_on_three_nodes(self):
        places = [
            (self.STACK.get(name, {}) | self.ON_STACK[name])["deploy"].get("placement")
            or self.STACK[name]["deploy"]["placement"]
            for name in (*BOXES, *SENTINELS)
        ]
        assert places[:3] == places[3:]
        assert [one["constraints"] for one in places[:3]] == [
            ["node.role == manager"], ["node.labels.urna-box-2 == yes"], ["node.labels.urna-box-3 == yes"],
        ]  # fmt: skip

    def test_gives_the_roles_addresses_of_the_sentinels(self):
        base, over = load("stack.yaml")["secrets"], load("ha-stack.yaml")["secrets"]
        addresses = {name for name in base if name.endswith("_redis_url")}
        assert addresses <= over.keys()
        for name in addresses:
            assert over[name]["name"] == base[name]["name"].replace("_redis_url_", "_sentinel_url_")

    def test_gives_its_configs_names_with_numbers(self):
        """So that a changed script can be deployed: raise the number in the file, and here the hash."""
        found = {
            one["name"]: hashlib.sha256((FOLDER / one["file"]).read_bytes()).hexdigest()[:16]
            for one in load("ha-stack.yaml")["configs"].values()
        }
        assert found == SCRIPTS


class TestSecrets:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        for name in ("app", "db", "redis", "sentinel", *ROLES):
            (tmp_path / name).mkdir()
        return tmp_path

    def test_lead_each_role_to_the_sentinels_with_its_own_account(self, folder):
        load_script("make_secrets").make(folder)
        client = (folder / "sentinel" / "client_password").read_text()
        assert (folder / "redis" / "sentinel_client_password").read_text() == client
        for name in ROLES:
            found = read_sentinels("REDIS_URL", (folder / name / "redis_url").read_text())
            assert found
            assert [host for host, _ in found.hosts] == [*SENTINELS]
            assert found.primary == "urna"
            assert found.account["username"] == name
            assert found.own_account == {"username": "urna", "password": client}

    def test_have_users_for_replicas_and_sentinels(self, folder):
        load_script("make_secrets").make(folder)
        users = (folder / "redis" / "users.acl").read_text()
        [replica] = [line for line in users.splitlines() if line.startswith("user replica ")]
        [sentinel] = [line for line in users.splitlines() if line.startswith("user sentinel ")]
        assert replica.endswith("+psync +replconf +ping")
        # A replica or a Sentinel has no way to the keys.
        assert "~" not in replica + sentinel
        assert "+@" not in replica + sentinel
        assert "nopass" not in replica + sentinel

    def test_keep_their_passwords_when_copies_are_added_or_left_out(self, folder):
        make = load_script("make_secrets").make

        def read() -> dict[str, str]:
            return {name: (folder / name / "redis_url").read_text() for name in ROLES}

        with_copies = folder / "sentinel"
        aside = folder / "aside"
        with_copies.rename(aside)
        make(folder)
        alone, users = read(), (folder / "redis" / "users.acl").read_text()
        assert "user sentinel" not in users
        aside.rename(with_copies)
        make(folder)
        found = {name: read_sentinels("REDIS_URL", url) for name, url in read().items()}
        assert {name: one and one.account["password"] for name, one in found.items()} == {
            name: re.fullmatch(rf"redis://{name}:(.+)@redis:6379/0", url)[1]  # type: ignore[index]
            for name, url in alone.items()
        }
        with_copies.rename(aside)
        make(folder)
        assert read() == alone
        assert (folder / "redis" / "users.acl").read_text() == users


class TestStart:
    """What a server of the box starts as, by what Sentinels say: `serve` with a stand-in for Redis's two programs."""

    @pytest.fixture
    def start(self, tmp_path: Path):
        programs, data = tmp_path / "programs", tmp_path / "data"
        for folder in (programs, data):
            folder.mkdir()
        (tmp_path / "password").write_text("a-password")

        def run(told: dict[str, str], *, has_data: bool = False, steps: int = 1) -> str:
            # The host is the second argument of redis-cli; one that tells nothing does not answer.
            answers = "".join(f"{host}) printf '{answer}' ;;\n" for host, answer in told.items())
            (programs / "redis-cli").write_text(f"#!/bin/sh\ncase $2 in\n{answers}*) exit 1 ;;\nesac\n")
            (programs / "redis-server").write_text('#!/bin/sh\necho "$@"\n')
            # It would look again for ever. Each look takes five seconds.
            clock = tmp_path / "clock"
            clock.write_text("0")
            (programs / "sleep").write_text(f"#!/bin/sh\n[ $(cat {clock}) -lt {5 * steps} ] || kill $PPID\n")
            (programs / "date").write_text(f"#!/bin/sh\ncat {clock}\necho $(($(cat {clock}) + 5)) > {clock}\n")
            for program in programs.iterdir():
                program.chmod(0o755)
            if has_data:
                (data / "appendonlydir").mkdir()
            environment = {
                "PATH": f"{programs}:{os.environ['PATH']}", "BOX_HOST": "redis", "BOX_SENTINELS": " ".join(SENTINELS),
                "BOX_DATA": str(data), "REPLICATION_PASSWORD_FILE": str(tmp_path / "password"),
                "SENTINEL_CLIENT_PASSWORD_FILE": str(tmp_path / "password"),
            }  # fmt: skip
            done = subprocess.run(
                ["sh", str(FOLDER / "box" / "serve"), "/etc/redis.conf", "--aclfile", "users"],
                env=environment, capture_output=True, text=True, timeout=60,
            )  # fmt: skip
            assert done.stderr in ("", "Terminated\n")
            return done.stdout.replace(str(data), "DATA")

        return run

    def say(self, primary: str, epoch: int = 0, replicas: int = 0, uptime: int = 0) -> str:
        """Return what a Sentinel tells of the primary, and of itself."""
        of_primary = rf"name\nurna\nip\n{primary}\nport\n6379\nnum-slaves\n{replicas}\nconfig-epoch\n{epoch}\n"
        return rf"{of_primary}uptime_in_seconds:{uptime}\r\n"

    AS_PRIMARY = "starting as the primary\nDATA/box.conf --aclfile users\n"

    def test_is_the_primary_of_a_new_installation(self, start):
        assert start({"sentinel-2": self.say("redis")}) == self.AS_PRIMARY

    def test_is_the_primary_with_its_data(self, start):
        assert start({"sentinel-2": self.say("redis", 3, 2)}, has_data=True) == self.AS_PRIMARY

    def test_waits_with_its_data_while_sentinels_may_be_choosing_another(self, start):
        told = dict.fromkeys(SENTINELS[1:], self.say("redis", 3, 2, uptime=60))
        said = start(told, has_data=True)
        assert said == "waiting for another primary: Sentinels miss this one, and may be choosing\n"

    def test_is_the_primary_with_its_data_if_no_other_was_chosen(self, start):
        told = dict.fromkeys(SENTINELS, self.say("redis", 3, 2, uptime=60))
        assert start(told, has_data=True, steps=10).endswith(self.AS_PRIMARY)

    def test_is_the_primary_with_its_data_if_most_sentinels_have_just_started(self, start):
        told = dict.fromkeys(SENTINELS, self.say("redis", 3, 2, uptime=11))
        assert start(told | {"sentinel-1": self.say("redis", 3, 2, uptime=60)}, has_data=True) == self.AS_PRIMARY

    @pytest.mark.parametrize(("epoch", "replicas"), [(0, 2), (1, 0), (1, 2)])
    def test_waits_without_its_data(self, start, epoch, replicas):
        told = dict.fromkeys(SENTINELS, self.say("redis", epoch, replicas))
        assert start(told) == "waiting for another primary: this one has lost its data\n"

    @pytest.mark.parametrize("has_data", [True, False])
    def test_is_a_replica_of_another_primary(self, start, has_data):
        said = start({"sentinel-3": self.say("redis-2", 1, 2)}, has_data=has_data)
        assert said == "starting as a replica of redis-2\nDATA/box.conf --aclfile users --replicaof redis-2 6379\n"

    def test_believes_the_sentinel_that_knows_the_latest_fail_over(self, start):
        told = {"sentinel-1": self.say("redis", 9, 2), "sentinel-2": self.say("redis-3", 10, 2)}
        told["sentinel-3"] = self.say("redis", 2, 2)
        assert "replica of redis-3" in start(told, has_data=True)

    @pytest.mark.parametrize("has_data", [True, False])
    def test_waits_while_no_sentinel_answers(self, start, has_data):
        assert start({}, has_data=has_data) == "waiting for a Sentinel\n"

    def test_accepts_nothing_without_a_replica_and_has_the_passwords_in_a_file(self, start, tmp_path):
        start({"sentinel-1": self.say("redis")})
        written = tmp_path / "data" / "box.conf"
        lines = written.read_text().splitlines()
        assert lines[0] == "include /etc/redis.conf"
        assert {"min-replicas-to-write 1", "replica-announce-ip redis", "masterauth a-password"} <= {*lines}
        assert written.stat().st_mode & 0o777 == 0o600
