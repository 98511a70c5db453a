"""A ballot box with copies: primaries are lost with their disks while people vote."""

import time
from collections.abc import Callable

from .compose import ALL, COMPOSE_FILE, Compose
from .facts import Untrue, expect, wait_until
from .visitors import Crowd, wait_for_ballots

BOXES = ("redis", "redis-2", "redis-3")
SENTINELS = ("sentinel-1", "sentinel-2", "sentinel-3")
# Seconds within which people vote again.
AGAIN_S = 10


class Copies(Compose):
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
        self._wait_until_whole()
        return f"after {time.monotonic() - started:.1f} s"

    def _sentinel(self) -> dict[str, str]:
        """Return what a Sentinel that runs tells of the primary; {} if none answers."""
        ask = (
            "REDISCLI_AUTH=$(cat /secrets/sentinel/client_password) exec redis-cli -p 26379 --user urna "
            "--no-auth-warning sentinel master urna"
        )
        for service in SENTINELS:
            try:
                lines = self.inside(service, "sh", "-c", ask).splitlines()
            except Untrue:
                continue
            if len(lines) % 2 == 0 and lines[:1] == ["name"]:
                return dict(zip(lines[::2], lines[1::2], strict=True))
        return {}

    def _role(self, service: str) -> list[str]:
        sign_in = (
            "REDISCLI_AUTH=$(cat /secrets/redis/operator_password) exec redis-cli --user operator --no-auth-warning"
        )
        try:
            return self.inside(service, "sh", "-c", f"{sign_in} role").splitlines()
        except Untrue:
            return []

    def _wait_until_whole(self) -> None:
        """Wait until one is the primary, and the two others follow it."""

        def is_whole() -> bool:
            primary = self._sentinel().get("ip")
            roles = {service: self._role(service) for service in BOXES}
            return primary in BOXES and all(
                role[:1] == ["master"] if service == primary else role[:2] == ["slave", primary] and "connected" in role
                for service, role in roles.items()
            )

        wait_until(is_whole, 90, "a primary and two replicas")

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
            self._wait_until_whole()
            lost = self._sentinel()["ip"]
            with Crowd(self.port["vote"]) as crowd:
                wait_until(lambda: crowd.accepted >= 20 or crowd.refused, 60, "20 accepted votes", every=0.02)
                pid = str(self.engine.inspect(self.container(lost))[0]["State"]["Pid"])
                began = time.monotonic()
                self.engine.end(self.image, pid)
                self.engine.run("rm", "--force", self.container(lost))
                self.engine.run("volume", "rm", self._volume(lost))
                if not later:
                    self._bring_back(lost)
                seconds = self._wait_for_votes(crowd, began)
                wait_until(lambda: self._sentinel().get("ip") not in (None, lost), 10, "another primary")
                if later:
                    self._bring_back(lost)
                wait_until(lambda: crowd.refused or time.monotonic() > began + 15, 60, "some more votes")
            self._count(crowd)
            self._wait_until_whole()
            if later:
                expect(seconds <= AGAIN_S, f"no vote was accepted for {seconds:.1f} s")
            return f"{lost}: no vote for {seconds:.1f} s; {crowd.accepted} accepted, all there"

        return find

    def _bring_back(self, service: str) -> None:
        self.compose("up", "-d", "--no-build", "--no-deps", service)

    def _wait_for_votes(self, crowd: Crowd, since: float) -> float:
        """Return the longest time without an accepted vote from `since` on, until ten more are accepted.

        The first of them may have been accepted before the loss.
        """
        longest, last, seen = 0.0, since, crowd.accepted
        first = seen
        while crowd.accepted < first + 10:
            expect(not crowd.refused and time.monotonic() < since + 90, crowd.refused or "no votes for 90 s")
            time.sleep(0.02)
            if crowd.accepted > seen:
                longest, last, seen = max(longest, time.monotonic() - last), time.monotonic(), crowd.accepted
        return longest

    def _count(self, crowd: Crowd) -> None:
        expect(not crowd.refused, crowd.refused)
        self.accepted += crowd.accepted
        wait_for_ballots(self.port["result"], self.accepted, within=60)

    def kills_the_primary(self) -> str:
        lost = self._sentinel()["ip"]
        with Crowd(self.port["vote"]) as crowd:
            wait_until(lambda: crowd.accepted >= 20 or crowd.refused, 60, "20 accepted votes", every=0.02)
            began = time.monotonic()
            self.engine.kill(self.container(lost), self.image)
            seconds = self._wait_for_votes(crowd, began)
        self._count(crowd)
        self._wait_until_whole()
        return f"{lost}: no vote for {seconds:.1f} s; the primary is now {self._sentinel()['ip']}"

    def loses_a_sentinel(self) -> str:
        with Crowd(self.port["vote"]) as crowd:
            self.engine.run("rm", "--force", self.container("sentinel-1"))
            self.engine.run("volume", "rm", self._volume("sentinel-1"))
            self._bring_back("sentinel-1")
            wait_until(lambda: crowd.accepted >= 20 or crowd.refused, 60, "20 accepted votes", every=0.02)
        self._count(crowd)
        primary = self._sentinel()["ip"]
        wait_until(lambda: self._sentinel().get("num-other-sentinels") == "2", 30, "three Sentinels")
        expect(self._role(primary)[:1] == ["master"], f"the new Sentinel takes {primary} for the primary")
        return f"{crowd.accepted} votes meanwhile, all there; it knows that {primary} is the primary"

    def kills_everything(self) -> str:
        before = self._sentinel()["ip"]
        pids = [str(one["State"]["Pid"]) for one in self.engine.inspect(*map(self.container, self.services))]
        self.engine.end(self.image, *pids)
        started = time.monotonic()
        self._wait_until_whole()
        self.vote(10)
        wait_for_ballots(self.port["result"], self.accepted, within=60)
        after = self._sentinel()["ip"]
        return f"{time.monotonic() - started:.1f} s later; the primary was {before}, and is {after}"
