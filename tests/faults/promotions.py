"""What can go wrong with one of several servers of the ballot box: the primary is lost, cut off, or left alone.

Each fault ends once the servers are whole again: two of three that are ill one after the other, without the time to
come back in between, are more than one copy survives.
"""

import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

from tests.faults.fault import Fault
from tests.faults.installation import Installation, wait_until
from tests.promotable import DEAD_AFTER_MS, PRIMARY
from tests.promotable import NUMBER as SERVERS

# Seconds in which another server has to be promoted, and in which all have to be whole again.
PROMOTED_WITHIN = 30
WHOLE_WITHIN = 60
# Seconds after which Sentinels are asked again to move a primary.
MOVED_WITHIN = 10
# Seconds for which a replica may stand still without being taken for dead.
BEHIND = DEAD_AFTER_MS / 1000 / 2


def primary_of(installation: Installation) -> int:
    """Return the place of the primary, once the Sentinels agree on one."""
    assert installation.promotable
    found: list[int | None] = []

    def look() -> bool:
        assert installation.promotable
        found.append(installation.promotable.find_primary())
        return found[-1] is not None

    wait_until(look, "the Sentinels agree", seconds=PROMOTED_WITHIN)
    assert found[-1] is not None
    return found[-1]


def wait_until_whole(installation: Installation) -> None:
    """Return once a primary has both replicas, and all Sentinels watch it."""
    servers = installation.promotable
    assert servers
    wait_until(lambda: servers.is_whole() and servers.is_watched(), "the servers are whole", seconds=WHOLE_WITHIN)


def wait_for_another(installation: Installation, than: int) -> None:
    assert installation.promotable
    find = installation.promotable.find_primary
    wait_until(lambda: find() not in (than, None), "another primary", seconds=PROMOTED_WITHIN)


@contextmanager
def gone(installation: Installation, place: int, *, wiped: bool) -> Iterator[None]:
    """Let a server be dead meanwhile; one that is wiped comes back with nothing, as a replica."""
    assert installation.promotable
    part = installation.part(f"box-{place}")
    part.wanted = False
    part.kill()
    wait_until(lambda: part.pid is None, f"{part.name} is dead")
    if wiped:
        shutil.rmtree(installation.promotable.data(place) / "appendonlydir")
    yield
    if wiped:
        # If no other was promoted the run is over: it may not come back, and have all others forget what it lacks.
        primary = primary_of(installation)
        assert primary != place
        installation.promotable.write_server(place, primary=primary)
    part.wanted = True


@contextmanager
def standing_still(installation: Installation, *names: str) -> Iterator[None]:
    """Let processes stand still meanwhile."""
    held = [psutil.Process(pid) for name in names if (pid := installation.part(name).pid)]
    for process in held:
        process.suspend()
    try:
        yield
    finally:
        for process in held:
            with suppress(psutil.NoSuchProcess):
                process.resume()


def lose_primary(installation: Installation, *, wiped: bool = True) -> bool:
    """Kill the primary, and let it come back once another is promoted."""
    place = primary_of(installation)
    with gone(installation, place, wiped=wiped):
        wait_for_another(installation, place)
    return True


def hold_primary(installation: Installation) -> bool:
    """Let the primary stand still until another is promoted."""
    place = primary_of(installation)
    with standing_still(installation, f"box-{place}"):
        wait_for_another(installation, place)
    return True


def hold_primary_for_a_moment(installation: Installation) -> bool:
    """Let the primary stand still for about as long as Sentinels wait: it goes on while another is promoted."""
    with standing_still(installation, f"box-{primary_of(installation)}"):
        time.sleep(DEAD_AFTER_MS / 1000 + 1.5 * random.random())
    return True


def move_primary(installation: Installation) -> bool:
    """Have Sentinels promote another server while the primary works, as an operator may, who asks again if need be.

    Sentinels ask a replica once in 10 s what it is. One of them may know the promoted one only as the primary that it
    was before, and make it a replica again: then they give up, and the primary stays.
    """
    servers = installation.promotable
    assert servers
    place = primary_of(installation)
    ask_at = time.monotonic()

    def is_moved() -> bool:
        nonlocal ask_at
        if time.monotonic() >= ask_at:
            ask_at += MOVED_WITHIN
            servers.ask_sentinel(0, "SENTINEL", "FAILOVER", PRIMARY)
        return servers.find_primary() not in (place, None)

    wait_until(is_moved, "another primary", seconds=PROMOTED_WITHIN)
    return True


