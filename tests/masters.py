"""Three real masters of a cluster for the ballot box, on ports of this machine."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from redis import Redis, RedisError

from voting_site.local.ports import free_port
from voting_site.local.programs import Program
from voting_site.local.valkey import binary
from voting_site.rights.cluster_users import write_cluster_acl
from voting_site.rights.redis_users import OPERATOR
from voting_site.roles import ROLES, own_variable

NUMBER = 3
SLOTS = 16384
DEADLINE = 60


class Masters:
    """The masters, each with a folder of its own in `folder`; nobody who can reach them needs a password."""

    def __init__(self, folder: Path, number: int = NUMBER) -> None:
        self.folder = folder
        self.ports = [free_port() for _ in range(number)]
        # For what they tell each other.
        self.own_ports = [free_port() for _ in range(number)]
        self.processes: list[subprocess.Popen[bytes] | None] = [None] * number
        for place in range(number):
            self.data(place).mkdir(parents=True)
            (self.data(place) / "users.acl").write_text(write_cluster_acl())

    def data(self, place: int) -> Path:
        return self.folder / f"master-{place}"

    def url_of(self, user: str = OPERATOR) -> str:
        return f"redis+cluster://{user}@" + ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def urls(self) -> dict[str, str]:
        """Return the addresses by the name of the variable."""
        own = {own_variable(role, "BALLOT_BOX_URL"): self.url_of(role) for role in ROLES}
        return {"BALLOT_BOX_URL": self.url_of(), **own}

    def program(self, place: int) -> Program:
        settings = {
            "port": str(self.ports[place]),
            "cluster-port": str(self.own_ports[place]),
            "bind": "127.0.0.1",
            "dir": str(self.data(place)),
            "aclfile": str(self.data(place) / "users.acl"),
            "cluster-enabled": "yes",
            "cluster-require-full-coverage": "no",
            "cluster-node-timeout": "2000",
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
        }
        options = (part for name, value in settings.items() for part in (f"--{name}", value))
        return Program(name=f"box-{place}", argv=(binary(), *options))

    def client(self, place: int) -> Any:
        """Return a client of one master."""
        return Redis(port=self.ports[place], username=OPERATOR, password="-", socket_timeout=5, protocol=2)

    def answers(self, place: int) -> bool:
        client = self.client(place)
        try:
            return bool(client.ping())
        except RedisError:
            return False
        finally:
            client.close()

    def start(self, place: int) -> None:
        """Start a master, and return once it serves."""
        program = self.program(place)
        with (self.data(place) / "log").open("ab") as log:
            self.processes[place] = subprocess.Popen(program.argv, stdout=log, stderr=log)
        wait_until(lambda: self.answers(place))

    def kill(self, place: int) -> None:
        """Kill a master with SIGKILL."""
        process = self.processes[place]
        assert process
        process.kill()
        process.wait()

    def form(self) -> None:
        """Give each running master its share of the slots, and let them know each other."""
        number = len(self.ports)
        for place in range(number):
            client = self.client(place)
            first, last = SLOTS * place // number, SLOTS * (place + 1) // number - 1
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
            for other in range(place):
                client.execute_command("CLUSTER", "MEET", "127.0.0.1", self.ports[other], self.own_ports[other])
            client.close()
        self.wait_until_whole()

    def wait_until_whole(self) -> None:
        """Return once every master serves its slots, and knows that the others do: after a start it waits for 2 s."""
        wait_until(lambda: all(self._finds_all_well(place) for place in range(len(self.ports))))

    def _finds_all_well(self, place: int) -> bool:
        client = self.client(place)
        try:
            nodes = client.execute_command("CLUSTER", "NODES")
            state = client.execute_command("CLUSTER", "INFO")
        except RedisError:
            return False
        finally:
            client.close()
        flags = [line.split()[2] for line in nodes.splitlines()]
        return len(flags) == len(self.ports) and b"fail" not in b"".join(flags) and b"cluster_state:ok" in state

    def start_all(self) -> None:
        for place in range(len(self.ports)):
            self.start(place)
        self.form()

    def close(self) -> None:
        for process in self.processes:
            if process and process.poll() is None:
                process.kill()
                process.wait()


def wait_until(condition: Callable[[], Any], seconds: float = DEADLINE) -> None:
    """Return once `condition` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the masters do not serve"
        time.sleep(0.02)
