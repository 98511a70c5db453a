"""A ballot box with copies: primaries are lost with their disks while people vote."""

import time
from collections.abc import Callable

from .box_servers import AGAIN_S, BOXES, SENTINELS, BoxServers, wait_for_first_votes, wait_for_votes
from .compose import ALL, COMPOSE_FILE, Compose
from .facts import expect, wait_until
from .visitors import Crowd, wait_for_ballots


class Copies(Compose, BoxServers):
    """The facts about docker/ha.yaml."""

    files = (COMPOSE_FILE, "docker/ha.yaml")
    services = (*ALL, *BOXES[1:], *SENTINELS)

    def run(self) -> None:
        """Check all facts, on a project of its own that is removed before and after."""
        self.report.title(f"A ballot box with copies (project {self.project}, docker/ha.yaml)")
        check = self.report.check
        self.remove()
        try:
            if not (check("the image builds", self.builds) and check("all services become healthy", self.comes_up)):
                return
            check("the servers are on the private network alone, and publish nothing", self.hides_the_servers)
            check("nobody without a password asks a Sentinel, a server or a replica anything", self.asks_for_passwords)
            for number in (1, 2, 3):
                again = "" if number == 1 else f", once more ({number})"
                check(
                    f"the primary is lost with its disk: voting again within {AGAIN_S} s{again}", self.loses(later=True)
                )
            check("the primary comes back at once without its disk: it waits to be a replica", self.loses(later=False))
            check("the primary is killed and keeps its disk", self.kills_the_primary)
            check("a Sentinel is lost with its disk", self.loses_a_sentinel)
            check("all is killed at once and comes back", self.kills_everything)
            check("every accepted ballot is counted once, and a recount agrees", self.balance)
        finally:
            self.remove()

    def comes_up(self) -> str:
        started = time.monotonic()
        self.compose("up", "-d", "--no-build")
        self.wait_until_healthy(180)
        self.wait_until_whole()
        return f"after {time.monotonic() - started:.1f} s"

    def hides_the_servers(self) -> None:
        for service in (*BOXES, *SENTINELS):
            settings = self.engine.inspect(self.container(service))[0]
            expect(not settings["HostConfig"]["PortBindings"], f"{service} publishes a port")
            networks = [*settings["NetworkSettings"]["Networks"]]
            expect(networks == [f"{self.project}_private"], f"{service} is in {networks}")

    def asks_for_passwords(self) -> None:
        for service, port, command in (
            *((one, "6379", "role") for one in BOXES),
            *((one, "6379", "psync ? -1") for one in BOXES),
            *((one, "26379", "sentinel masters") for one in SENTINELS),
            *((one, "26379", "sentinel failover urna") for one in SENTINELS),
        ):
            said = self.inside(service, "sh", "-c", f"redis-cli -p {port} {command} 2>&1 || true")
            expect("NOAUTH" in said or "NOPERM" in said, f"{service}, {command}: {said}")

    def _volume(self, service: str) -> str:
        return f"{self.project}_{service}-data"

    def loses(self, *, later: bool) -> Callable[[], str]:
        """Return a fact: the primary's container and volume are removed; it comes back `later`, or at once."""

        def find() -> str:
            self.wait_until_whole()
            lost = self.ask_sentinel()["ip"]
            with Crowd(self.port["vote"]) as crowd:
                wait_for_first_votes(crowd)
                pid = str(self.engine.inspect(self.container(lost))[0]["State"]["Pid"])
                began = time.monotonic()
                self.engine.end(self.image, pid)
                self.engine.run("rm", "--force", self.container(lost))
                self.engine.run("volume", "rm", self._volume(lost))
                if not later:
                    self._bring_back(lost)
                seconds = wait_for_votes(crowd, began)
                wait_until(lambda: self.ask_sentinel().get("ip") not in (None, lost), 10, "another primary")
                if later:
                    self._bring_back(lost)
                wait_until(lambda: crowd.refused or time.monotonic() > began + 15, 60, "some more votes")
            self._count(crowd)
            self.wait_until_whole()
            if later:
                expect(seconds <= AGAIN_S, f"no vote was accepted for {seconds:.1f} s")
            return f"{lost}: no vote for {seconds:.1f} s; {crowd.accepted} accepted, all there"

        return find

    def _bring_back(self, service: str) -> None:
        self.compose("up", "-d", "--no-build", "--no-deps", service)

    def _count(self, crowd: Crowd) -> None:
        expect(not crowd.refused, crowd.refused)
        self.accepted += crowd.accepted
        wait_for_ballots(self.port["result"], self.accepted, within=60)

    def kills_the_primary(self) -> str:
        lost = self.ask_sentinel()["ip"]
        with Crowd(self.port["vote"]) as crowd:
            wait_for_first_votes(crowd)
            began = time.monotonic()
            self.engine.kill(self.container(lost), self.image)
            seconds = wait_for_votes(crowd, began)
        self._count(crowd)
        self.wait_until_whole()
        return f"{lost}: no vote for {seconds:.1f} s; the primary is now {self.ask_sentinel()['ip']}"

    def loses_a_sentinel(self) -> str:
        with Crowd(self.port["vote"]) as crowd:
            self.engine.run("rm", "--force", self.container("sentinel-1"))
            self.engine.run("volume", "rm", self._volume("sentinel-1"))
            self._bring_back("sentinel-1")
            wait_for_first_votes(crowd)
        self._count(crowd)
        primary = self.ask_sentinel()["ip"]
        wait_until(lambda: self.ask_sentinel().get("num-other-sentinels") == "2", 30, "three Sentinels")
        expect(self.ask_role(primary)[:1] == ["master"], f"the new Sentinel takes {primary} for the primary")
        return f"{crowd.accepted} votes meanwhile, all there; it knows that {primary} is the primary"

    def kills_everything(self) -> str:
        before = self.ask_sentinel()["ip"]
        pids = [str(one["State"]["Pid"]) for one in self.engine.inspect(*map(self.container, self.services))]
        self.engine.end(self.image, *pids)
        started = time.monotonic()
        self.wait_until_whole()
        self.vote(10)
        wait_for_ballots(self.port["result"], self.accepted, within=60)
        after = self.ask_sentinel()["ip"]
        return f"{time.monotonic() - started:.1f} s later; the primary was {before}, and is {after}"
