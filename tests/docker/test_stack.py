"""The policies of docker/stack.yaml."""

import hashlib
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from voting_site.rights.redis_users import REPLICA, SENTINEL, write_acl
from voting_site.sentinel_address import read_sentinels

from .files import (
    DATABASE_ROLES,
    FOLDER,
    LASTING,
    ROLES,
    SERVERS,
    WEB_ROLES,
    load,
    redis_settings,
    seconds,
    services,
    size,
    words,
)

# The number of Redis's secrets, and a hash of the rights that they give. Other rights need another number, here as in
# docker/stack.yaml, docker/make-swarm-secrets, docker/verification, docker/chart and docker/make-kubernetes-secrets:
# with the old one an installation keeps the old rights.
GENERATION, RIGHTS = 11, "14ce0adfaa301745"
RIGHTS_OF_REPLICATION = "bd15471a8afe7baf"

STACK = services("stack.yaml")
DEPLOY = {name: service["deploy"] for name, service in STACK.items()}

# The Sentinels of docker/ha-stack.yaml, which has the number as well.
SENTINELS = "sentinel-1:26379,sentinel-2:26379,sentinel-3:26379"

# Keeps each secret as a file.
DOCKER = """#!/bin/sh
case "$2" in
    inspect) test -e "$SECRETS/$3" ;;
    create) cat > "$SECRETS/$3" ;;
    rm) shift 2; for one; do rm "$SECRETS/$one"; done ;;
esac
"""

# Knows the service `migrate`, and writes down with which words a job is created.
INSPECTS_MIGRATE = """#!/bin/sh
case "$*" in
    *.Image}}*) echo urna:7 ;;
    *Secrets*) printf '%s\\n' 'urna_a_11,target=urna_a' 'urna_b,target=urna_b' '' ;;
    *Env*) printf '%s\\n' 'A=' 'PROVIDERS=gitlab=City login,google=Google  it' 'QUOTED="x" *' '' ;;
    "service create "*) printf '%s\\0' "$@" > "$CREATED" ;;
    "service ps "*) echo "Complete 1 second ago" ;;
    "service logs "*) echo done ;;
esac
"""

each_service = pytest.mark.parametrize("name", STACK)
each_role = pytest.mark.parametrize("name", ROLES)
each_page = pytest.mark.parametrize("name", ["vote", "result"])


class TestFile:
    def test_has_a_format_that_stacks_read(self):
        assert tuple(map(int, load("stack.yaml")["version"].split("."))) >= (3, 8)

    def test_has_the_services_of_the_compose_file(self):
        assert STACK.keys() == {*LASTING, "migrate"}

    @each_service
    def test_says_nothing_that_stacks_ignore(self, name):
        ignored = {
            "build",
            "container_name",
            "depends_on",
            "restart",
            "security_opt",
            "tmpfs",
            "shm_size",
            "pull_policy",
        }
        assert STACK[name].keys() & ignored == set()

    @each_role
    def test_plays_roles_like_the_compose_file(self, name):
        ours, theirs = words(STACK[name]["command"]), words(services("compose.yaml")[name]["command"])
        assert ours[: len(theirs)] == theirs

    @pytest.mark.parametrize("name", LASTING)
    def test_checks_health_like_the_compose_file(self, name):
        here = services("compose.yaml")[name]["healthcheck"]
        if name == "redis":
            # Only with ha-stack.yaml there is such a file.
            here = here | {"test": ["CMD-SHELL", f"{here['test'][1]} || test -e /data/waiting"]}
        assert STACK[name]["healthcheck"] == here


