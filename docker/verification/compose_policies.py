"""What compose.yaml says about networks, rights and limits, checked on the running containers."""

import re

from .compose import ALL, SERVERS, Compose
from .facts import expect


class ComposePolicies(Compose):
    """Facts that hold from the start."""

    def publishes_admin_on_loopback_alone(self) -> None:
        settings = self.engine.inspect(self.container("admin"))[0]["HostConfig"]["PortBindings"]
        addresses = {binding["HostIp"] for bindings in settings.values() for binding in bindings}
        expect(addresses == {"127.0.0.1"}, addresses)

    def publishes_no_other_port(self) -> None:
        published = {
            service: self.engine.inspect(self.container(service))[0]["HostConfig"]["PortBindings"]
            for service in ("worker", "beat", *SERVERS)
        }
        expect(not any(published.values()), published)

    def warns_without_tls(self) -> None:
        for service in ("vote", "result"):
            expect("URNA_TLS is off" in self.compose("logs", service), f"{service} does not warn")

    def hides_the_servers_from_the_public(self) -> str:
        for service, port in (("db", 5432), ("redis", 6379)):
            address = self.address(service)
            expect(self.reaches("private", address, port), f"{service} is not there to be found at all")
            for name in (service, address, "bbdd"):
                expect(not self.reaches("public", name, port), f"{name}:{port} can be reached")
        expect(self.reaches("public", "vote", 80), "vote cannot be reached, so that the trial says nothing")
        return "by name and by address; from the private one they can"

    def keeps_the_private_network_inside(self) -> str:
        network = self.engine.inspect(f"{self.project}_public", kind="network")[0]
        outside = network["IPAM"]["Config"][0]["Gateway"]
        expect(self.reaches("public", outside, self.port["vote"]), "the trial says nothing: nor from the public one")
        expect(not self.reaches("private", outside, self.port["vote"]), f"{outside} can be reached")
        for service in ("worker", "beat", *SERVERS):
            routes = self.inside(service, "cat", "/proc/net/route").splitlines()[1:]
            expect(all(route.split()[1] != "00000000" for route in routes), f"{service} has a default route")
        return "no default route; the engine's own address answers from the public one only"

    def runs_without_rights(self) -> str:
        users = {}
        for service in ALL:
            # Reading /proc needs no tool that might be missing in an image.
            status = dict(re.findall(r"^(\w+):\s+(.*)$", self.inside(service, "cat", "/proc/1/status"), re.MULTILINE))
            users[service] = status["Uid"].split()[0]
            expect(users[service] != "0", f"{service} runs as root")
            expect(int(status["CapBnd"], 16) == 0, f"{service} could get capabilities: {status['CapBnd']}")
            expect(status["NoNewPrivs"] == "1", f"{service} could get new privileges")
        return ", ".join(f"{service} {user}" for service, user in users.items())

    def cannot_write_its_image(self) -> None:
        for service in ALL:
            container = self.container(service)
            expect(not self.engine.succeeds("exec", container, "sh", "-c", "echo x > /urna-was-here"), service)
            host = self.engine.inspect(container)[0]["HostConfig"]
            expect(host["ReadonlyRootfs"], service)

    def has_limits(self) -> str:
        for service in ALL:
            host = self.engine.inspect(self.container(service))[0]["HostConfig"]
            expect(host["Memory"] and host["NanoCpus"] and host["PidsLimit"], f"{service} lacks a limit")
            log = host["LogConfig"]["Config"]
            expect(log.get("max-size") and log.get("max-file"), f"the log of {service} grows without end")
            expect(host["RestartPolicy"]["Name"] == "unless-stopped", f"{service}: {host['RestartPolicy']}")
        return "memory, processors, processes, logs"

    def keeps_ballots_safe(self) -> str:
        config = {
            name: self.redis("config", "get", name).split()[-1]
            for name in ("appendonly", "appendfsync", "maxmemory-policy", "maxmemory")
        }
        limit = self.engine.inspect(self.container("redis"))[0]["HostConfig"]["Memory"]
        share = int(config.pop("maxmemory")) / limit
        expect(list(config.values()) == ["yes", "always", "noeviction"], config)
        expect(0 < share <= 0.6, f"maxmemory is {share:.0%} of the limit")
        return f"append-only, always, no eviction, maxmemory {share:.0%} of the limit"

    def keeps_the_database_from_vote(self) -> None:
        program = (
            "import os, pathlib; files = sorted(map(str, pathlib.Path('/secrets').rglob('*/*')));"
            "print('DATABASE' in str(os.environ), *files)"
        )
        found = self.inside("vote", "python", "-c", program).strip()
        expect(
            found == "False /secrets/app/secret_key /secrets/app/secret_key_fallbacks /secrets/vote/redis_url", found
        )