def lose_primary_before_replicas_follow(installation: Installation) -> bool:
    """Cut the primary off from both replicas, and lose it before they have what it got meanwhile.

    Replicas that stand still would not do: their machine takes what comes, and they have it when they go on.
    """
    place, machines = primary_of(installation), installation.machines
    if machines is None:
        return False
    with machines.cut_off(place):
        time.sleep(BEHIND)
        with gone(installation, place, wiped=True):
            wait_for_another(installation, place)
    return True


def lose_primary_after_replica_was_behind(installation: Installation) -> bool:
    """Let one replica stand still while the other confirms, and lose the primary soon after it has gone on."""
    place = primary_of(installation)
    with standing_still(installation, _others(place)[0]):
        time.sleep(BEHIND)
    return lose_primary(installation)


def lose_primary_and_hold_replica(installation: Installation) -> bool:
    """Let one replica stand still for so long that it is taken for dead, and lose the primary meanwhile."""
    place = primary_of(installation)
    with standing_still(installation, _others(place)[0]):
        time.sleep(3 * BEHIND)
        with gone(installation, place, wiped=True):
            wait_for_another(installation, place)
    return True


def hold_replicas(installation: Installation) -> bool:
    """Let both replicas stand still for longer than the primary accepts anything without them."""
    with standing_still(installation, *_others(primary_of(installation))):
        time.sleep(5)
    return True


def lose_primary_and_hold_sentinel(installation: Installation) -> bool:
    """Lose the primary with the Sentinel beside it."""
    place = primary_of(installation)
    with standing_still(installation, f"sentinel-{place}"), gone(installation, place, wiped=True):
        wait_for_another(installation, place)
    return True


def lose_primary_without_sentinels(installation: Installation) -> bool:
    """Kill the primary while two of three Sentinels stand still: nobody is promoted, and it comes back."""
    place = primary_of(installation)
    with standing_still(installation, "sentinel-0", "sentinel-1"):
        with gone(installation, place, wiped=False):
            time.sleep(2 * DEAD_AFTER_MS / 1000)
        wait_until(lambda: installation.part(f"box-{place}").pid, "the primary is back")
    return True


def split(installation: Installation, *, from_all: bool) -> bool:
    """Cut the primary off from the other servers, or from everybody, until another is promoted."""
    machines = installation.machines
    if machines is None:
        return False
    place = primary_of(installation)
    with machines.unplugged(place) if from_all else machines.cut_off(place):
        find = installation.promotable.find_primary if installation.promotable else None
        assert find
        wait_until(lambda: find() not in (place, None), "another primary", seconds=PROMOTED_WITHIN)
        # Whoever still reaches the one before goes on asking it.
        time.sleep(2)
    return True


def _others(place: int) -> list[str]:
    return [f"box-{other}" for other in range(SERVERS) if other != place]


def of_copies(installation: Installation) -> list[Fault]:
    """Return all of them; splits need namespaces."""
    strikes: dict[str, Callable[[Installation], bool]] = {
        "lose primary with its disk": lose_primary,
        "no primary until another is promoted": lambda one: lose_primary(one, wiped=False),
        "primary stands still": hold_primary,
        "primary stands still for a moment": hold_primary_for_a_moment,
        "primary is moved": move_primary,
        "lose primary after a replica was behind": lose_primary_after_replica_was_behind,
        "lose primary while a replica stands still": lose_primary_and_hold_replica,
        "replicas stand still": hold_replicas,
        "lose primary and its Sentinel": lose_primary_and_hold_sentinel,
        "kill primary while two Sentinels stand still": lose_primary_without_sentinels,
    }
    if installation.machines:
        strikes["lose primary before replicas follow"] = lose_primary_before_replicas_follow
        strikes["primary is cut off from the others"] = lambda one: split(one, from_all=False)
        strikes["primary is cut off from everybody"] = lambda one: split(one, from_all=True)

    def until_whole(strike: Callable[[Installation], bool]) -> Callable[[Installation], bool]:
        def strike_and_wait(one: Installation) -> bool:
            # After a primary that stood still all may look whole, and another be promoted then.
            wait_until_whole(one)
            struck = strike(one)
            wait_until_whole(one)
            return struck

        return strike_and_wait

    return [Fault(name, until_whole(strike)) for name, strike in strikes.items()]