class TestPages:
    @each_page
    def test_have_two_replicas(self, name):
        assert DEPLOY[name]["replicas"] == 2

    @each_page
    def test_are_updated_both_at_once_and_without_a_pause(self, name):
        update = DEPLOY[name]["update_config"]
        assert (update["parallelism"], update["order"]) == (2, "start-first")

    @each_page
    def test_go_back_when_an_update_fails(self, name):
        assert DEPLOY[name]["update_config"]["failure_action"] == "rollback"
        assert DEPLOY[name]["rollback_config"]["order"] == "start-first"

    @each_page
    def test_go_on_for_a_moment_when_told_to_stop(self, name):
        command = STACK[name]["command"]
        linger = float(command[command.index("--linger") + 1])
        assert 1 <= linger <= seconds(STACK[name]["stop_grace_period"]) - 10

    @pytest.mark.parametrize(("name", "port"), [("vote", "8000:80"), ("result", "8001:80")])
    def test_are_published_on_every_node(self, name, port):
        assert STACK[name]["ports"] == [port]

    @each_page
    def test_do_not_take_the_addresses_of_the_mesh_for_visitors(self, name):
        assert STACK[name]["environment"]["CLIENT_ADDRESS"] == "shared"


class TestSigningIn:
    def test_runs_where_it_is_asked_for(self):
        assert int(DEPLOY["signin"]["replicas"]) == 0
        assert "SIGNIN_REPLICAS" in (FOLDER / "stack.yaml").read_text()

    def test_is_updated_like_the_pages(self):
        assert DEPLOY["signin"]["update_config"] == DEPLOY["vote"]["update_config"]


class TestRestarts:
    @pytest.mark.parametrize("name", LASTING)
    def test_follow_any_end(self, name):
        """One that was stopped because it was not healthy may have ended with 0."""
        assert DEPLOY[name]["restart_policy"]["condition"] == "any"

    def test_of_what_runs_once_follow_a_failure(self):
        assert DEPLOY["migrate"]["restart_policy"]["condition"] == "on-failure"

    def test_of_redis_are_counted(self):
        wanted = {"condition": "any", "delay": "10s", "max_attempts": 3, "window": "120s"}
        assert DEPLOY["redis"]["restart_policy"] == wanted

    @pytest.mark.parametrize("name", [*ROLES, "db"])
    def test_of_others_are_not(self, name):
        assert "max_attempts" not in DEPLOY[name]["restart_policy"]


class TestPlaces:
    @pytest.mark.parametrize("name", SERVERS)
    def test_of_volumes_are_on_the_manager(self, name):
        assert DEPLOY[name]["placement"]["constraints"] == ["node.role == manager"]

    @pytest.mark.parametrize("name", SERVERS)
    def test_of_volumes_are_never_used_by_two(self, name):
        assert DEPLOY[name]["replicas"] == 1
        assert DEPLOY[name]["update_config"]["order"] == "stop-first"

    @pytest.mark.parametrize("name", [*ROLES, "migrate"])
    def test_of_roles_are_anywhere(self, name):
        assert "placement" not in DEPLOY[name]


class TestOthers:
    @pytest.mark.parametrize("name", ["admin", "worker", "beat", "redis", "db", "migrate"])
    def test_are_not_published(self, name):
        assert "ports" not in STACK[name]

    @pytest.mark.parametrize("name", ["admin", "worker", "beat"])
    def test_have_one_replica(self, name):
        assert DEPLOY[name]["replicas"] == 1

    def test_never_run_two_beats(self):
        assert DEPLOY["beat"]["update_config"].get("order", "stop-first") == "stop-first"

    def test_migrate_as_a_job(self):
        assert DEPLOY["migrate"]["mode"] == "replicated-job"


class TestNetworks:
    def test_are_overlays(self):
        assert {network["driver"] for network in load("stack.yaml")["networks"].values()} == {"overlay"}

    def test_private_is_internal(self):
        internal = [name for name, network in load("stack.yaml")["networks"].items() if network.get("internal")]
        assert internal == ["private"]

    def test_door_can_be_attached_to(self):
        attachable = [name for name, network in load("stack.yaml")["networks"].items() if network.get("attachable")]
        assert attachable == ["door"]

    @each_service
    def test_of_services_are_those_of_the_compose_file(self, name):
        assert set(STACK[name]["networks"]) == set(services("compose.yaml")[name]["networks"])

    def test_know_the_database_by_its_alias(self):
        assert STACK["db"]["networks"]["private"] == {"aliases": ["bbdd"]}


