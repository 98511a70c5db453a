"""What stack.yaml says about failures, networks and secrets, checked by what the engine reports."""

import os
from collections.abc import Callable

from .engine import Engine
from .facts import Report, expect, wait_until
from .roles import PORTS, ROLES, WITH_DATABASE
from .swarm import CONFIG, KEY, OWNERS, REPLICAS, Swarm, second_node
from .visitors import SLUG, Crowd, check_accounts

SECOND = 10**9

COMMON: dict[str, object] = {"read-only": True, "capabilities dropped": ["ALL"]}
PAGES: dict[str, object] = {
    "replicas": 2, "restart": "any", "delay": 2, "update at once": 2, "update order": "start-first",
    "failed update": "rollback", "on": "any node",
} | COMMON  # fmt: skip
ONE: dict[str, object] = {"replicas": 1, "restart": "any", "published": []} | COMMON
POLICIES: dict[str, dict[str, object]] = {
    "vote": PAGES,
    "result": PAGES,
    "signin": PAGES | {"replicas": 0},
    "admin": ONE,
    "worker": ONE,
    "beat": ONE,
    "redis": ONE | {"delay": 10, "attempts": 3, "window": 120, "on": "node.role == manager"},
    "db": ONE | {"on": "node.role == manager"},
    "migrate": {"replicas": "job", "restart": "on-failure"} | COMMON,
}


class SwarmPolicies:
    """Facts that hold from the start."""

    swarm: Swarm

    def __init__(self, engine: Engine, report: Report, stack: str, image: str) -> None:
        self.engine, self.report, self.stack, self.image = engine, report, stack, image
        self.port = {name: int(os.environ.get(f"{name.upper()}_PORT", port)) for name, port in PORTS.items()}
        self.page = f"http://127.0.0.1:{self.port['vote']}/{SLUG}/"
        self.accepted = 0

    def on_a_swarm(self, what: str, try_facts: Callable[[], None], *, beside: str = "") -> None:
        """Try facts on a swarm that is made for them and removed afterwards; skip `what` without a second node."""
        node = second_node()
        if node is None:
            self.report.skip(what, "VERIFY_SECOND_NODE names no command that adds a second node")
            return
        self.swarm = Swarm(self.engine, node, self.stack, beside=beside)
        self.swarm.form()
        try:
            try_facts()
        finally:
            self.swarm.dissolve()

    def vote(self, number: int) -> None:
        """Have at least so many votes accepted."""
        with Crowd(self.port["vote"], pause=0) as crowd:
            wait_until(lambda: crowd.accepted >= number or crowd.refused, 60, f"{number} accepted votes", every=0.02)
        self.count(crowd)

    def count(self, crowd: Crowd) -> None:
        """Add the crowd's votes to those that the results have to show."""
        expect(not crowd.refused, crowd.refused)
        self.accepted += crowd.accepted

    def balances(self) -> str:
        """Return what was found; raises Untrue unless `reconcile` and a recount agree with what was accepted."""
        said = self.swarm.manage("reconcile")
        self.swarm.manage("recount", SLUG)
        return check_accounts(said, self.accepted)

    def follows(self, service: str, policy: dict[str, object]) -> Callable[[], str]:
        def find() -> str:
            spec = self.swarm.spec(service)
            task = spec["TaskTemplate"]
            restart, update = task["RestartPolicy"], spec.get("UpdateConfig", {})
            found: dict[str, object] = {
                "replicas": spec["Mode"].get("Replicated", {}).get("Replicas", "job"),
                "restart": restart["Condition"],
                "delay": restart.get("Delay", 0) // SECOND,
                "attempts": restart.get("MaxAttempts", 0),
                "window": restart.get("Window", 0) // SECOND,
                "update at once": update.get("Parallelism"),
                "update order": update.get("Order"),
                "failed update": update.get("FailureAction"),
                "on": task["Placement"].get("Constraints", ["any node"])[0],
                "published": [port["PublishedPort"] for port in spec.get("EndpointSpec", {}).get("Ports", [])],
                "read-only": task["ContainerSpec"].get("ReadOnly", False),
                "capabilities dropped": task["ContainerSpec"].get("CapabilityDrop", []),
            }
            for name, wanted in policy.items():
                expect(found[name] == wanted, f"{name} is {found[name]!r}, not {wanted!r}")
            return ", ".join(f"{name} {value}" for name, value in policy.items() if name not in COMMON)

        return find

    def separates_networks(self) -> None:
        private = self.engine.inspect(self.swarm.name("private"), kind="network")[0]
        expect(private["Internal"] and private["Driver"] == "overlay", private)
        names = {
            self.engine.inspect(self.swarm.name(name), kind="network")[0]["Id"]: name
            for name in ("public", "private", "door")
        }
        found = {
            service: sorted(names[one["Target"]] for one in self.swarm.spec(service)["TaskTemplate"]["Networks"])
            for service in (*REPLICAS, "migrate")
        }
        wanted = {service: ["private"] for service in found}
        wanted |= {service: ["private", "public"] for service in ("vote", "result", "signin")}
        wanted["admin"] = ["door", "private"]
        expect(found == wanted, found)

    def gives_secrets_sparingly(self) -> str:
        databases = {service: f"urna_{service}_database_url" for service in WITH_DATABASE}
        wanted = {service: {KEY, f"urna_{service}_redis_url_11"} for service in ROLES}
        for service, url in databases.items():
            wanted[service].add(url)
        wanted |= {
            "redis": {"urna_redis_users_11", "urna_redis_password_11"},
            "db": {"urna_db_password"},
            "migrate": {KEY, *OWNERS, *databases.values()},
        }
        for service, secrets in wanted.items():
            spec = self.swarm.spec(service)["TaskTemplate"]["ContainerSpec"]
            found = {one["SecretName"] for one in spec.get("Secrets", [])}
            expect(found == secrets, f"{service}: {found}")
        config = self.swarm.spec("redis")["TaskTemplate"]["ContainerSpec"]["Configs"][0]["ConfigName"]
        expect(config == CONFIG, config)
        return "each its own addresses; vote none of the database"
