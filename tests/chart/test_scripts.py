"""The scripts around the chart, with stand-ins for kubectl and helm that write down what they are told."""

import base64
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from voting_site.rights.redis_users import write_acl
from voting_site.roles import ROLES, WITH_DATABASE
from voting_site.sentinel_address import read_sentinels

from ..docker.files import FOLDER
from ..docker.test_stack import GENERATION

# Keeps each Secret as a file.
KEEPS_SECRETS = """#!/usr/bin/env python3
import base64, json, os, pathlib, sys
def kept(file):
    secret = json.loads(file.read_text())
    secret["data"] = {key: base64.b64encode(value.encode()).decode() for key, value in secret.pop("stringData").items()}
    return secret
folder, words = pathlib.Path(os.environ["SECRETS"]), sys.argv[1:]
if words[:2] == ["get", "secrets"]:
    print(json.dumps({"items": [kept(one) for one in folder.glob("*.json")]}))
elif words[0] == "create":
    secret = json.load(sys.stdin)
    (folder / f"{secret['metadata']['name']}.json").open("x").write(json.dumps(secret))
"""
# The deployment of `signin` is missing, and that of the role in FAILS does not start.
WRITES_DOWN = """#!/bin/sh
echo "$(basename "$0") $*" >> "$LOG"
case "$(basename "$0") $*" in
    "helm history "*) printf '%s\\n' '- chart: urna-0.1.0' '  revision: 7' ;;
    *jsonpath*) printf registry.example.org:5000/urna:1 ;;
    *"get deployment urna-signin"*) ;;
    *"get deployment"*) echo "deployment.apps/$3" ;;
    *"rollout status deployment.apps/urna-$FAILS "*) exit 1 ;;
esac
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder of programs that come before all others."""
    return tmp_path


