"""The pods of the chart as processes of this machine, over a PostgreSQL and a Valkey that are set up as in a cluster.

What runs is what the manifests say: commands, environment, files of secrets and probes. Only places are others: ports,
the folders of secrets and of `/tmp`, and the address, which is the loopback one.
"""

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import yaml

from voting_site.local import embedded
from voting_site.local.data_folder import DataFolder
from voting_site.local.ports import free_port
from voting_site.local.postgres import Postgres
from voting_site.local.programs import Program
from voting_site.local.valkey import Valkey, binary

from ..docker.files import FOLDER, PROJECT
from ..voting_site.processes import DEADLINE
from .chart import CHART, Thing, container, environment, files, pods, things


class Database(Postgres):
    """PostgreSQL on a port with the chart's parameters, whose clients have to know their passwords."""

    def __init__(self, folder: DataFolder, parameters: dict[str, str]) -> None:
        self.port, self.parameters = free_port(), parameters
        super().__init__(folder)

    def _url(self, user: str) -> str:
        # By the socket, as its own superuser.
        return f"postgres://{user}@/urna?host={self.folder.sockets}&port={self.port}"

    def prepare(self) -> None:
        super().prepare()
        (self.data / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")

    @property
    def program(self) -> Program:
        ours = super().program
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "fsync": "off", **self.parameters}
        return replace(ours, argv=(*ours.argv, *(f"-c{name}={value}" for name, value in settings.items())))

    def make_owner(self, password: str, statements: list[str]) -> None:
        """Make the owner and the database as CloudNativePG does it: no superuser, but what `statements` allow."""
        first = psycopg2.connect(self.url)
        second = None
        try:
            first.autocommit = True
            with first.cursor() as cursor:
                cursor.execute("CREATE ROLE operator SUPERUSER LOGIN")
            second = psycopg2.connect(self._url("operator"))
            second.autocommit = True
            with second.cursor() as cursor:
                # The name is that of the superuser here.
                cursor.execute("ALTER ROLE urna RENAME TO superuser")
                cursor.execute("CREATE ROLE urna LOGIN PASSWORD %s", [password])
                for statement in statements:
                    cursor.execute(statement)
                cursor.execute("ALTER DATABASE urna OWNER TO urna")
        finally:
            first.close()
            if second:
                second.close()
        self.url = self._url("operator")


class Box(Valkey):
    """Valkey with the settings of chart/valkey.yaml, and the users of a Secret."""

    def __init__(self, folder: DataFolder, port: int, users: str, url: str) -> None:
        super().__init__(folder)
        self.port, self.text, self.url = port, users, url

    def prepare(self) -> None:
        super().prepare()
        self.users.write_text(self.text)
        settings = yaml.safe_load((CHART / "valkey.yaml").read_text())["valkeyConfig"]
        settings = settings.replace("/run/secrets/urna/users.acl", str(self.users))
        own = f"port {self.port}\nbind 127.0.0.1\nprotected-mode no\ndir {self.data}\nset-proc-title no\n"
        (self.data / "valkey.conf").write_text(own + settings)

    @property
    def program(self) -> Program:
        return replace(super().program, argv=(binary(), str(self.data / "valkey.conf")))


