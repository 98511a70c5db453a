"""From the release before to this one and back, while people vote: by Compose, and on a swarm."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from .compose import COMPOSE_FILE, Compose
from .engine import PROJECT, Engine
from .facts import Report, expect
from .release_before import VARIABLE, ReleaseBefore, release_before
from .swarm_policies import SwarmPolicies
from .visitors import Crowd, Voters, count_by_kind, wait_for_ballots

# Voters in a second during an upgrade of a swarm.
RATE = 50
# Ballots that wait for a worker when an upgrade begins.
WAITING = 50


class Upgrades:
    """The facts about both ways to upgrade."""

    def __init__(self, engine: Engine, report: Report, name: str, image: str) -> None:
        self.engine, self.report, self.name, self.image = engine, report, name, image

    def run(self) -> None:
        """Check all facts, with the release before in a folder of its own that is removed afterwards."""
        self.report.title(f"Upgrades (project and stack {self.name})")
        with tempfile.TemporaryDirectory(prefix="urna-verify-") as folder:
            before = release_before(folder, self.image)
            if before is None:
                self.report.skip("all upgrades", f"{VARIABLE} names no tag or commit of the release before")
                return
            fact = f"the image of the release before builds ({before.name})"
            if not self.report.check(fact, lambda: before.build(self.engine)):
                return
            for kind in (UpgradedCompose, UpgradedSwarm):
                kind(self.engine, self.report, self.name, self.image).upgrade(before)
                # What a trial that broke off has left behind is not for the next one.
                self.engine.environment |= {"URNA_IMAGE": self.image}


class UpgradedCompose(Compose):
    """A project that is upgraded by `docker compose up`."""

    def upgrade(self, before: ReleaseBefore) -> None:
        check = self.report.check
        self.remove()
        try:
            if not (
                check("the image of this release builds", self.builds)
                and check("compose: the release before runs", self._runs(before))
            ):
                return
            check("compose: this release takes over, with ballots in the box", self._takes_over(PROJECT, self.image))
            check("compose: the release before takes over again", self._takes_over(before.folder, before.image))
            check("compose: this release takes over once more", self._takes_over(PROJECT, self.image))
            check("compose: every accepted ballot is accounted for, and a recount agrees", self.balance)
        finally:
            self.remove()

    def _use(self, files: Path, image: str) -> None:
        self.files = (str(files / COMPOSE_FILE),)
        self.engine.environment |= {"URNA_IMAGE": image}

    def _runs(self, before: ReleaseBefore) -> Callable[[], None]:
        def find() -> None:
            self._use(before.folder, before.image)
            self.compose("up", "-d", "--no-build")
            self.wait_until_healthy(120)
            self.vote(20)

        return find

    def _takes_over(self, files: Path, image: str) -> Callable[[], str]:
        def find() -> str:
            self.compose("stop", "worker")
            self.vote(WAITING)
            with Crowd(self.port["vote"]) as crowd:
                self._use(files, image)
                started = time.monotonic()
                self.compose("up", "-d", "--no-build")
                self.wait_until_healthy(120)
                seconds = time.monotonic() - started
            expect(not crowd.refused, crowd.refused)
            self.accepted += crowd.accepted
            wait_for_ballots(self.port["result"], self.accepted, within=60)
            return f"{seconds:.0f} s; {WAITING} ballots waited, {crowd.accepted} votes meanwhile, all there"

        return find


class UpgradedSwarm(SwarmPolicies):
    """A stack that is upgraded by `docker/update`, or with new secrets where the rights in Redis have changed."""

    def upgrade(self, before: ReleaseBefore) -> None:
        self.on_a_swarm("upgrades of a swarm", lambda: self._facts(before))

    def _facts(self, before: ReleaseBefore) -> None:
        check = self.report.check
        if not check("swarm: the release before runs", self._runs(before)):
            return
        if before.has_same_rights():
            steps = {"this release": self.image, "back": before.image, "this release again": self.image}
            for step, image in steps.items():
                check(f"swarm: docker/update, {step}, {RATE} voters/s: no request fails", self._updates(image))
        else:
            check("swarm: this release, with other rights in Redis: no ballot is lost", self._deploys_anew)
        check("swarm: every accepted ballot is accounted for, and a recount agrees", self.balances)

    def _runs(self, before: ReleaseBefore) -> Callable[[], None]:
        def find() -> None:
            self.swarm.send_all(before.image, self.image)
            self.swarm.files = before.folder
            self.engine.environment |= {"URNA_IMAGE": before.image}
            self.swarm.start(before.image)
            self.swarm.files = PROJECT
            self.engine.environment |= {"URNA_IMAGE": self.image}
            self.vote(20)

        return find

    def _let_ballots_wait(self) -> None:
        self.engine.run("service", "scale", f"{self.swarm.name('worker')}=0")
        self.vote(WAITING)

    def _updates(self, image: str) -> Callable[[], str]:
        def find() -> str:
            self._let_ballots_wait()
            with Voters(self.page, RATE) as voters:
                started = time.monotonic()
                self.swarm.script("update", image, self.stack, UPDATE_OPTIONS="--no-resolve-image")
                seconds = time.monotonic() - started
                self.engine.run("service", "scale", f"{self.swarm.name('worker')}=1")
            self.accepted += voters.accepted
            failed = voters.failures
            expect(not failed, f"{len(failed)} of {voters.asked} failed: {count_by_kind(failed)}")
            wait_for_ballots(self.port["result"], self.accepted, within=60)
            return f"{seconds:.0f} s; {WAITING} ballots waited, {voters.accepted} votes meanwhile, all there"

        return find

    def _deploys_anew(self) -> str:
        self._let_ballots_wait()
        with Crowd(self.port["vote"]) as crowd:
            seconds = self.swarm.start(self.image)
        self.count(crowd)
        wait_for_ballots(self.port["result"], self.accepted, within=60)
        return f"{seconds:.0f} s; {WAITING} ballots waited, {crowd.accepted} votes meanwhile, all there"
