"""All services on one engine, under a project of their own."""

import os
import time

from .engine import Engine
from .facts import Report, expect, wait_until
from .roles import ALWAYS, PORTS
from .visitors import SLUG, Crowd, check_accounts

COMPOSE_FILE = "docker/compose.yaml"
SERVERS = ("redis", "db")
ALL = ALWAYS + SERVERS


class Compose:
    """A project, and the ballots that were accepted in it."""

    # What is started: files, and services that are healthy then.
    files: tuple[str, ...] = (COMPOSE_FILE,)
    services: tuple[str, ...] = ALL

    def __init__(self, engine: Engine, report: Report, project: str, image: str) -> None:
        self.engine, self.report, self.project, self.image = engine, report, project, image
        self.port = {name: int(os.environ.get(f"{name.upper()}_PORT", port)) for name, port in PORTS.items()}
        self.accepted = 0

    def compose(self, *arguments: str, within: float = 300) -> str:
        return self.engine.run("compose", "-p", self.project, *self._options(), *arguments, within=within)

    def _options(self) -> list[str]:
        return [option for file in self.files for option in ("-f", file)]

    def container(self, service: str) -> str:
        return f"{self.project}-{service}-1"

    def inside(self, service: str, *command: str) -> str:
        return self.engine.run("exec", self.container(service), *command)

    def redis(self, *command: str) -> str:
        """Run a command of Redis as its operator."""
        sign_in = "REDISCLI_AUTH=$(cat /secrets/redis/operator_password) exec redis-cli --user operator"
        return self.inside("redis", "sh", "-c", f'{sign_in} "$@"', "sh", *command)

    def manage(self, *arguments: str) -> str:
        """Run a management command as the owner of the data."""
        options = ("--rm", "--no-deps", "--no-TTY")
        return self.compose("run", *options, "migrate", "python", "manage.py", *arguments)

    def python(self, network: str, program: str) -> str:
        """Run a program in a container of its own on one network."""
        return self.engine.run(
            "run", "--rm", f"--network={self.project}_{network}", self.image, "python", "-c", program
        )

    def builds(self) -> str:
        """Build the images, and tell how long it took."""
        started = time.monotonic()
        self.compose("build", within=900)
        return f"{time.monotonic() - started:.0f} s"

    def unhealthy(self) -> list[str]:
        """Return the services that do not run, or are not healthy."""
        form = "{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{end}}"
        names = [self.container(service) for service in self.services]
        states = self.engine.lines("inspect", "-f", form, *names)
        return [service for service, state in zip(self.services, states, strict=True) if state != "running healthy"]

    def wait_until_healthy(self, within: float) -> float:
        return wait_until(lambda: not self.unhealthy(), within, "all healthy")

    def vote(self, number: int) -> None:
        with Crowd(self.port["vote"], pause=0) as crowd:
            wait_until(lambda: crowd.accepted >= number or crowd.refused, 60, f"{number} accepted votes", every=0.02)
        expect(not crowd.refused, crowd.refused)
        self.accepted += crowd.accepted

    def kill_everything(self) -> None:
        """End all services at once, as a power cut does, and remove them with their volumes."""
        pids = [str(one["State"]["Pid"]) for one in self.engine.inspect(*map(self.container, self.services))]
        self.engine.end(self.image, *pids)
        self.remove()

    def remove(self) -> None:
        """Remove all that there is of the project."""
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans")

    def balance(self) -> str:
        """Return what was found; raises Untrue unless `reconcile` and a recount agree with what was accepted."""
        said = self.manage("reconcile")
        self.manage("recount", SLUG)
        return check_accounts(said, self.accepted)

    def address(self, service: str, network: str = "private") -> str:
        networks = self.engine.inspect(self.container(service))[0]["NetworkSettings"]["Networks"]
        return str(networks[f"{self.project}_{network}"]["IPAddress"])

    def reaches(self, network: str, host: str, port: int) -> bool:
        program = (
            "import socket\n"
            f"try: socket.create_connection(({host!r}, {port}), 2); print('reached')\n"
            "except OSError: print('not')"
        )
        return self.python(network, program).strip() == "reached"
