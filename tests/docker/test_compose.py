"""The policies of docker/compose.yaml."""

import re
from typing import Any

import pytest
from django.conf import settings

from tests.test_docs import documented_variables

from .files import (
    DATABASE_ROLES,
    FOLDER,
    LASTING,
    OPTIONAL,
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

COMPOSE = services("compose.yaml")
SETTINGS = FOLDER.parent / "docs/settings.md"
ONE_SHOT = ("secrets", "migrate", "seed", "certificates")
FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file() and path.suffix != ".pyc")

each_service = pytest.mark.parametrize("name", COMPOSE)
each_lasting = pytest.mark.parametrize("name", [*LASTING, "proxy"])
each_role = pytest.mark.parametrize("name", ROLES)


def needs(name: str) -> dict[str, str]:
    """Return what a service waits for, and until when."""
    return {other: wait["condition"] for other, wait in COMPOSE[name].get("depends_on", {}).items()}


def mounts(name: str) -> dict[str, str]:
    """Return the volumes of a service, each with where and how it is mounted."""
    return dict(volume.split(":", 1) for volume in COMPOSE[name].get("volumes", []))


class TestServices:
    def test_are_those_of_the_exercise(self):
        assert {name for name, one in COMPOSE.items() if "profiles" not in one} == {
            *LASTING,
            "migrate",
            "secrets",
        } - {OPTIONAL}

    def test_of_profiles_do_not_start_by_themselves(self):
        profiles = {name: one["profiles"] for name, one in COMPOSE.items() if "profiles" in one}
        assert profiles == {"signin": ["signin"], "seed": ["seed"], "proxy": ["tls"], "certificates": ["tls"]}

    @each_role
    def test_play_the_role_of_their_name(self, name):
        assert words(COMPOSE[name]["command"])[:4] == ["python", "manage.py", "run", name]

    def test_share_one_image_that_one_of_them_builds(self):
        images = {one["image"] for name, one in COMPOSE.items() if name not in (*SERVERS, "proxy")}
        assert images == {"urna:latest"}
        assert [name for name, one in COMPOSE.items() if "build" in one] == ["secrets"]

    def test_use_the_official_images(self):
        images = [COMPOSE[name]["image"] for name in ("redis", "db", "proxy")]
        assert images == ["redis:8-alpine", "postgres:17-alpine", "caddy:2-alpine"]

    def test_have_images_and_ports_that_the_environment_can_change(self):
        text = (FOLDER / "compose.yaml").read_text()
        for variable in ("URNA_IMAGE", "REDIS_IMAGE", "POSTGRES_IMAGE", "PROXY_IMAGE", "PYTHON_IMAGE",
                         "VOTE_PORT", "RESULT_PORT", "SIGNIN_PORT", "ADMIN_PORT", "HTTP_PORT",
                         "HTTPS_PORT"):  # fmt: skip
            assert f"${{{variable}:-" in text, variable

    def test_have_a_project_name_that_is_not_the_folders(self):
        assert load("compose.yaml")["name"] == "urna"


class TestPorts:
    @pytest.mark.parametrize(("name", "port"), [("vote", "8000:80"), ("result", "8001:80"), ("signin", "8003:80")])
    def test_of_the_pages(self, name, port):
        assert COMPOSE[name]["ports"] == [port]

    def test_of_the_administration_is_open_on_loopback_alone(self):
        assert COMPOSE["admin"]["ports"] == ["127.0.0.1:8002:80"]

    @pytest.mark.parametrize("name", [*SERVERS, "worker", "beat", *ONE_SHOT])
    def test_of_all_others_stay_closed(self, name):
        assert "ports" not in COMPOSE[name]

    @pytest.mark.parametrize("name", WEB_ROLES)
    def test_below_1024_need_no_root(self, name):
        assert COMPOSE[name]["sysctls"] == {"net.ipv4.ip_unprivileged_port_start": 0}


class TestNetworks:
    def test_private_is_internal(self):
        assert load("compose.yaml")["networks"]["private"] == {"internal": True}

    @pytest.mark.parametrize("network", ["public", "door"])
    def test_others_are_not(self, network):
        assert not load("compose.yaml")["networks"][network]

    def test_public_and_private_meet_in_the_public_pages_alone(self):
        both = {name for name, one in COMPOSE.items() if {"public", "private"} <= set(one.get("networks", []))}
        assert both == {"vote", "result", "signin"}

    def test_door_leads_to_the_administration_alone(self):
        assert {name for name, one in COMPOSE.items() if "door" in one.get("networks", [])} == {"admin"}

    @pytest.mark.parametrize("name", [*SERVERS, "worker", "beat", "migrate"])
    def test_hide_what_nobody_outside_talks_to(self, name):
        assert list(COMPOSE[name]["networks"]) == ["private"]

    def test_know_the_database_by_its_alias(self):
        assert COMPOSE["db"]["networks"]["private"] == {"aliases": ["bbdd"]}


