"""Backups with containers: both disks are lost while people vote, and a restore brings everything back."""

import random
import re
import tempfile
import time
from pathlib import Path

from .compose import ALL, COMPOSE_FILE, Compose
from .copies import Copies
from .facts import Untrue, expect, wait_until
from .visitors import SLUG, Crowd, Page, wait_for_ballots

# In the container; the folder of the backups is its own only while the trial lasts.
IDENTITY = "/backups/key.txt"
# Seconds after which all that was accepted before is in the backup: a tick, and as much again on a busy machine.
TICKS_S = 3.0


class Backups(Compose):
    """The facts about docker/backup.yaml, with a backup that is encrypted."""

    files = (COMPOSE_FILE, "docker/backup.yaml")
    services = ALL

    def run(self) -> None:
        """Check all facts, on a project and a folder of their own that are removed afterwards."""
        self.report.title(f"Backups (project {self.project}, {' and '.join(self.files[1:])})")
        check = self.report.check
        with tempfile.TemporaryDirectory(prefix="urna-verify-") as folder:
            # Compose expands all of a file, also for `down`.
            self.engine.environment |= {"BACKUP_DIR": folder}
            self.remove()
            try:
                if not (check("the image of backups builds", self.builds) and check("it makes a backup", self.begins)):
                    return
                check("the drill restores it beside, counts again, and finds nothing wrong", self.drills)
                check("a restore refuses volumes in which something is", self.refuses)
                if not check("all disks are lost while ballots wait: a restore has each accepted one", self.restores):
                    return
                check("who has voted is told so in the same browser", self.knows_its_voters)
                check("every accepted ballot is accounted for, and a recount agrees", self.balance)
                check("backups go on with a new base", self.goes_on)
                check("the drill of that one finds nothing wrong", self.drills)
            finally:
                self.remove()
                self._empty()

    def begins(self) -> str:
        program = "import pyrage; one = pyrage.x25519.Identity.generate(); print(one, one.to_public())"
        secret, public = self.engine.run("run", "--rm", "--network=none", self.image, "python", "-c", program).split()
        (Path(self.engine.environment["BACKUP_DIR"]) / Path(IDENTITY).name).write_text(f"{secret}\n")
        self.engine.environment |= {"BACKUP_RECIPIENT": public}
        self.compose("up", "-d", "--no-build")
        self.wait_until_healthy(120)
        with Crowd(self.port["vote"]) as crowd:
            seconds = wait_until(self._made, 60, "a backup")
        self.accepted += crowd.accepted
        expect(not crowd.refused, crowd.refused)
        return f"after {seconds:.1f} s; {crowd.accepted} votes meanwhile"

    def _made(self) -> int:
        return self.compose("logs", "backup").count(" is made in /backups")

    def drills(self) -> str:
        # What was accepted a moment ago may wait, and then the backup is ahead of the database.
        wait_for_ballots(self.port["result"], self.accepted)
        time.sleep(TICKS_S)
        said = self.compose("run", "--rm", "--no-TTY", "drill", "--identity", IDENTITY)
        expect(f"counted again: {self.accepted} ballots" in said, said)
        expect("would be lost: 0 ballots" in said and "WRONG" not in said, said)
        return " ".join(re.findall(r"the drill took \d+ s", said))

    def refuses(self) -> None:
        self.compose("stop")
        try:
            said = self._restore()
        except Untrue as refusal:
            expect("--replace" in str(refusal), refusal)
        else:
            raise Untrue(f"it restored: {said}")
        finally:
            self.compose("up", "-d", "--no-build")
            self.wait_until_healthy(60)

    def _restore(self, *options: str) -> str:
        return self.compose("run", "--rm", "--no-TTY", "restore", "--identity", IDENTITY, *options)

    def restores(self) -> str:
        wait_until(lambda: self._made() >= 1, 60, "a backup")
        self.vote(100)
        wait_for_ballots(self.port["result"], self.accepted)
        # From here on ballots are accepted and not counted.
        self.compose("pause", "worker")
        with Crowd(self.port["vote"], pause=0) as crowd:
            wait_until(lambda: crowd.accepted >= 50 or crowd.refused, 60, "50 accepted votes", every=0.02)
        expect(not crowd.refused, crowd.refused)
        self.accepted += crowd.accepted
        # One more, whom the restored box has to know.
        _, self.cookies = self._page().cast(random.Random())
        self.accepted += 1
        time.sleep(TICKS_S)
        self.kill_everything()
        started = time.monotonic()
        # As docs/backup.md has it.
        self.compose("up", "--no-start")
        said = self._restore("--replace")
        self.compose("up", "-d", "--no-build", "db")
        self.compose("run", "--rm", "--no-TTY", "password")
        self.compose("up", "-d", "--no-build")
        self.wait_until_healthy(60)
        wait_for_ballots(self.port["result"], self.accepted)
        seconds = time.monotonic() - started
        waited = re.search(r"(\d+) ballots that waited", said)
        expect(waited and int(waited[1]) >= 50, f"no ballot waited, so that the trial says nothing: {said}")
        return f"{self.accepted} ballots, of which {waited[1] if waited else 0} waited; all of it in {seconds:.0f} s"

    def knows_its_voters(self) -> None:
        page = self._page()
        page.headers["Accept-Language"] = "en"
        status, _, text = page.ask("GET", cookies=self.cookies)
        expect(status == 200 and "You have voted." in text, f"status {status}, and no word of the vote")

    def _page(self) -> Page:
        return Page(f"http://127.0.0.1:{self.port['vote']}/{SLUG}/")

    def goes_on(self) -> str:
        # The logs are those of the new container.
        return f"after {wait_until(lambda: self._made() >= 1, 60, 'a new backup'):.1f} s"

    def _empty(self) -> None:
        """Remove what belongs to other users of containers, as what was there before a restore does."""
        folder = self.engine.environment["BACKUP_DIR"]
        remove = ("sh", "-c", "rm -rf /backups/* /backups/.[a-z]*")
        self.engine.run("run", "--rm", "--user=root", "--network=none", "-v", f"{folder}:/backups", self.image, *remove)
        self.engine.environment.pop("BACKUP_RECIPIENT", None)


class BackupsWithCopies(Backups):
    """The same of a ballot box with copies."""

    files = (*Copies.files, "docker/backup.yaml")
    services = Copies.services
