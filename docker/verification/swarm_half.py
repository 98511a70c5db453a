"""The swarm half: two nodes, failures, updates under load."""

import subprocess
import time
from collections.abc import Callable

from .engine import PROJECT
from .facts import Untrue, expect, wait_until
from .swarm import REPLICAS
from .swarm_policies import POLICIES, SwarmPolicies
from .visitors import SLUG, Crowd, Load, count_by_kind, longest_run, status_of, wait_for_ballots

# Requests in a second during an update.
RATE = 50


class SwarmHalf(SwarmPolicies):
    """The facts about a stack, in the order in which a person would try them."""

    def run(self) -> None:
        """Check all facts, on a swarm that is made for this and removed afterwards."""
        self.report.title(f"Swarm (stack {self.stack}, docker/stack.yaml)")
        self.on_a_swarm("the whole swarm half", self._facts)

    def _facts(self) -> None:
        check = self.report.check
        if not (check("two nodes form a swarm", self.has_two_nodes) and check("the stack comes up", self.comes_up)):
            return
        check("each of the two nodes answers on both ports", self.answers_on_both_nodes)
        check("a vote through one node shows through the other", self.shows_a_vote)
        for service, policy in POLICIES.items():
            check(f"the engine reports the policy of {service}", self.follows(service, policy))
        check("the private network is internal, and only vote, result and signin are on both", self.separates_networks)
        check("each role sees its own secrets only", self.gives_secrets_sparingly)
        check("one replica of vote is killed: the other answers throughout, 2/2 within 30 s", self.replaces("vote"))
        check("one replica of result is killed: the other answers throughout, 2/2 within 30 s", self.replaces("result"))
        check(f"vote is updated at {RATE} requests a second: none fails", self.updates_vote)
        check("docker/update brings all to a new image, the worker before vote", self.updates_in_order)
        check("an image that does not start is rolled back: none fails", self.rolls_back)
        check("redis, ended by kill -9, comes back and nothing is lost", self.restarts("redis"))
        check("db, ended by kill -9, comes back and nothing is lost", self.restarts("db"))
        check("the other node is cut off: its tasks move", self.survives_a_cut)
        check("the node comes back", self.takes_the_node_back)
        check("redis fails again and again: it stays down, and --force recovers it", self.gives_up_and_recovers)
        check("docker/admin-door opens the administration on 127.0.0.1, and closes it", self.opens_the_door)
        check("every accepted ballot is accounted for, and a recount agrees", self.balances)

    def has_two_nodes(self) -> str:
        nodes = self.engine.lines("node", "ls", "--format", "{{.Hostname}} {{.Status}} {{.ManagerStatus}}")
        expect(len(nodes) == 2 and all("Ready" in node for node in nodes), nodes)
        return ", ".join(nodes)

    def comes_up(self) -> str:
        self.swarm.send_all(self.image)
        seconds = self.swarm.start(self.image)
        for command in ("services", "ps"):
            self.engine.run("stack", command, self.stack)
        return f"{seconds:.0f} s"

    def answers_on_both_nodes(self) -> None:
        for address in (self.swarm.manager_address, self.swarm.worker_address):
            for port in (self.port["vote"], self.port["result"]):
                url = f"http://{address}:{port}/{SLUG}/"
                wait_until(lambda url=url: status_of(url) == 200, 10, f"200 from {url}")  # type: ignore[misc]

    def shows_a_vote(self) -> str:
        with Crowd(self.port["vote"]) as crowd:
            wait_until(lambda: crowd.accepted >= 3 or crowd.refused, 20, "three accepted votes")
        self.count(crowd)
        seconds = wait_for_ballots(self.port["result"], self.accepted, host=self.swarm.worker_address)
        return f"{seconds:.1f} s after it was accepted"

    def opens_the_door(self) -> None:
        url = f"http://127.0.0.1:{self.port['admin']}/admin/login/"
        expect(status_of(url) == 0, "it is open already")
        door = subprocess.Popen(
            ["docker/admin-door", self.stack],
            cwd=PROJECT,
            env=self.engine.environment,
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: status_of(url) == 200, 20, "the administration")
            other = f"http://{self.swarm.manager_address}:{self.port['admin']}/admin/login/"
            expect(status_of(other) == 0, f"{other} answers as well")
        finally:
            door.terminate()
            door.wait(20)
        wait_until(lambda: status_of(url) == 0, 10, "a closed door")

    def replaces(self, service: str) -> Callable[[], str]:
        def find() -> str:
            url = f"http://127.0.0.1:{self.port[service]}/{SLUG}/"
            engine, container = self.swarm.containers(service)[-1]
            killed = engine.inspect(container)[0]["Config"]["Labels"]["com.docker.swarm.task.id"]
            with Load(url, 20) as load, Crowd(self.port["vote"]) as crowd:
                started = time.monotonic()
                engine.kill(container, self.image)
                wait_until(lambda: len({*self.swarm.tasks(service)} - {killed}) == 2, 60, "2/2 again")
                seconds = time.monotonic() - started
            self.count(crowd)
            wait_for_ballots(self.port["result"], self.accepted)
            expect(seconds <= 30, f"2/2 after {seconds:.0f} s")
            # The requests under way are lost, and those that the mesh sends there before it has noticed.
            silence = longest_run(load.failures)
            expect(silence <= 2, f"no answer for {silence:.1f} s; {len(load.failures)} of {load.asked} failed")
            return f"2/2 after {seconds:.0f} s; {len(load.failures)} of {load.asked} requests failed"

        return find

    def new_image(self, name: str, command: str = "") -> str:
        """Make an image that differs, on both nodes."""
        image = f"{self.image.partition(':')[0]}:{self.stack}-{name}"
        self.engine.run("build", "--tag", image, "-", text=f"FROM {self.image}\nLABEL trial={name}\n{command}\n")
        self.swarm.send(image)
        return image

    def updates_vote(self) -> str:
        image = self.new_image("second")
        with Load(self.page, RATE) as load, Crowd(self.port["vote"]) as crowd:
            time.sleep(2)
            self.engine.run("service", "update", "--no-resolve-image", "--image", image, self.swarm.name("vote"))
            time.sleep(8)
        self.count(crowd)
        status = self.engine.inspect(self.swarm.name("vote"), kind="service")[0]["UpdateStatus"]["State"]
        expect(status == "completed", status)
        expect(not load.failures, f"{len(load.failures)} of {load.asked} failed: {count_by_kind(load.failures)}")
        wait_for_ballots(self.port["result"], self.accepted)
        return f"{load.asked} requests, 0 failed; {crowd.accepted} votes meanwhile, all there"

    def updates_in_order(self) -> str:
        image = self.new_image("third")
        with Load(self.page, RATE) as load:
            started = time.monotonic()
            self.swarm.script("update", image, self.stack, UPDATE_OPTIONS="--no-resolve-image")
            seconds = time.monotonic() - started
        ended = {
            service: self.engine.inspect(self.swarm.name(service), kind="service")[0]["UpdateStatus"]["CompletedAt"]
            for service in ("worker", "vote")
        }
        expect(ended["worker"] < ended["vote"], ended)
        expect(not load.failures, f"{len(load.failures)} of {load.asked} failed: {count_by_kind(load.failures)}")
        return f"{seconds:.0f} s; {load.asked} requests, 0 failed"

    def rolls_back(self) -> str:
        image = self.new_image("broken", 'ENTRYPOINT ["false"]')
        before = self.swarm.spec("vote")["TaskTemplate"]["ContainerSpec"]["Image"]
        with Load(self.page, RATE) as load:
            self.engine.run(
                "service", "update", "--no-resolve-image", "--image", image, self.swarm.name("vote"), check=False
            )  # fmt: skip
        service = self.engine.inspect(self.swarm.name("vote"), kind="service")[0]
        expect(service["UpdateStatus"]["State"] == "rollback_completed", service["UpdateStatus"])
        found = service["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"]
        expect(found == before, found)
        expect(not load.failures, f"{len(load.failures)} of {load.asked} failed: {count_by_kind(load.failures)}")
        return f"{load.asked} requests, 0 failed"

    def restarts(self, service: str) -> Callable[[], str]:
        def find() -> str:
            before = self.swarm.tasks(service)
            with Crowd(self.port["vote"]) as crowd:
                engine, container = self.swarm.containers(service)[0]
                started = time.monotonic()
                engine.kill(container, self.image)
                wait_until(lambda: {*self.swarm.tasks(service)} - {*before}, 60, "a new task")
                seconds = time.monotonic() - started
                wait_until(lambda: status_of(self.page) == 200, 30, "a ballot page")
            self.count(crowd)
            wait_for_ballots(self.port["result"], self.accepted)
            return f"after {seconds:.0f} s; {crowd.accepted} votes meanwhile, all there"

        return find

    def survives_a_cut(self) -> str:
        own = self.engine.run("info", "--format", "{{.Name}}").strip()
        # At least one task must be there to move, on whichever node the swarm has put them.
        with Load(self.page, 5) as load, Crowd(self.port["vote"]) as crowd:
            self.swarm.node.ask("cut")
            there = {
                service: len([node for node in self.swarm.tasks(service).values() if node != own])
                for service in REPLICAS
            }
            expect(sum(there.values()), "no task ran on the node that was cut off")
            seconds = wait_until(
                lambda: all(
                    list(self.swarm.tasks(service).values()) == [own] * number for service, number in REPLICAS.items()
                ),
                120,
                "all replicas on the manager",
            )
        self.engine.run("node", "ls")
        self.engine.run("stack", "ps", self.stack, "--filter", "desired-state=running")
        self.count(crowd)
        wait_for_ballots(self.port["result"], self.accepted)
        moved = ", ".join(f"{service} {number}" for service, number in there.items() if number)
        return (
            f"{moved} moved within {seconds:.0f} s; {len(load.failures)} of {load.asked} requests failed meanwhile; "
            f"{crowd.accepted} votes, all there"
        )

    def takes_the_node_back(self) -> str:
        self.swarm.node.ask("mend")
        seconds = wait_until(
            lambda: all("Ready" in node for node in self.engine.lines("node", "ls", "--format", "{{.Status}}")),
            60,
            "both nodes ready",
        )
        # Nothing moves back by itself. A new replica starts on the node with the fewest, and one stops where most are.
        for number in (3, 2):
            self.engine.run("service", "scale", f"{self.swarm.name('vote')}={number}")
        spread = set(self.swarm.tasks("vote").values())
        expect(len(spread) == 2, f"vote is on {spread} alone")
        wait_until(self.swarm.is_complete, 60, "all replicas")
        return f"after {seconds:.0f} s; scaling vote to 3 and back spreads it again"

    def gives_up_and_recovers(self) -> str:
        kills = 0
        while kills < 6:
            try:
                wait_until(lambda: self.swarm.containers("redis"), 25, "another redis")
            except Untrue:
                break
            engine, container = self.swarm.containers("redis")[0]
            engine.kill(container, self.image)
            wait_until(lambda: not self.swarm.containers("redis"), 10, "the end of redis")
            kills += 1
        expect(kills < 6, "it came back each time")
        self.engine.run("service", "ps", self.swarm.name("redis"))
        expect(status_of(self.page) == 503, f"vote answers {status_of(self.page)} without redis")
        started = time.monotonic()
        self.engine.run("service", "update", "--force", "--no-resolve-image", self.swarm.name("redis"))
        wait_until(lambda: status_of(self.page) == 200, 60, "a ballot page")
        seconds = time.monotonic() - started
        wait_for_ballots(self.port["result"], self.accepted)
        return f"down after {kills} kills; voting again {seconds:.0f} s after the command"
