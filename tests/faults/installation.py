"""A whole Urna of its own: real servers and roles, proxies between them, and a bad disk under each server."""

import enum
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import django
from redis import Redis

from tests.faults import crash_points, disk, mutants, role
from tests.faults.disk import Disk
from tests.faults.keeper import Keeper, Part
from tests.faults.proxy import Network, Proxy
from tests.machines import Machines, may_make_networks
from tests.masters import NUMBER as MASTERS
from tests.masters import Masters
from tests.promotable import NUMBER as COPIES
from tests.promotable import Promotable
from tests.replica import Replica
from tests.voting_site.processes import PROJECT, answers, fresh_environment
from voting_site.local import embedded
from voting_site.local.data_folder import DataFolder
from voting_site.local.ports import free_port
from voting_site.local.postgres import Postgres
from voting_site.local.programs import Program
from voting_site.local.valkey import Valkey

DEADLINE = 60
SERVERS = ("valkey", "postgres")
# Two web hosts, the second of which has a wrong clock.
CLOCKS = {"vote-a": 0, "vote-b": 600}
WEB = (*CLOCKS, "result", "admin")
# A vote goes both ways: here with the fast path before Django, there by Django alone.
FAST_PATH = {"vote-a": "on", "vote-b": "off"}
# Which servers each role talks to, through a proxy for each pair.
NEEDS = {
    "vote-a": ("valkey",),
    "vote-b": ("valkey",),
    "result": ("valkey", "postgres"),
    "admin": ("valkey", "postgres"),
    "worker": ("valkey", "postgres"),
    "beat": ("valkey",),
}


# The network by which a replica follows the first server.
FOLLOWING = "replica>postgres"


class Reads(enum.Enum):
    """What `result` reads: the server that the worker writes to, a replica of it, or a replica while there is one."""

    PRIMARY = "primary"
    REPLICA = "replica"
    FALLBACK = "replica, or primary"


class Stuck(Exception):
    """Something that has to happen does not happen."""