class Cluster:
    """Processes in the place of pods."""

    def __init__(self, folder: Path, values: Thing, secrets: dict[str, dict[str, str]]) -> None:
        self.folder, self.values, self.secrets = folder, values, secrets
        self.ports: dict[tuple[str, str], int] = {}
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def port(self, name: str, port: str | int) -> int:
        """Return the port of this machine that stands for one of a pod, which it names or numbers."""
        numbers = {one["name"]: one["containerPort"] for one in container(pods(self.values)[name])["ports"]}
        return self.ports.setdefault((name, str(numbers.get(str(port), port))), free_port())

    def place(self, name: str, text: str) -> str:
        """Return a word of a manifest with the places of this machine."""
        text = text.replace("/run/secrets/urna", str(self.folder / name / "secrets"))
        text = text.replace("/tmp/tick", str(self.folder / name / "tick"))
        text = re.sub(r"^(--(?:metrics-)?port=)(\d+)$", lambda found: f"{found[1]}{self.port(name, found[2])}", text)
        return text.replace("0.0.0.0", "127.0.0.1")

    def words(self, name: str, command: list[str]) -> list[str]:
        return [sys.executable if word == "python" else self.place(name, word) for word in command]

    def surroundings(self, name: str) -> dict[str, str]:
        """Return the environment of a pod, and nothing of this process's but where programs are."""
        found = {key: self.place(name, value) for key, value in environment(pods(self.values)[name]).items()}
        # An image has no servers of its own; here a role without an address would start them. A file goes before it.
        return {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/nowhere", "PATH": os.environ["PATH"]} | found

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start what one pod runs."""
        pod = pods(self.values)[name]
        secrets = self.folder / name / "secrets"
        secrets.mkdir(parents=True)
        for path, (secret, key) in files(pod).items():
            (secrets / path).write_text(self.secrets[secret][key])
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(
                self.words(name, container(pod)["command"]),
                cwd=PROJECT, env=self.surroundings(name), stdout=log, stderr=log,
            )  # fmt: skip
        return self.running[name]

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def probe(self, name: str, kind: str) -> bool:
        """Do once what a kubelet does to see whether a pod is well."""
        asked: dict[str, Any] = container(pods(self.values)[name])[f"{kind}Probe"]
        if "exec" in asked:
            command = self.words(name, asked["exec"]["command"])
            return subprocess.run(command, cwd=PROJECT, env=self.surroundings(name)).returncode == 0
        headers = {one["name"]: one["value"] for one in asked["httpGet"]["httpHeaders"]}
        return self.get(name, asked["httpGet"]["path"], asked["timeoutSeconds"], **headers)[0] == 200

    def get(self, name: str, path: str, timeout: float = 20, **headers: str) -> tuple[int, str]:
        """Ask a page; return the status, 0 where nobody answers, and what it says."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port(name, 'http')}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def stop(self, name: str) -> int:
        """Tell one to stop, and return its exit code. Here it gets more time than in a cluster: machines differ."""
        process = self.running.pop(name)
        process.terminate()
        return process.wait(DEADLINE)


def make_secrets(database: int, box: int) -> dict[str, dict[str, str]]:
    """Return what the script prints, by Secret."""
    options = ["--print", f"--database=127.0.0.1:{database}", f"--redis=127.0.0.1:{box}"]
    done = subprocess.run([FOLDER / "make-kubernetes-secrets", *options], capture_output=True, text=True, check=True)
    return {one["metadata"]["name"]: one["stringData"] for one in json.loads(done.stdout)["items"]}


@contextmanager
def cluster(folder: Path, values: Thing, generation: int) -> Iterator[Cluster]:
    """Run both servers and, in the end, stop what was started over them."""
    data = DataFolder(folder / "data")
    data.create()
    spec = things(values, "Cluster")["urna-db"]["spec"]
    database, port = Database(data, spec["postgresql"]["parameters"]), free_port()
    secrets = make_secrets(database.port, port)
    operator = secrets[f"urna-operator-redis-{generation}"]["url"]
    box = Box(data, port, secrets[f"urna-redis-users-{generation}"]["users.acl"], operator)
    with ExitStack() as stack:
        stack.enter_context(embedded.running(data, [database, box]))
        initdb = spec["bootstrap"]["initdb"]
        database.make_owner(secrets[initdb["secret"]["name"]]["password"], initdb["postInitSQL"])
        ours = Cluster(folder, values, secrets)
        try:
            yield ours
        finally:
            for name in list(ours.running):
                ours.running[name].kill()
                ours.running[name].wait()