def put(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def run(folder: Path, script: str, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"} | more
    return subprocess.run([FOLDER / script, *words], env=environment, capture_output=True, text=True)


class TestSecrets:
    @pytest.fixture
    def made(self, programs: Path) -> Path:
        put(programs, "kubectl", KEEPS_SECRETS)
        (programs / "secrets").mkdir()
        self.make(programs)
        return programs / "secrets"

    def make(self, programs: Path) -> "subprocess.CompletedProcess[str]":
        done = run(programs, "make-kubernetes-secrets", SECRETS=str(programs / "secrets"))
        assert done.returncode == 0, done.stderr
        return done

    def values(self, folder: Path) -> dict[str, dict[str, str]]:
        found = [json.loads(one.read_text()) for one in folder.iterdir()]
        return {one["metadata"]["name"]: one["stringData"] for one in found}

    def test_are_those_that_the_chart_names(self, made: Path):
        redis = {f"urna-{user}-redis-{GENERATION}" for user in (*ROLES, "operator")}
        database = {f"urna-{name}-database" for name in (*WITH_DATABASE, "owner")}
        assert self.values(made).keys() == redis | database | {
            "urna-secret-key",
            "urna-admin-password",
            f"urna-redis-users-{GENERATION}",
        }

    def test_stay_when_they_are_there(self, made: Path):
        before = self.values(made)
        done = self.make(made.parent)
        assert (done.stdout, done.stderr) == ("", "")
        assert self.values(made) == before

    def test_for_one_redis_are_not_taken_for_those_with_sentinels(self, made: Path):
        before = self.values(made)
        done = run(
            made.parent, "make-kubernetes-secrets", "--sentinels=box-0.box:26379,box-1.box:26379", SECRETS=str(made)
        )
        assert done.returncode == 1
        assert "is there already, for one Redis" in done.stderr
        assert "Nothing was made." in done.stderr
        assert self.values(made) == before

    def test_that_are_missing_are_added(self, made: Path):
        before = self.values(made)
        (made / "urna-signin-database.json").unlink()
        assert self.make(made.parent).stdout == "made urna-signin-database\n"
        after = self.values(made)
        assert after.keys() == before.keys()
        assert {name for name in after if after[name] != before[name]} == {"urna-signin-database"}

    def test_of_redis_are_completed_where_a_call_broke_off(self, made: Path):
        before = self.values(made)
        for name in ("redis-users", "beat-redis"):
            (made / f"urna-{name}-{GENERATION}.json").unlink()
        self.make(made.parent)
        after = self.values(made)
        changed = {name for name in after if after[name] != before[name]}
        assert changed == {f"urna-redis-users-{GENERATION}", f"urna-beat-redis-{GENERATION}"}
        self.test_of_redis_fit_together(made)

    def test_of_redis_fit_together(self, made: Path):
        values = self.values(made)
        users = (*ROLES, "operator")
        passwords = {user: urlsplit(values[f"urna-{user}-redis-{GENERATION}"]["url"]).password or "" for user in users}
        assert values[f"urna-redis-users-{GENERATION}"] == {"users.acl": write_acl(passwords)}
        assert len(set(passwords.values())) == len(users)
        assert min(map(len, passwords.values())) >= 40

    def test_of_the_owner_are_what_the_operator_of_the_database_reads(self, made: Path):
        owner = json.loads((made / "urna-owner-database.json").read_text())
        assert owner["type"] == "kubernetes.io/basic-auth"
        values = owner["stringData"]
        assert values["url"] == f"postgres://urna:{values['password']}@urna-db-rw:5432/urna"
        assert values["username"] == "urna"

    def test_cannot_be_changed(self, made: Path):
        assert all(json.loads(one.read_text())["immutable"] is True for one in made.iterdir())

    def test_tell_the_first_password_once(self, programs: Path):
        put(programs, "kubectl", KEEPS_SECRETS)
        (programs / "secrets").mkdir()
        told = re.search(r"first password: (\S+) ", self.make(programs).stderr)
        assert told
        assert self.values(programs / "secrets")["urna-admin-password"] == {"password": told[1]}

    def test_do_not_show_in_a_list_of_processes(self, made: Path):
        put(made.parent, "kubectl", KEEPS_SECRETS + 'print(words, file=open(folder.parent / "words", "a"))\n')
        for one in made.iterdir():
            one.unlink()
        self.make(made.parent)
        words = (made.parent / "words").read_text()
        secret = [value for values in self.values(made).values() for value in values.values() if value != "urna"]
        assert words.count("create") == len(self.values(made))
        assert not [one for one in secret if one in words or base64.b64encode(one.encode()).decode() in words]

    def test_can_be_printed_for_other_servers(self, programs: Path):
        options = ["--print", "--database=db.example.org:5433", "--redis=box.example.org:7000", "--prefix=ours"]
        # A kubectl that fails: no cluster is asked.
        put(programs, "kubectl", "#!/bin/sh\nexit 1\n")
        done = run(programs, "make-kubernetes-secrets", *options)
        found = {one["metadata"]["name"]: one["stringData"] for one in json.loads(done.stdout)["items"]}
        assert urlsplit(found["ours-worker-database"]["url"]).netloc.endswith("@db.example.org:5433")
        assert urlsplit(found[f"ours-vote-redis-{GENERATION}"]["url"]).netloc.endswith("@box.example.org:7000")

    def test_can_be_printed_for_sentinels(self, programs: Path):
        sentinels = "box-0.example.org:26379,box-1.example.org:26379"
        done = run(programs, "make-kubernetes-secrets", "--print", f"--sentinels={sentinels}")
        found = {one["metadata"]["name"]: one["stringData"] for one in json.loads(done.stdout)["items"]}
        known = found[f"urna-redis-replication-{GENERATION}"]
        assert known.keys() == {"replica", "sentinel", "urna"}
        passwords = {user: known[user] for user in ("replica", "sentinel")}
        for user in (*ROLES, "operator"):
            address = read_sentinels("REDIS_URL", found[f"urna-{user}-redis-{GENERATION}"]["url"])
            assert address
            assert address.own_account == {"username": "urna", "password": known["urna"]}
            assert (address.primary, len(address.hosts)) == ("urna", 2)
            passwords[user] = address.account["password"] or ""
        users = found[f"urna-redis-users-{GENERATION}"]["users.acl"]
        assert users == write_acl(passwords, with_replication=True)

    def test_are_not_made_where_the_cluster_does_not_answer(self, programs: Path):
        put(programs, "kubectl", "#!/bin/sh\nexit 3\n")
        done = run(programs, "make-kubernetes-secrets")
        assert (done.returncode, done.stdout) == (3, "")


class TestUpdate:
    def update(self, folder: Path, fails: str = "-") -> tuple[int, list[str]]:
        for name in ("kubectl", "helm"):
            put(folder, name, WRITES_DOWN)
        done = run(folder, "helm-update", "2", LOG=str(folder / "log"), FAILS=fails)
        return done.returncode, (folder / "log").read_text().splitlines()

    def held(self, lines: list[str]) -> list[dict[str, Any]]:
        """Return what each upgrade holds back."""
        found = [re.search(r"image\.held=(\{.*\})", line) for line in lines if line.startswith("helm upgrade")]
        return [json.loads(one[1]) for one in found if one]

    def test_keeps_the_order_of_the_stack(self, programs: Path):
        [order] = re.findall(r"^for service in (.*); do$", (FOLDER / "update").read_text(), re.MULTILINE)
        migrate, *names = order.split()
        assert migrate == "migrate"
        code, lines = self.update(programs)
        assert code == 0
        assert [one["roles"] for one in self.held(lines)] == [names[n + 1 :] for n in range(len(names))]
        assert {one["tag"] for one in self.held(lines)} == {"1"}

    def test_says_how_to_go_back(self, programs: Path):
        for name in ("kubectl", "helm"):
            put(programs, name, WRITES_DOWN)
        done = run(programs, "helm-update", "2", LOG=str(programs / "log"), FAILS="-")
        assert done.stdout.startswith("back again, but for the schema: helm rollback urna 7\n")

    def test_migrates_first_and_once(self, programs: Path):
        upgrades = [line for line in self.update(programs)[1] if line.startswith("helm upgrade")]
        assert [("--no-hooks" in line) for line in upgrades] == [False] + [True] * (len(upgrades) - 1)
        assert all("image.tag=2" in line and "--reset-then-reuse-values" in line for line in upgrades)

    def test_waits_for_each_role_that_is_there(self, programs: Path):
        lines = self.update(programs)[1]
        waited = [line.split("urna-")[1].split()[0] for line in lines if "rollout status" in line]
        assert waited == ["worker", "beat", "admin", "result", "vote"]

    @pytest.mark.parametrize(("role", "done"), [("worker", 1), ("result", 4)])
    def test_goes_no_further_than_a_role_that_does_not_start(self, programs: Path, role: str, done: int):
        code, lines = self.update(programs, fails=role)
        assert code != 0
        assert len(self.held(lines)) == done
        assert "vote" in self.held(lines)[-1]["roles"]


class TestManage:
    def test_runs_one_job_with_the_words_as_they_are(self, programs: Path):
        put(programs, "helm", '#!/bin/sh\nprintf "%s\\n" "$@" >> "$LOG"\n')
        answers = 'case "$*" in create*) echo job/x ;; get*) echo Complete ;; logs*) echo said ;; esac\n'
        put(programs, "kubectl", '#!/bin/sh\necho "$*" >> "$LOG.kubectl"\n' + answers)
        log = programs / "log"
        done = run(programs, "helm-manage", "close_election", 'a "b" \\c', LOG=str(log))
        assert (done.returncode, done.stdout) == (0, "said\n")
        [command] = [line for line in log.read_text().splitlines() if line.startswith("prepare.command=")]
        assert json.loads(command.partition("=")[2]) == ["close_election", 'a "b" \\c']
        assert (programs / "log.kubectl").read_text().splitlines()[-1] == "delete job/x --wait=false"

    def test_fails_like_its_command(self, programs: Path):
        put(programs, "helm", "#!/bin/sh\n")
        answers = 'case "$*" in create*) echo job/x ;; get*) echo FailureTarget Failed ;; esac\n'
        put(programs, "kubectl", "#!/bin/sh\n" + answers)
        assert run(programs, "helm-manage", "reconcile").returncode == 1


@pytest.mark.parametrize("name", ["make-kubernetes-secrets", "helm-update", "helm-manage"])
def test_scripts_can_be_run(name):
    assert os.access(FOLDER / name, os.X_OK)
