"""Two nodes and a stack on them."""

import os
import shlex
import subprocess
import time
from pathlib import Path
from typing import Any

from .engine import PROJECT, Engine
from .facts import Untrue, wait_until

STACK_FILE = "docker/stack.yaml"
KEY = "urna_secret_key"
OWNERS = {"urna_database_url", "urna_operator_redis_url_11", "urna_admin_password"}
CONFIG = "urna_redis_conf_2"
SERVERS = {"redis", "db"}
REPLICAS = {"vote": 2, "result": 2, "signin": 0, "admin": 1, "worker": 1, "beat": 1, "redis": 1, "db": 1}


class SecondNode:
    """A second engine, made and cut off by the command of VERIFY_SECOND_NODE.

    `COMMAND up` starts it and prints its engine's address, this engine's address for the swarm, and its own; `cut` and
    `mend` break and restore its network; `down` removes it.
    """

    def __init__(self, command: str) -> None:
        self.command = shlex.split(command)

    def ask(self, what: str) -> list[str]:
        done = subprocess.run([*self.command, what], text=True, stdout=subprocess.PIPE, timeout=300)
        if done.returncode:
            raise Untrue(f"`{shlex.join(self.command)} {what}` ended with {done.returncode}")
        return done.stdout.split()


class Swarm:
    """A swarm of the default engine, its manager, and a second one."""

    def __init__(self, engine: Engine, node: SecondNode, stack: str, *, beside: str = "") -> None:
        self.manager, self.node, self.stack = engine, node, stack
        # The files of which release are used next, and a file that is deployed beside that of the stack.
        self.files: Path = PROJECT
        self.beside = beside

    def form(self) -> None:
        """Make the swarm; raises Untrue if the engine is part of another swarm already."""
        state = self.manager.run("info", "--format", "{{.Swarm.LocalNodeState}}").strip()
        if state != "inactive":
            raise Untrue(f"the engine is part of a swarm already ({state}); this trial needs one of its own")
        address, self.manager_address, self.worker_address = self.node.ask("up")
        self.worker = Engine(self.manager.transcript, address)
        # An earlier trial that broke may have left it in a swarm.
        self.worker.run("swarm", "leave", "--force", check=False)
        listen = f"--listen-addr={self.manager_address}:2377"
        self.manager.run("swarm", "init", f"--advertise-addr={self.manager_address}", listen)
        token = self.manager.run("swarm", "join-token", "--quiet", "worker").strip()
        join = [f"--advertise-addr={self.worker_address}", f"--listen-addr={self.worker_address}:2377"]
        self.worker.run("swarm", "join", *join, "--token", token, f"{self.manager_address}:2377")

    def dissolve(self) -> None:
        """Remove everything again, even if a part of it does not exist."""
        self.remove_stack()
        self.worker.run("swarm", "leave", "--force", check=False)
        self.manager.run("swarm", "leave", "--force", check=False)
        self.remove_volumes()
        self.node.ask("down")

    def remove_stack(self) -> None:
        """Remove the stack, whose volumes and secrets stay."""
        self.manager.run("stack", "rm", self.stack, check=False)
        wait_until(lambda: not self.containers(), 90, "the end of the stack")

    def remove_volumes(self) -> None:
        for engine in (self.manager, self.worker):
            volumes = engine.lines("volume", "ls", "--quiet", "--filter", f"name={self.stack}_")
            if volumes:
                engine.run("volume", "rm", "--force", *volumes, check=False)

    def send(self, *images: str) -> None:
        """Copy images to the second engine, as a registry would."""
        save = subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE, env=self.manager.environment)
        load = subprocess.run(
            ["docker", "-H", self.worker.address, "load"], stdin=save.stdout, stdout=subprocess.DEVNULL
        )
        if save.wait() or load.returncode:
            raise Untrue("the images could not be copied to the second node")

    def send_all(self, *images: str) -> None:
        """Copy these images and those of the servers."""
        servers = {"REDIS_IMAGE": "redis:8-alpine", "POSTGRES_IMAGE": "postgres:17-alpine"}
        self.send(*images, *(os.environ.get(name, image) for name, image in servers.items()))

    def script(self, name: str, *arguments: str, **environment: str) -> str:
        """Run a script of docker/; return what it prints."""
        command = [str(self.files / "docker" / name), *arguments]
        done = subprocess.run(
            command,
            cwd=PROJECT,
            env=self.manager.environment | environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if self.manager.transcript:
            with self.manager.transcript.open("a") as file:
                file.write(f"$ {shlex.join(command)}\n{done.stdout}\n")
        if done.returncode:
            raise Untrue(f"{shlex.join(command)} ended with {done.returncode}: {done.stdout[-300:]}")
        return done.stdout

    def start(self, image: str) -> float:
        """Make the secrets and deploy the stack; return the seconds until all of it runs with this image."""
        self.script("make-swarm-secrets")
        started = time.monotonic()
        self.deploy()
        self.wait(image)
        return time.monotonic() - started

    def deploy(self) -> None:
        files = [option for file in (STACK_FILE, self.beside) if file for option in ("-c", str(self.files / file))]
        self.manager.run("stack", "deploy", "--resolve-image", "never", *files, self.stack)

    def wait(self, image: str) -> None:
        """Return when all of the stack runs, with this image."""
        wait_until(lambda: self.is_complete() and self.runs(image), 120, f"all replicas, with {image}")
        wait_until(lambda: "1/1 completed" in self.replicas()["migrate"], 60, "the end of migrate")

    def runs(self, image: str) -> bool:
        """Tell whether all tasks of Urna that are wanted have this image."""
        roles = [service for service, number in REPLICAS.items() if number and service not in SERVERS]
        wanted = ("--filter", "desired-state=running", "--format", "{{.Image}}")
        return all({*self.manager.lines("service", "ps", self.name(role), *wanted)} == {image} for role in roles)

    def name(self, service: str) -> str:
        return f"{self.stack}_{service}"

    def replicas(self) -> dict[str, str]:
        """Return by service "running/wanted"."""
        rows = self.manager.lines("service", "ls", "--format", "{{.Name}} {{.Replicas}}")
        found = dict(row.split(" ", 1) for row in rows)
        return {name.removeprefix(f"{self.stack}_"): replicas for name, replicas in found.items()}

    def is_complete(self) -> bool:
        found = self.replicas()
        return all(found.get(service) == f"{number}/{number}" for service, number in REPLICAS.items())

    def spec(self, service: str) -> dict[str, Any]:
        spec: dict[str, Any] = self.manager.inspect(self.name(service), kind="service")[0]["Spec"]
        return spec

    def tasks(self, service: str) -> dict[str, str]:
        """Return the running tasks of a service, and the node that each is on."""
        form = "{{.ID}} {{.Node}} {{.CurrentState}}"
        rows = self.manager.lines(
            "service", "ps", self.name(service), "--filter", "desired-state=running", "--no-trunc", "--format", form
        )
        return {row.split()[0]: row.split()[1] for row in rows if "Running" in row}

    def containers(self, service: str = "") -> list[tuple[Engine, str]]:
        """Return the containers of a service, or of the stack, each with the engine that it is on."""
        label = (
            f"com.docker.swarm.service.name={self.name(service)}"
            if service
            else f"com.docker.stack.namespace={self.stack}"
        )
        return [
            (engine, container)
            for engine in (self.manager, self.worker)
            for container in engine.lines("ps", "--quiet", "--filter", f"label={label}")
        ]

    def manage(self, *arguments: str) -> str:
        """Run a management command as the owner of the data."""
        return self.script("manage", *arguments, STACK=self.stack)


def second_node() -> SecondNode | None:
    command = os.environ.get("VERIFY_SECOND_NODE", "")
    return SecondNode(command) if command else None
