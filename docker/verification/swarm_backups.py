"""Backups on a swarm: all its disks and secrets are lost, and a restore on a new one brings everything back."""

import os
import re
import tempfile
import time
from pathlib import Path

from .backups import TICKS_S
from .facts import Untrue, expect, wait_until
from .swarm import KEY
from .swarm_policies import SwarmPolicies
from .visitors import wait_for_ballots

# Ballots that are accepted, and not counted, when all is lost.
WAITING = 50


class SwarmBackups(SwarmPolicies):
    """The facts about docker/backup-stack.yaml."""

    def run(self) -> None:
        """Check all facts, on a swarm and in a folder of their own that are removed afterwards."""
        self.report.title(f"Backups on a swarm (stack {self.stack}, docker/backup-stack.yaml)")
        self.copy = os.environ.get("BACKUP_IMAGE", "urna-backup:latest")
        with tempfile.TemporaryDirectory(prefix="urna-verify-") as self.folder:
            self.engine.environment |= {"BACKUP_DIR": self._place("backups")}
            self.on_a_swarm("backups on a swarm", self._facts, beside="docker/backup-stack.yaml")

    def _facts(self) -> None:
        check = self.report.check
        if not (check("the images build", self.builds) and check("a backup is made", self.begins)):
            return
        check("the drill restores it beside, counts again, and finds nothing wrong", self.drills)
        check("all disks and secrets are lost while ballots wait: a restore on a new swarm has each one", self.restores)
        check("every accepted ballot is accounted for, and a recount agrees", self.balances)

    def _place(self, name: str) -> str:
        """Return a folder of this trial."""
        path = Path(self.folder) / name
        path.mkdir(exist_ok=True)
        return str(path)

    def builds(self) -> None:
        recipe = ("build", "-f", "docker/Dockerfile")
        self.engine.run(*recipe, "-t", self.image, ".", within=900)
        self.engine.run(*recipe, "--target", "backup", "-t", self.copy, ".", within=900)

    def begins(self) -> str:
        self.swarm.send_all(self.image)
        self.swarm.start(self.image)
        self.vote(WAITING)
        return f"after {wait_until(self._made, 90, 'a backup'):.1f} s"

    def _made(self) -> bool:
        return " is made in /backups" in self.engine.run("service", "logs", self.swarm.name("backup"))

    def drills(self) -> str:
        # What was accepted a moment ago may wait, and then the backup is ahead of the database.
        wait_for_ballots(self.port["result"], self.accepted)
        time.sleep(TICKS_S)
        # As docs/backup.md has it.
        mounts = ("-v", "/drill", "-v", f"{self._place('backups')}:/backups")
        drill = ("python", "manage.py", "drill", "/backups", "--place", "/drill")
        said = self.engine.run("run", "--rm", "--user=root", "--network=none", *mounts, self.copy, *drill)
        expect(f"counted again: {self.accepted} ballots" in said, said)
        expect("would be lost: 0 ballots" in said and "WRONG" not in said, said)
        return " ".join(re.findall(r"the drill took \d+ s", said))

    def restores(self) -> str:
        self.engine.run("service", "scale", f"{self.swarm.name('worker')}=0")
        self.vote(WAITING)
        time.sleep(TICKS_S)
        self._lose_everything()
        started = time.monotonic()
        # As docs/backup.md has it: the stack makes the volumes.
        self.swarm.start(self.image)
        self.swarm.remove_stack()
        said = self._restore()
        self.engine.run("secret", "rm", KEY)
        self.engine.run("secret", "create", KEY, f"{self._place('restored')}/secret_key")
        self.swarm.deploy()
        wait_until(self._takes_the_new_password, 90, "the database")
        self.swarm.wait(self.image)
        wait_for_ballots(self.port["result"], self.accepted, within=60)
        waited = re.search(r"(\d+) ballots that waited", said)
        expect(waited and int(waited[1]) >= WAITING, f"no ballot waited, so that the trial says nothing: {said}")
        return f"{self.accepted} ballots, of which {WAITING} waited; all of it in {time.monotonic() - started:.0f} s"

    def _lose_everything(self) -> None:
        self.swarm.remove_stack()
        self.swarm.remove_volumes()
        self.engine.run("secret", "rm", *self.engine.lines("secret", "ls", "--quiet"))

    def _restore(self) -> str:
        places = {
            f"{self.stack}_db-data": "/restore/database",
            f"{self.stack}_redis-data": "/restore/box",
            self._place("restored"): "/restore/secrets",
        }
        mounts = [
            part
            for source, place in (places | {self._place("backups"): "/backups"}).items()
            for part in ("-v", f"{source}:{place}")
        ]
        restore = ("python", "manage.py", "restore", "/backups", "--replace", "--another-installation", "--volumes")
        return self.engine.run("run", "--rm", "--user=root", *mounts, self.copy, *restore, *places.values())

    def _takes_the_new_password(self) -> bool:
        program = (
            "echo \"ALTER ROLE urna PASSWORD :'password'\" | "
            'psql -U urna --set=ON_ERROR_STOP=1 --set=password="$(cat /run/secrets/urna_db_password)"'
        )
        label = f"label=com.docker.swarm.service.name={self.swarm.name('db')}"
        try:
            [container] = self.engine.lines("ps", "--quiet", "--filter", label)
            self.engine.run("exec", container, "sh", "-c", program)
        except (Untrue, ValueError):
            return False
        return True
