"""A ballot box with copies on a swarm: the primary is lost, and so is the node with the two others."""

import time
from collections.abc import Callable

from .box_servers import AGAIN_S, BOXES, BoxServers, wait_for_first_votes, wait_for_votes
from .facts import Untrue, expect, wait_until
from .swarm_policies import SwarmPolicies
from .visitors import Crowd, wait_for_ballots

# The first server and the first Sentinel are on the manager.
LABELS = ("urna-box-2=yes", "urna-box-3=yes")
# Seconds for which the other node is cut off: longer than Sentinels need to choose, and the engine to notice.
CUT_S = 15


class SwarmCopies(SwarmPolicies, BoxServers):
    """The facts about docker/ha-stack.yaml, on two nodes of which one has both labels."""

    operator_password = "/run/secrets/urna_redis_password"
    sentinel_password = "/run/secrets/urna_sentinel_client_password"

    def run(self) -> None:
        """Check all facts, on a swarm that is made for this and removed afterwards."""
        self.report.title(f"A ballot box with copies on a swarm (stack {self.stack}, docker/ha-stack.yaml)")
        self.on_a_swarm("a ballot box with copies on a swarm", self._facts, beside="docker/ha-stack.yaml")

    def _facts(self) -> None:
        check = self.report.check
        if not (check("the image builds", self.builds) and check("three servers run on two nodes", self.comes_up)):
            return
        check(f"the primary is killed: voting again within {AGAIN_S} s", self.loses(with_disk=False))
        check(f"the primary is lost with its disk: voting again within {AGAIN_S} s", self.loses(with_disk=True))
        check("the node with two servers is cut off: nobody can vote until it is back", self.cuts_two_off)
        check("every accepted ballot is accounted for, and a recount agrees", self.balances)

    def inside(self, service: str, *command: str) -> str:
        for engine, container in self.swarm.containers(service):
            return engine.run("exec", container, *command)
        raise Untrue(f"{service} has no container")

    def builds(self) -> None:
        self.engine.run("build", "-f", "docker/Dockerfile", "-t", self.image, ".", within=900)

    def comes_up(self) -> str:
        self.swarm.send_all(self.image)
        [other] = self.engine.lines("node", "ls", "--quiet", "--filter", "role=worker")
        for label in LABELS:
            self.engine.run("node", "update", "--label-add", label, other)
        seconds = self.swarm.start(self.image)
        self.wait_until_whole()
        own = self.engine.run("info", "--format", "{{.Name}}").strip()
        nodes = {service: [*self.swarm.tasks(service).values()] for service in BOXES}
        expect(nodes["redis"] == [own] and own not in nodes["redis-2"] + nodes["redis-3"], nodes)
        return f"{seconds:.0f} s"

    def _finish(self, crowd: Crowd) -> None:
        """Count what was accepted, and wait until the results have it, and all servers are back."""
        self.count(crowd)
        wait_for_ballots(self.port["result"], self.accepted, within=60)
        self.wait_until_whole()

    def loses(self, *, with_disk: bool) -> Callable[[], str]:
        """Return a fact: the primary is killed, and `with_disk` its volume is removed before it is started again."""

        def find() -> str:
            self.wait_until_whole()
            lost = self.ask_sentinel()["ip"]
            [(engine, container)] = self.swarm.containers(lost)
            with Crowd(self.port["vote"]) as crowd:
                wait_for_first_votes(crowd)
                began = time.monotonic()
                engine.kill(container, self.image)
                if with_disk:
                    engine.run("rm", "--force", container)
                    engine.run("volume", "rm", self.swarm.name(f"{lost}-data"))
                seconds = wait_for_votes(crowd, began)
            self._finish(crowd)
            expect(seconds <= AGAIN_S, f"no vote was accepted for {seconds:.1f} s")
            return f"{lost}: no vote for {seconds:.1f} s; the primary is now {self.ask_sentinel()['ip']}"

        return find

    def cuts_two_off(self) -> str:
        with Crowd(self.port["vote"]) as crowd:
            wait_for_first_votes(crowd)
            self.swarm.node.ask("cut")
            # What is under way may still be accepted.
            time.sleep(CUT_S / 3)
            before = crowd.accepted
            time.sleep(CUT_S)
            accepted = crowd.accepted - before
            self.swarm.node.ask("mend")
            mended = time.monotonic()
            wait_until(lambda: crowd.accepted > before or crowd.refused, 120, "a vote", every=0.02)
            seconds = time.monotonic() - mended
        self._finish(crowd)
        expect(not accepted, f"{accepted} votes were accepted with one of three servers")
        return f"voting again {seconds:.1f} s after it was back; {self.accepted} votes in all"