class TestSecrets:
    def test_are_made_outside(self):
        assert all(secret["external"] is True for secret in load("stack.yaml")["secrets"].values())

    @pytest.fixture
    def made(self, tmp_path: Path) -> Path:
        """The folder of secrets after the script has run, with a stand-in for the engine that keeps files."""
        (tmp_path / "docker").write_text(DOCKER)
        (tmp_path / "docker").chmod(0o755)
        self.make(tmp_path)
        return tmp_path

    def make(self, folder: Path) -> str:
        environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "SECRETS": str(folder)}
        done = subprocess.run([FOLDER / "make-swarm-secrets"], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def test_are_those_that_the_script_makes(self, made: Path):
        named = {
            secret.get("name", name)
            for file in ("stack.yaml", "ha-stack.yaml")
            for name, secret in load(file)["secrets"].items()
        }
        assert {path.name for path in made.iterdir()} - {"docker"} == named

    def test_stay_when_they_are_there(self, made: Path):
        first = {path: path.read_text() for path in made.iterdir()}
        assert self.make(made) == ""
        assert {path: path.read_text() for path in made.iterdir()} == first

    def test_missing_from_an_old_installation_are_added(self, made: Path):
        old = ("docker", "urna_secret_key", "urna_db_password", "urna_database_url", "urna_admin_password")
        first = {name: (made / name).read_text() for name in old}
        for path in made.iterdir():
            if path.name not in old:
                path.unlink()
        self.make(made)
        assert {name: (made / name).read_text() for name in old} == first
        self.test_are_those_that_the_script_makes(made)

    def test_of_redis_fit_together(self, made: Path):
        users = ("vote", "result", "signin", "admin", "worker", "beat", "operator")
        urls = {user: (made / f"urna_{user}_redis_url_{GENERATION}").read_text() for user in users}
        passwords = {user: urlsplit(url).password or "" for user, url in urls.items()}
        assert (made / f"urna_redis_users_{GENERATION}").read_text() + "\n" == write_acl(passwords)
        assert (made / f"urna_redis_password_{GENERATION}").read_text() == passwords["operator"]
        assert len(set(passwords.values())) == len(users)

    def test_of_copies_fit_together_and_to_those_of_one_redis(self, made: Path):
        users = ("vote", "result", "signin", "admin", "worker", "beat", "operator")
        client = (made / f"urna_sentinel_client_password_{GENERATION}").read_text()
        passwords = {user: (made / f"urna_{user}_password_{GENERATION}").read_text() for user in (REPLICA, SENTINEL)}
        for user in users:
            alone = urlsplit((made / f"urna_{user}_redis_url_{GENERATION}").read_text())
            found = read_sentinels("REDIS_URL", (made / f"urna_{user}_sentinel_url_{GENERATION}").read_text())
            assert found
            assert found.account == {"username": user, "password": alone.password}
            assert found.own_account == {"username": "urna", "password": client}
            assert [f"{host}:{port}" for host, port in found.hosts] == SENTINELS.split(",")
            passwords[user] = alone.password or ""
        written = (made / f"urna_redis_copies_users_{GENERATION}").read_text() + "\n"
        assert written == write_acl(passwords, with_replication=True)
        assert len({client, *passwords.values()}) == len(users) + 3

    def test_of_redis_have_another_number_for_other_rights(self):
        assert hashlib.sha256(write_acl().encode()).hexdigest()[:16] == RIGHTS, "see GENERATION"
        more = write_acl(with_replication=True).removeprefix(write_acl())
        assert hashlib.sha256(more.encode()).hexdigest()[:16] == RIGHTS_OF_REPLICATION, "see GENERATION"

    @each_role
    def test_of_a_role_are_its_own_and_the_key(self, name):
        wanted = {"urna_secret_key", f"urna_{name}_redis_url"}
        database = {f"urna_{name}_database_url"} if name in DATABASE_ROLES else set()
        assert set(STACK[name]["secrets"]) == wanted | database
        found = {key: value for key, value in STACK[name]["environment"].items() if key.endswith("_URL_FILE")}
        assert set(found.values()) == {f"/run/secrets/{one}" for one in (wanted | database) - {"urna_secret_key"}}

    def test_of_migrate_are_all_that_its_environment_names(self):
        named = {value for value in STACK["migrate"]["environment"].values() if str(value).startswith("/run/secrets/")}
        assert named | {"/run/secrets/urna_admin_password"} == {
            f"/run/secrets/{one}" for one in STACK["migrate"]["secrets"]
        }

    def test_tell_redis_its_users(self):
        assert words(STACK["redis"]["command"])[2:] == ["--aclfile", "/run/secrets/urna_redis_users"]
        assert STACK["redis"]["secrets"] == ["urna_redis_users", "urna_redis_password"]

    def test_of_the_administrator_are_for_migrate_alone(self):
        assert [name for name, one in STACK.items() if "urna_admin_password" in one.get("secrets", [])] == ["migrate"]

    def test_of_redis_is_a_config_with_a_number(self):
        config = load("stack.yaml")["configs"]["redis"]
        assert config["file"] == "./redis.conf"
        assert re.fullmatch(r"urna_redis_conf_\d+", config["name"])
        assert STACK["redis"]["configs"] == [{"source": "redis", "target": "/etc/redis.conf"}]


class TestRights:
    @each_service
    def test_are_few(self, name):
        assert STACK[name]["read_only"] is True
        assert STACK[name]["cap_drop"] == ["ALL"]

    def test_belong_to_users_with_a_name(self):
        users = {name: one["user"] for name, one in STACK.items() if "user" in one}
        assert users == {"redis": "redis", "db": "postgres"}

    @pytest.mark.parametrize("name", WEB_ROLES)
    def test_below_1024_need_no_root(self, name):
        assert STACK[name]["sysctls"] == {"net.ipv4.ip_unprivileged_port_start": 0}


class TestLimits:
    @each_service
    def test_hold_memory_and_processors(self, name):
        assert DEPLOY[name]["resources"]["limits"].keys() == {"memory", "cpus", "pids"}

    @each_service
    def test_hold_logs(self, name):
        assert STACK[name]["logging"]["options"].keys() == {"max-size", "max-file"}

    def test_leave_redis_room_to_rewrite_its_file(self):
        limit = DEPLOY["redis"]["resources"]["limits"]["memory"]
        assert size(redis_settings()["maxmemory"]) <= 0.6 * size(limit)


class TestScripts:
    @pytest.mark.parametrize("name", ["admin-door", "make-swarm-secrets", "manage", "update", "verify"])
    def test_can_be_run(self, name):
        assert os.access(FOLDER / name, os.X_OK)

    def test_update_the_worker_before_vote(self):
        [order] = re.findall(r"^for service in (.*); do$", (FOLDER / "update").read_text(), re.MULTILINE)
        assert order.split() == ["migrate", "worker", "beat", "admin", "result", "signin", "vote"]

    def test_give_a_job_what_migrate_has_word_for_word(self, tmp_path):
        (tmp_path / "docker").write_text(INSPECTS_MIGRATE)
        (tmp_path / "docker").chmod(0o755)
        environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CREATED": str(tmp_path / "created")}
        done = subprocess.run(
            [FOLDER / "manage", "shell", "-c", "a b"], env=environment, capture_output=True, text=True
        )
        assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
        words = (tmp_path / "created").read_text().split("\0")[:-1]
        assert words[-6:] == ["urna:7", "python", "manage.py", "shell", "-c", "a b"]
        given = {
            name: [words[place + 1] for place, one in enumerate(words) if one == f"--{name}"]
            for name in ("env", "secret")
        }
        assert sorted(given["env"]) == ["A=", "PROVIDERS=gitlab=City login,google=Google  it", 'QUOTED="x" *']
        assert sorted(given["secret"]) == ["source=urna_a_11,target=urna_a", "source=urna_b,target=urna_b"]

    def test_open_the_door_on_loopback_alone(self):
        published = re.findall(r"--publish \"?(\S+?)\"? ", (FOLDER / "admin-door").read_text())
        assert published == ["127.0.0.1:$port:8002"]
