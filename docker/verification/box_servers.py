"""The servers of a ballot box with copies, and what is asked of them, in Compose as on a swarm."""

import time

from .engine import Engine
from .facts import Untrue, expect, wait_until
from .visitors import Crowd

BOXES = ("redis", "redis-2", "redis-3")
SENTINELS = ("sentinel-1", "sentinel-2", "sentinel-3")
# Seconds within which people vote again.
AGAIN_S = 10


class BoxServers:
    """Three servers and three Sentinels, whose containers have passwords in these files."""

    engine: Engine
    operator_password = "/secrets/redis/operator_password"
    sentinel_password = "/secrets/sentinel/client_password"

    def inside(self, service: str, *command: str) -> str:
        """Run a command in the container of a service; raises Untrue if it fails, or there is none."""
        raise NotImplementedError

    def ask_sentinel(self) -> dict[str, str]:
        """Return what a Sentinel that runs tells of the primary; {} if none answers."""
        ask = (
            f"REDISCLI_AUTH=$(cat {self.sentinel_password}) exec redis-cli -p 26379 --user urna "
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

    def ask_role(self, service: str) -> list[str]:
        """Return what a server is, and of whom; [] if it does not answer."""
        sign_in = f"REDISCLI_AUTH=$(cat {self.operator_password}) exec redis-cli --user operator --no-auth-warning"
        try:
            return self.inside(service, "sh", "-c", f"{sign_in} role").splitlines()
        except Untrue:
            return []

    def wait_until_whole(self) -> None:
        """Wait until one is the primary, and the two others follow it."""

        def is_whole() -> bool:
            primary = self.ask_sentinel().get("ip")
            roles = {service: self.ask_role(service) for service in BOXES}
            return primary in BOXES and all(
                role[:1] == ["master"] if service == primary else role[:2] == ["slave", primary] and "connected" in role
                for service, role in roles.items()
            )

        wait_until(is_whole, 90, "a primary and two replicas")


def wait_for_first_votes(crowd: Crowd) -> None:
    """Wait until some votes are accepted."""
    wait_until(lambda: crowd.accepted >= 20 or crowd.refused, 60, "20 accepted votes", every=0.02)


def wait_for_votes(crowd: Crowd, since: float) -> float:
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
