"""A real primary of the ballot box with two replicas, and three Sentinels that promote one of them."""

import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.machines import Machines
from tests.masters import wait_until
from voting_site.local.ports import free_port
from voting_site.local.programs import Program
from voting_site.local.valkey import binary
from voting_site.rights.redis_users import OPERATOR, write_acl
from voting_site.roles import ROLES, own_variable

NUMBER = 3
PRIMARY = "urna"
LOOPBACK = "127.0.0.1"
# Milliseconds without an answer after which a Sentinel takes a server for dead.
DEAD_AFTER_MS = 2000
# As Redis and Valkey want them; whoever signs in without a password may send any.
ANY_PASSWORD = "-"


class Promotable:
    """The servers, each with a folder of its own in `folder`; nobody who can reach them needs a password.

    Each has a Sentinel beside it, and with `machines` a machine of its own.
    """

    def __init__(self, folder: Path, machines: Machines | None = None) -> None:
        self.folder = folder
        self.hosts = machines.addresses if machines else [LOOPBACK] * NUMBER
        self.ports = [free_port() for _ in self.hosts]
        self.sentinel_ports = [free_port() for _ in self.hosts]
        self.around = [machines.around(place) if machines else () for place in range(NUMBER)]
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        for place in range(NUMBER):
            self.data(place).mkdir(parents=True)
            self._write_sentinel(place)
            self.write_server(place, primary=0)

    def data(self, place: int) -> Path:
        return self.folder / f"server-{place}"

    def url_of(self, user: str = OPERATOR) -> str:
        hosts = ",".join(f"{host}:{port}" for host, port in zip(self.hosts, self.sentinel_ports, strict=True))
        return f"redis+sentinel://{user}:{ANY_PASSWORD}@{hosts}/0?primary={PRIMARY}"

    def urls(self) -> dict[str, str]:
        """Return the addresses by the name of the variable."""
        own = {own_variable(role, "REDIS_URL"): self.url_of(role) for role in ROLES}
        return {"REDIS_URL": self.url_of(), **own}

    def write_server(self, place: int, *, primary: int) -> None:
        """Write the settings of a server, which is a replica unless it is the primary itself."""
        data = self.data(place)
        (data / "users.acl").write_text(write_acl())
        lines = [
            f"port {self.ports[place]}",
            f"bind {self.hosts[place]}",
            f"dir {data}",
            f"aclfile {data / 'users.acl'}",
            "appendonly yes",
            "appendfsync always",
            'save ""',
            "maxmemory-policy noeviction",
            "loglevel notice",
            # A primary that was cut off accepts nothing.
            "min-replicas-to-write 1",
            "min-replicas-max-lag 3",
            f"masteruser {OPERATOR}",
            f"masterauth {ANY_PASSWORD}",
            "repl-ping-replica-period 1",
            "repl-diskless-sync-delay 0",
            "repl-timeout 6",
        ]
        if place != primary:
            lines.append(f"replicaof {self.hosts[primary]} {self.ports[primary]}")
        (data / "server.conf").write_text("\n".join(lines) + "\n")

    def _write_sentinel(self, place: int) -> None:
        folder = self.folder / f"sentinel-{place}"
        folder.mkdir(parents=True)
        lines = [
            f"port {self.sentinel_ports[place]}",
            f"bind {self.hosts[place]}",
            f"dir {folder}",
            f"sentinel monitor {PRIMARY} {self.hosts[0]} {self.ports[0]} 2",
            f"sentinel auth-user {PRIMARY} {OPERATOR}",
            f"sentinel auth-pass {PRIMARY} {ANY_PASSWORD}",
            f"sentinel down-after-milliseconds {PRIMARY} {DEAD_AFTER_MS}",
            # As in docker/box/watch.
            f"sentinel failover-timeout {PRIMARY} 2500",
        ]
        (folder / "sentinel.conf").write_text("\n".join(lines) + "\n")

    def program(self, place: int) -> Program:
        """Return a data server, as the harness starts it."""
        argv = (*self.around[place], binary(), str(self.data(place) / "server.conf"))
        return Program(name=f"box-{place}", argv=argv)

    def sentinel(self, place: int) -> Program:
        settings = self.folder / f"sentinel-{place}" / "sentinel.conf"
        return Program(name=f"sentinel-{place}", argv=(*self.around[place], binary(), str(settings), "--sentinel"))

    def client(self, place: int) -> Any:
        """Return a client of one server."""
        return Redis(
            self.hosts[place],
            self.ports[place],
            username=OPERATOR,
            password=ANY_PASSWORD,
            socket_timeout=2,
            socket_connect_timeout=1,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )

    def ask(self, place: int, *command: str | int) -> Any:
        """Return the reply of one server; None if it does not answer."""
        return _ask(self.client(place), command)

    def ask_sentinel(self, place: int, *command: str) -> Any:
        client = Redis(
            self.hosts[place],
            self.sentinel_ports[place],
            socket_timeout=1,
            socket_connect_timeout=1,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )
        return _ask(client, command)

    def find_primary(self) -> int | None:
        """Return the place of the primary that most Sentinels name; None while they do not agree."""
        told = [self.ask_sentinel(place, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", PRIMARY) for place in range(NUMBER)]
        ports = [int(one[1]) if one else None for one in told]
        # Ports differ, also where hosts do.
        return next((place for place, port in enumerate(self.ports) if 2 * ports.count(port) > NUMBER), None)

    def is_whole(self) -> bool:
        """Tell whether the Sentinels name a primary that has both replicas, and know these and each other."""
        primary = self.find_primary()
        if primary is None:
            return False
        role = self.ask(primary, "ROLE")
        replicas = self.ask(primary, "INFO", "replication")
        if not role or role[0] != b"master" or not isinstance(replicas, dict):
            return False
        online = [
            name
            for name, one in replicas.items()
            if name.startswith("slave") and isinstance(one, dict) and one["state"] == "online" and one["lag"] <= 1
        ]
        roles = [self.ask(place, "ROLE") for place in range(NUMBER) if place != primary]
        # A replica that still loads what it copied is "online" to the primary; and a primary that stood still may take
        # for its replica one that was promoted.
        follow = [bool(one) and one[0] == b"slave" and one[3] == b"connected" for one in roles]
        others = [self.ask_sentinel(place, "SENTINEL", "CKQUORUM", PRIMARY) for place in range(NUMBER)]
        return len(online) == NUMBER - 1 and all(follow) and all(others) and self._know_replicas()

    def _know_replicas(self) -> bool:
        """Tell whether all Sentinels know both replicas: for 10 s they may not, and so would not move them."""
        told = [self.ask_sentinel(place, "INFO", "sentinel") for place in range(NUMBER)]
        return all(isinstance(one, dict) and one["master0"]["slaves"] == NUMBER - 1 for one in told)

    def is_watched(self) -> bool:
        """Tell whether each Sentinel would promote another server, if this primary were lost.

        For 30 s after it has stood still it trusts no clock ("tilt"), and does nothing. And the one that promoted the
        primary watches that one before it until its fail-over is over.
        """
        told = [self.ask_sentinel(place, "INFO", "sentinel") for place in range(NUMBER)]
        known = [one for one in told if isinstance(one, dict) and not one["sentinel_tilt"]]
        return len(known) == NUMBER and len({str(one["master0"]["address"]) for one in known}) == 1

    def start(self, program: Program) -> None:
        with (self.folder / f"{program.name}.log").open("ab") as log:
            self.processes[program.name] = subprocess.Popen(program.argv, stdout=log, stderr=log)

    def start_all(self) -> None:
        for place in range(NUMBER):
            self.start(self.program(place))
        for place in range(NUMBER):
            wait_until(lambda place=place: self.ask(place, "PING"))
        for place in range(NUMBER):
            self.start(self.sentinel(place))
        wait_until(self.is_whole)

    @contextmanager
    def standing_still(self, *places: int, kind: str = "box") -> Iterator[None]:
        """Let servers stand still meanwhile, or those of another kind, which is "sentinel"."""
        for place in places:
            self.processes[f"{kind}-{place}"].send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for place in places:
                self.processes[f"{kind}-{place}"].send_signal(signal.SIGCONT)

    def replicas(self) -> list[int]:
        primary = self.find_primary()
        return [place for place in range(NUMBER) if place != primary]

    def kill(self, place: int) -> None:
        """Kill a server with SIGKILL."""
        process = self.processes[f"box-{place}"]
        process.kill()
        process.wait()

    def wait_for_another(self, than: int, seconds: float = 30) -> float:
        """Return once the Sentinels name another primary, which takes writes, with the seconds that this took."""
        began = time.monotonic()
        wait_until(lambda: self.find_primary() not in (than, None), seconds)
        return time.monotonic() - began

    def close(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()


def _ask(client: Any, command: Sequence[str | int]) -> Any:
    """Return the reply to a command; None if there is none."""
    try:
        return client.execute_command(*command)
    except RedisError:
        return None
    finally:
        client.close()