class TestOrder:
    @each_role
    def test_waits_for_a_healthy_redis_and_the_schema(self, name):
        assert needs(name)["redis"] == "service_healthy"
        assert needs(name)["migrate"] == "service_completed_successfully"

    @pytest.mark.parametrize("name", ["result", "signin", "admin", "worker", "migrate"])
    def test_waits_for_a_healthy_database(self, name):
        assert needs(name)["db"] == "service_healthy"

    def test_of_vote_knows_no_database(self):
        assert "db" not in needs("vote")

    @pytest.mark.parametrize("name", ["db", "redis", "migrate", "certificates"])
    def test_waits_for_the_secrets(self, name):
        assert needs(name)["secrets"] == "service_completed_successfully"

    @pytest.mark.parametrize(("name", "page"), [("seed", "vote"), ("proxy", "vote"), ("proxy", "result")])
    def test_waits_for_the_pages(self, name, page):
        assert needs(name)[page] == "service_healthy"


class TestFailure:
    @each_lasting
    def test_brings_a_service_back(self, name):
        assert COMPOSE[name]["restart"] == "unless-stopped"

    @pytest.mark.parametrize("name", ONE_SHOT)
    def test_does_not_repeat_what_runs_once(self, name):
        assert COMPOSE[name]["restart"] == "no"

    @each_lasting
    def test_is_seen_by_a_health_check(self, name):
        assert COMPOSE[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")

    @each_lasting
    def test_is_seen_with_tools_that_every_image_has(self, name):
        kind, first, *_ = COMPOSE[name]["healthcheck"]["test"]
        tools = {"CMD": {"python", "pg_isready"}, "CMD-SHELL": {"redis-cli", "grep"}}
        assert first.split()[0] in tools[kind]

    @pytest.mark.parametrize("name", [name for name in COMPOSE if name not in (*SERVERS, "proxy")])
    def test_of_a_child_is_seen_by_an_init(self, name):
        assert COMPOSE[name]["init"] is True

    @each_role
    def test_to_stop_is_given_time_for(self, name):
        assert seconds(COMPOSE[name]["stop_grace_period"]) > 10

    @each_role
    def test_of_a_server_is_noticed_by_name_in_a_second(self, name):
        assert COMPOSE[name]["dns_opt"] == ["timeout:1", "attempts:1"]

    def test_of_the_database_is_not_made_by_the_engine(self):
        assert COMPOSE["db"]["stop_signal"] == "SIGINT"
        assert seconds(COMPOSE["db"]["stop_grace_period"]) >= 30


class TestRights:
    @each_service
    def test_do_not_reach_into_the_image(self, name):
        assert COMPOSE[name]["read_only"] is True

    @each_service
    def test_hold_no_capability(self, name):
        assert COMPOSE[name]["cap_drop"] == ["ALL"]

    @each_service
    def test_are_not_gained_afterwards(self, name):
        assert COMPOSE[name]["security_opt"] == ["no-new-privileges:true"]
        assert "privileged" not in COMPOSE[name]

    def test_to_bind_a_port_are_the_proxys_alone(self):
        added = {name: one["cap_add"] for name, one in COMPOSE.items() if "cap_add" in one}
        assert added == {"proxy": ["NET_BIND_SERVICE"]}

    def test_belong_to_users_with_a_name(self):
        users = {name: one["user"] for name, one in COMPOSE.items() if "user" in one}
        assert users == {"redis": "redis", "db": "postgres", "proxy": "nobody"}

    @pytest.mark.parametrize("name", [*ROLES, *ONE_SHOT, "db", "proxy"])
    def test_to_write_are_for_tmp(self, name):
        assert COMPOSE[name]["tmpfs"] == ["/tmp:size=16m"]


class TestLimits:
    @each_service
    def test_hold_memory_processors_and_processes(self, name):
        assert COMPOSE[name]["deploy"]["resources"]["limits"].keys() == {"memory", "cpus", "pids"}

    @each_service
    def test_hold_logs(self, name):
        options = COMPOSE[name]["logging"]["options"]
        assert size(options["max-size"]) * int(options["max-file"]) <= size("100m")

    def test_leave_redis_room_to_rewrite_its_file(self):
        limit = COMPOSE["redis"]["deploy"]["resources"]["limits"]["memory"]
        assert size(redis_settings()["maxmemory"]) <= 0.6 * size(limit)


class TestBallotBox:
    @pytest.mark.parametrize(
        ("name", "value"), [("appendonly", "yes"), ("appendfsync", "always"), ("maxmemory-policy", "noeviction")]
    )
    def test_keeps_what_it_accepted(self, name, value):
        assert redis_settings()[name] == value

    def test_runs_with_that_file(self):
        assert words(COMPOSE["redis"]["command"])[:2] == ["redis-server", "/etc/redis.conf"]
        assert COMPOSE["redis"]["configs"] == [{"source": "redis", "target": "/etc/redis.conf"}]
        assert load("compose.yaml")["configs"]["redis"] == {"file": "./redis.conf"}

    def test_has_a_volume(self):
        assert mounts("redis")["redis-data"] == "/data"
        assert redis_settings()["dir"] == "/data"


class TestSecrets:
    def test_are_written_by_one_service_alone(self):
        writers = {
            (name, volume)
            for name in COMPOSE
            for volume, how in mounts(name).items()
            if volume.endswith("-secrets") and not how.endswith(":ro")
        }
        assert writers == {("secrets", f"{circle}-secrets") for circle in ("app", "db", "redis", *ROLES)}

    @each_role
    def test_of_a_role_are_its_own_and_the_key(self, name):
        assert mounts(name) == {"app-secrets": "/secrets/app:ro", f"{name}-secrets": f"/secrets/{name}:ro"}
        assert COMPOSE[name]["environment"]["REDIS_URL_FILE"] == f"/secrets/{name}/redis_url"

    @each_role
    def test_of_the_database_are_for_who_talks_to_it(self, name):
        found = {name: value for name, value in COMPOSE[name]["environment"].items() if "DATABASE" in name}
        assert found == ({"DATABASE_URL_FILE": f"/secrets/{name}/database_url"} if name in DATABASE_ROLES else {})

    @pytest.mark.parametrize("name", SERVERS)
    def test_of_a_server_are_its_own(self, name):
        assert [one for one in mounts(name) if one.endswith("-secrets")] == [f"{name}-secrets"]

    def test_of_the_owner_are_for_migrate(self):
        environment = COMPOSE["migrate"]["environment"]
        assert environment["DATABASE_URL_FILE"] == "/secrets/db/url"
        assert environment["REDIS_URL_FILE"] == "/secrets/redis/operator_url"
        for role in DATABASE_ROLES:
            assert environment[f"{role.upper()}_DATABASE_URL_FILE"] == f"/secrets/{role}/database_url"

    def test_at_a_provider_are_for_the_role_that_asks_it(self):
        assert [name for name, one in COMPOSE.items() if "SIGNIN_CLIENTS" in str(one.get("environment"))] == [OPTIONAL]

    def test_tell_redis_its_users(self):
        assert words(COMPOSE["redis"]["command"])[2:] == ["--aclfile", "/secrets/redis/users.acl"]

    @pytest.mark.parametrize("name", [*ROLES, "migrate"])
    def test_come_as_files(self, name):
        environment = COMPOSE[name]["environment"]
        assert environment["SECRET_KEY_FILE"] == "/secrets/app/secret_key"
        assert not [one for one in environment if one.endswith(("SECRET_KEY", "DATABASE_URL", "REDIS_URL"))]

    @pytest.mark.parametrize(
        "file", sorted(path for path in FOLDER.rglob("*") if path.is_file()), ids=lambda path: path.name
    )
    def test_stand_in_no_file_of_the_repository(self, file):
        if file.suffix == ".pyc":
            return
        found = re.findall(
            r"(?im)^\s*\w*(?:password|secret_key)\w*\s*[:=]\s*[\"']?([\w-]{8,})[\"']?\s*$", file.read_text()
        )
        assert found == []

    def test_make_no_network(self):
        assert COMPOSE["secrets"]["network_mode"] == "none"


class TestAddresses:
    @pytest.mark.parametrize("name", ["vote", "result", "signin"])
    def test_are_the_visitors_own(self, name):
        assert COMPOSE[name]["environment"]["CLIENT_ADDRESS"] == "direct"

    @pytest.mark.parametrize("name", ["vote", "result", "signin"])
    def test_are_nobodys_word_unless_a_proxy_is_named(self, name):
        assert not COMPOSE[name]["environment"]["TRUSTED_PROXIES"]

    @pytest.mark.parametrize(
        "name",
        [
            "NEWCOMER_BURST", "NEWCOMER_INTERVAL_MS", "POW_DIFFICULTY", "SOCKETS_LIMIT", "SOCKETS_PER_ADDRESS",
            "RESULT_THREADS", "REQUEST_TIMEOUT", "ANSWER_TIMEOUT", "FRAME_TIMEOUT", "VOTER_BURST", "VOTER_INTERVAL_MS",
            "WRONG_CODE_BURST", "WRONG_CODE_INTERVAL_MS", "DRAIN_BATCH_SIZE", "TURNOUT_SMALLEST_GROUP", "REDIS_TIMEOUT",
        ],
    )  # fmt: skip
    def test_are_limited_as_the_settings_do(self, name):
        assert float(COMPOSE["vote"]["environment"][name]) == getattr(settings, name)


class TestSettings:
    # Addresses of servers come as secrets, and a box on several masters is not in these files. The image has its own
    # folder, and the engine names the process.
    ELSEWHERE = re.compile(r"\w+_(REDIS|BALLOT_BOX)_URL|BALLOT_BOX_URL|STATIC_ROOT|URNA_(DATA|REPLICA|ROLE)")
    # A file of one's own beside the stack has them, as docs/deployment.md says, and docker/backup-stack.yaml.
    BESIDE_THE_STACK = re.compile(r"EMAIL_\w+|BOUNCES_URL|MAILS_PER_MINUTE|BACKUPS_KEPT")

    @pytest.mark.parametrize(
        ("files", "elsewhere"),
        [
            (("compose.yaml", "mail.yaml", "backup.yaml"), [ELSEWHERE]),
            (("stack.yaml",), [ELSEWHERE, BESIDE_THE_STACK]),
        ],
    )
    def test_reach_the_services(self, files, elsewhere):
        text = "".join((FOLDER / file).read_text() for file in files)
        missing = {
            name for name in documented_variables(SETTINGS.read_text()) if not re.search(rf"\b{name}(_FILE)?:", text)
        }
        assert {name for name in missing if not any(one.fullmatch(name) for one in elsewhere)} == set()

    def test_of_connections_are_the_defaults(self):
        found = {role: COMPOSE["migrate"]["environment"][f"{role.upper()}_CONNECTIONS"] for role in DATABASE_ROLES}
        assert {role: int(number) for role, number in found.items()} == settings.DATABASE_CONNECTIONS


class TestTls:
    @pytest.mark.parametrize("name", ["vote", "result"])
    def test_is_off_unless_asked_for(self, name):
        assert COMPOSE[name]["environment"]["URNA_TLS"] in ("off", False)

    def test_leaves_the_administration_alone(self):
        environment: dict[str, Any] = COMPOSE["admin"]["environment"]
        assert "URNA_TLS" not in environment
        assert "ALLOWED_HOSTS" not in environment

    def test_is_one_file_of_settings(self):
        lines = (FOLDER / "tls.env").read_text().splitlines()
        found = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
        assert found["URNA_TLS"] == "proxy"
        assert found["COMPOSE_PROFILES"] == "tls"
        assert found["PAGES_ADDRESS"] == "127.0.0.1"
        # Not the network: requests from this machine have its gateway's address, and may be from any program.
        assert found["TRUSTED_PROXIES"] == "proxy"
        assert found["ALLOWED_HOSTS"].split(",") == [found["VOTE_HOST"], found["RESULT_HOST"]]

    def test_stands_before_the_public_pages(self):
        caddyfile = (FOLDER / "Caddyfile").read_text()
        assert re.findall(r"reverse_proxy (\S+)", caddyfile) == ["vote:80", "result:80", "signin:80"]
        assert caddyfile.count("tls {$SIGNIN_CERTIFICATES}\n\timport past_the_door") == 1
        assert caddyfile.count("tls {$PROXY_CERTIFICATES}\n\timport past_the_door") == 2

    def test_lets_no_header_pass_that_is_read_as_another(self):
        assert "\trequest_header -X_*\n" in (FOLDER / "Caddyfile").read_text()