def wait_until(condition: Callable[[], Any], what: str, *, seconds: float = DEADLINE) -> None:
    """Return once `condition` holds; raise Stuck with `what` if it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Stuck(f"in vain for {seconds:.0f} s: {what}")
        time.sleep(0.02)


class Installation:
    """Servers and roles in `folder`, all started again whenever they die, with a mistake in them if `mutant` says so.

    Visitors reach `vote-a`, `vote-b`, `result` and `admin` through proxies of that name. The proxy between a role and a
    server is called `role>server`. With `reads` results come from a replica of PostgreSQL: from it alone, or with
    `fallback` from the first server while it is down. With `copies` a ballot has to be on so many replicas: there are
    two, and three Sentinels, all on machines of their own where namespaces can be made, and roles go straight to them.
    """

    def __init__(
        self,
        folder: Path,
        mutant: str | None = None,
        *,
        reads: Reads = Reads.PRIMARY,
        cluster: bool = False,
        copies: int = 0,
    ) -> None:
        self.folder, self.reads, self.copies = folder, reads, copies
        self.masters = Masters(folder) if cluster else None
        self.machines = Machines() if copies and may_make_networks() else None
        self.promotable = Promotable(folder, self.machines) if copies else None
        # The servers that have a part of the ballot box, and all servers.
        self.box = tuple(f"box-{place}" for place in range(MASTERS)) if cluster else ("valkey",)
        self.servers = (*SERVERS, *self.box) if cluster else SERVERS
        if copies:
            self.box = tuple(f"box-{place}" for place in range(COPIES))
            self.servers = ("postgres", *self.box)
        self.mutant = mutants.MUTANTS[mutant] if mutant else None
        self.armed = folder / "armed"
        self.logs = folder / "logs"
        for one in (self.armed, self.logs):
            one.mkdir()
        self.data = DataFolder(folder / "data")
        self.data.create()
        self.network = Network()
        self.keeper = Keeper()
        self.proxies: dict[str, Proxy] = {}
        try:
            self._start_servers()
            self._prepare(mutant)
            self.replica = self._start_replica() if reads is not Reads.PRIMARY else None
            self._start_roles(mutant)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stop everything."""
        self.keeper.close(("replica", *self.servers))
        self.network.close()
        if self.machines:
            self.machines.close()

    @property
    def doors(self) -> list[int]:
        """The ports at which visitors vote."""
        return [self.proxies[name].port for name in CLOCKS]

    def part(self, name: str) -> Part:
        return self.keeper.parts[name]

    def wait_until_ready(self) -> None:
        """Return once every web role answers that it lacks nothing."""
        for name in WEB:
            port = self.ports[name]
            wait_until(lambda port=port: answers(port, "/readyz"), f"{name} is ready")

    def arm(self, place: str) -> Path:
        """Let the next process at a crash point die there; return the file that is gone once it has."""
        file = self.armed / place
        file.touch()
        return file

    def alarms(self) -> list[str]:
        """Return the alarms that any role has raised."""
        return [
            line
            for log in sorted(self.logs.glob("*.log"))
            for line in log.read_text(errors="replace").splitlines()
            if "ALARM" in line
        ]

    def _start_servers(self) -> None:
        services = [Postgres(self.data)] if self.promotable else [Valkey(self.data), Postgres(self.data)]
        embedded.prepare(self.data, services)
        # Servers that run as another user need access to it.
        library = disk.build(self.data.sockets)
        self.disks = {name: Disk(self.folder / f"disk-{name}", library) for name in self.servers}
        for service in services:
            program = service.program
            if program.name == "valkey" and self.mutant:
                program = replace(program, argv=(*program.argv, *self.mutant.valkey))
            environment = fresh_environment(**self.disks[program.name].environment)
            self.keeper.add(Part(program, self.logs / f"{program.name}.log", environment))
        for service in services:
            wait_until(service.answers, f"{service.variable} answers")
        sockets = self.data.sockets
        self.urls = {name: url for service in services for name, url in embedded.urls(service).items()}
        self.sockets: dict[str, Path | int] = {
            "valkey": sockets / "valkey.sock",
            "postgres": sockets / ".s.PGSQL.5432",
        }
        if self.masters:
            self._start_masters(self.masters)
        if self.promotable:
            self._start_promotable(self.promotable)

    def _start_masters(self, masters: Masters) -> None:
        for place, name in enumerate(self.box):
            program = masters.program(place)
            if self.mutant:
                program = replace(program, argv=(*program.argv, *self.mutant.valkey))
            self.keeper.add(Part(program, self.logs / f"{name}.log", fresh_environment(**self.disks[name].environment)))
            self.sockets[name] = masters.ports[place]
            wait_until(lambda place=place: masters.answers(place), f"{name} answers")
        masters.form()
        self.urls |= masters.urls()

    def _start_promotable(self, servers: Promotable) -> None:
        for place, name in enumerate(self.box):
            environment = fresh_environment(**self.disks[name].environment)
            self.keeper.add(Part(servers.program(place), self.logs / f"{name}.log", environment))
        for place in range(COPIES):
            wait_until(lambda place=place: servers.ask(place, "PING"), f"box-{place} answers")
        for place in range(COPIES):
            program = servers.sentinel(place)
            self.keeper.add(Part(program, self.logs / f"{program.name}.log", fresh_environment()))
        wait_until(servers.is_whole, "the Sentinels know all servers")
        self.urls |= servers.urls() | {"BALLOT_BOX_COPIES": str(self.copies)}

    def client(self, server: str) -> Any:
        """Return a client of one server of the box, past all proxies."""
        if self.promotable:
            return self.promotable.client(self.box.index(server))
        if self.masters:
            return self.masters.client(self.box.index(server))
        return Redis.from_url(self.urls["REDIS_URL"], socket_timeout=5)

    def file_of(self, server: str) -> Path:
        """Return the folder of the append-only file of a server of the box."""
        folder = self.masters.data(self.box.index(server)) if self.masters else self.data.path / "valkey"
        return folder / "appendonlydir"

    def _reach_redis(self, name: str, plays: str) -> dict[str, str]:
        if self.promotable:
            return {"REDIS_URL": self.promotable.url_of(plays), "BALLOT_BOX_COPIES": str(self.copies)}
        return {"REDIS_URL": f"redis://{plays}@127.0.0.1:{self.proxies[f'{name}>valkey'].port}/0"}

    def _reach_box(self, name: str, plays: str) -> dict[str, str]:
        """Return what leads a role to the masters through proxies of its own."""
        if not self.masters:
            return {}
        ports = [self.proxies[f"{name}>{server}"].port for server in self.box]
        ways = zip(self.masters.ports, ports, strict=True)
        return {
            "BALLOT_BOX_URL": f"redis+cluster://{plays}@" + ",".join(f"127.0.0.1:{port}" for port in ports),
            role.WAYS: " ".join(f"{port}:{proxy}" for port, proxy in ways),
        }

    def _prepare(self, mutant: str | None) -> None:
        """Give the harness itself the servers, past all proxies, and have the schema and the epoch made."""
        os.environ.update(self.urls, SECRET_KEY_FILE=str(self.data.secret_key()))
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voting_site.settings")
        django.setup()
        if mutant:
            mutants.install(mutant, mutants.HARNESS)
        from django.core.management import call_command
        from django.db import connection

        password_file = self.data.path / "first_password"
        call_command("prepare", password_file=password_file)
        self.password = password_file.read_text()
        with connection.cursor() as cursor:
            for statement in self.mutant.sql if self.mutant else ():
                cursor.execute(statement)

    def _start_replica(self) -> Replica:
        """Let a second PostgreSQL follow the first one, over a network of its own."""
        proxy = self.network.between(FOLLOWING, self.sockets["postgres"])
        self.proxies = {FOLLOWING: proxy}
        primary = f"host=127.0.0.1 port={proxy.port} user=urna"
        replica = Replica(self.data.sockets, self.data.path / "replica", primary=primary)
        replica.copy()
        self.keeper.add(Part(replica.program, self.logs / "replica.log", fresh_environment()))
        wait_until(replica.answers, "the replica answers")
        self.sockets["replica"] = replica.socket
        return replica

    def _start_roles(self, mutant: str | None) -> None:
        self.ports = {name: free_port() for name in WEB}
        self.proxies |= {name: self.network.between(name, port) for name, port in self.ports.items()}
        needs = dict(NEEDS)
        if self.reads is not Reads.PRIMARY:
            needs["result"] = ("valkey", "replica", "postgres")[: 3 if self.reads is Reads.FALLBACK else 2]
        for name, servers in needs.items():
            if self.promotable:
                servers = tuple(server for server in servers if server != "valkey")
            for server in (*servers, *(self.box if self.masters and name != "beat" else ())):
                pair = f"{name}>{server}"
                self.proxies[pair] = self.network.between(pair, self.sockets[server])
            plays = name.partition("-")[0]
            environment = fresh_environment(
                SECRET_KEY_FILE=str(self.data.secret_key()),
                **self._reach_redis(name, plays),
                LOG_LEVEL="INFO",
                FAST_PATH=FAST_PATH.get(name, "on"),
                **self._reach_box(name, plays) if name != "beat" else {},
                **{crash_points.FOLDER: str(self.armed), role.CLOCK: str(CLOCKS.get(name, 0))},
                **{role.MUTANT: mutant} if mutant else {},
            )
            ports = [self.proxies[f"{name}>{server}"].port for server in servers if server in ("replica", "postgres")]
            if ports:
                hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
                attributes = "?target_session_attrs=prefer-standby" if len(ports) > 1 else ""
                environment["DATABASE_URL"] = f"postgres://urna_{plays}@{hosts}/urna{attributes}"
            argv = [sys.executable, "-u", "-m", "tests.faults.role", plays]
            if name in self.ports:
                argv += ["--port", str(self.ports[name])]
            program = Program(name=name, argv=tuple(argv), cwd=PROJECT)
            self.keeper.add(Part(program, self.logs / f"{name}.log", environment))
        self.wait_until_ready()
