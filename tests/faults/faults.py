"""The faults, in families, and how a run draws from them by its seed.

Each fault returns whether it struck: a crash point that no process reached did not.
"""

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import psutil
import psycopg2
from redis import RedisError

from tests.faults.crash_points import CLOSING, ENDING, PLACES
from tests.faults.fault import Fault
from tests.faults.installation import FOLLOWING, WEB, Installation, Stuck, wait_until
from tests.faults.lives import Lives
from tests.faults.promotions import of_copies
from tests.faults.proxy import Weather

PARTS = (*WEB, "worker", "beat")
# Seconds for which a fault of some length lasts.
SHORT = 1.5
SILENCE = 5
LAG = 9
# Seconds in which a process has to reach a crash point.
REACH = 15
BAD = [weather for weather in Weather if weather not in (Weather.FAIR, Weather.LOST_REPLIES)]
# Seconds for which one of several masters is gone: the others take it for failed after 2.
LONG = 6


def kill(installation: Installation, *names: str) -> bool:
    """Kill main processes with SIGKILL, all at once."""
    struck = [installation.part(name).kill() for name in names]
    return any(struck)


def kill_child(installation: Installation, name: str, chance: random.Random) -> bool:
    """Kill one process that a part has forked: of Celery's pool, of Granian, or a backend of PostgreSQL."""
    children = installation.part(name).children()
    if not children:
        return False
    try:
        chance.choice(children).kill()
    except psutil.NoSuchProcess:
        return False
    return True


def crash(installation: Installation, place: str) -> bool:
    """Let the next process at a crash point die there."""
    order = installation.arm(place)
    try:
        wait_until(lambda: not order.exists(), place, seconds=REACH)
    except Stuck:
        return False
    finally:
        order.unlink(missing_ok=True)
    return True


def crash_at_sync(installation: Installation, server: str, when: str) -> bool:
    """Let a server's process die before or after it has brought something to its disk."""
    with installation.disks[server].deadly(when) as order:
        try:
            wait_until(lambda: not order.exists(), f"{server} syncs", seconds=REACH)
        except Stuck:
            return False
    return True


def disturb(installation: Installation, pair: str, weather: Weather) -> bool:
    """Let the network between two services be bad for a while."""
    seconds, hits = (SILENCE, 10**6) if weather is Weather.SILENCE else (SHORT, 10**6)
    if weather in (Weather.CUT_AFTER_REQUEST, Weather.CUT_BEFORE_REPLY):
        hits = 3
    return installation.proxies[pair].hold(weather, seconds=seconds, hits=hits) > 0


def take_away(installation: Installation, *names: str, seconds: float) -> bool:
    """Let parts be dead for a while."""
    parts = [installation.part(name) for name in names]
    for part in parts:
        part.wanted = False
        part.kill()
    time.sleep(seconds)
    for part in parts:
        part.wanted = True
    return True


def kill_behind_backlog(installation: Installation, seconds: float = SHORT) -> bool:
    """Kill Redis while ballots wait in it, because no worker runs."""
    worker = installation.part("worker")
    worker.wanted = False
    worker.kill()
    time.sleep(seconds)
    struck = kill(installation, *installation.box)
    worker.wanted = True
    return struck


def fill_disk(installation: Installation, server: str) -> bool:
    """Let a server's disk be full for a while."""
    with installation.disks[server].full():
        time.sleep(SHORT)
    return True


def slow_disk(installation: Installation, server: str) -> bool:
    """Let each sync of a server take 300 ms for a while."""
    with installation.disks[server].slow(300):
        time.sleep(2 * SHORT)
    return True


def fill_memory(installation: Installation) -> bool:
    """Let Redis have no memory left for a while."""
    clients = [installation.client(server) for server in installation.box]
    try:
        for client in clients:
            client.config_set("maxmemory", "1mb")
        time.sleep(SHORT)
        for client in clients:
            client.config_set("maxmemory", "0")
    except RedisError:
        return False
    finally:
        for client in clients:
            client.close()
    return True


def lose_on_slow_disk(installation: Installation) -> bool:
    """Kill Redis while its disk is slow, and ballots wait."""
    with ExitStack() as stack:
        for server in installation.box:
            stack.enter_context(installation.disks[server].slow(3000))
        return kill_behind_backlog(installation, 4)


def suspend(installation: Installation, name: str, seconds: float) -> bool:
    """Let a server with all its processes stand still for a while."""
    part = installation.part(name)
    if part.pid is None:
        return False
    processes = [psutil.Process(part.pid), *part.children()]
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    time.sleep(seconds)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.resume()
    return True


def pause_replay(installation: Installation, seconds: float) -> bool:
    """Let the replica receive, and replay nothing, for a while."""
    assert installation.replica
    try:
        with installation.replica.paused():
            time.sleep(seconds)
    except psycopg2.OperationalError:
        return False
    return True


def of_replica() -> list[Fault]:
    """Return what can go wrong with a replica; each lasts longer than what a page may show without its age."""
    return [
        Fault("kill replica", lambda one: kill(one, "replica")),
        Fault("no replica", lambda one: take_away(one, "replica", seconds=LAG), True),
        Fault("replica stands still", lambda one: suspend(one, "replica", LAG), True),
        Fault("replica replays nothing", lambda one: pause_replay(one, LAG), True),
        Fault(
            "replica receives nothing", lambda one: one.proxies[FOLLOWING].hold(Weather.SILENCE, seconds=LAG) > 0, True
        ),
        Fault(
            "replica is cut off",
            lambda one: one.proxies[FOLLOWING].hold(Weather.CUT_BEFORE_REPLY, seconds=LAG) > 0,
            True,
        ),
    ]


def ends(installation: Installation, lives: Lives) -> list[Fault]:
    """Return what can go wrong at the end of an election."""
    crashes = [
        Fault(f"crash at {place}", lambda one, act=act, place=place: act(place))
        for act, places in ((lives.close_with_crash, CLOSING), (lives.run_out_with_crash, ENDING))
        for place in places
    ]
    weather = [
        Fault(f"close in {weather.value}, {pair}", lambda one, p=pair, w=weather: lives.close_in_weather(p, w))
        for pair in (*(f"admin>{server}" for server in installation.box), "admin>postgres")
        for weather in BAD
        if pair in installation.proxies
    ]
    if installation.promotable:
        # All servers of the box that hang at once are more than one copy survives.
        return crashes + weather
    edits = [
        Fault(f"edit across an opening, {name}", lambda one, late=late: lives.edit_across_opening(late_beat=late))
        for name, late in (("Redis hangs", False), ("Redis and beat hang", True))
    ]
    return crashes + weather + edits


def families(
    installation: Installation, chance: random.Random, lives: Lives | None = None, *, outage: float
) -> dict[str, list[Fault]]:
    """Return all faults by family; `outage` is in seconds."""
    # Of several servers that have the same ballots one is lost at a time: promotions.py does that.
    alone = ("postgres",) if installation.promotable else installation.servers
    parts = (*PARTS, *alone)
    # These connections are used only when an election is published or closed.
    unused = {"admin>valkey", *(f"admin>{server}" for server in installation.box)}
    if installation.masters:
        # Only Celery and the channel layer go there, each of which has a worker that asks again.
        unused |= {"vote-a>valkey", "vote-b>valkey"}
    kills = [Fault(f"kill {name}", lambda one, name=name: kill(one, name)) for name in parts]
    if installation.masters:
        kills += [
            Fault(f"no {server} for {LONG} s", lambda one, s=server: take_away(one, s, seconds=LONG))
            for server in installation.box
        ]
    kills += [
        Fault(f"kill child of {name}", lambda one, name=name: kill_child(one, name, chance))
        for name in ("vote-a", "vote-b", "admin", "worker", "postgres")
    ]
    pairs = [
        Fault(f"kill {first} and {second}", lambda one, first=first, second=second: kill(one, first, second))
        for number, first in enumerate(parts)
        for second in parts[number + 1 :]
    ]
    crashes = [Fault(f"crash at {place}", lambda one, place=place: crash(one, place)) for place in PLACES]
    network = [
        Fault(f"{weather.value}, {pair}", lambda one, pair=pair, weather=weather: disturb(one, pair, weather))
        for pair in installation.proxies
        for weather in BAD
        if pair not in unused
    ]
    resources = [
        Fault(f"no postgres for {outage:.0f} s", lambda one: take_away(one, "postgres", seconds=outage), True),
        Fault("no memory for valkey", fill_memory),
    ]
    if not installation.promotable:
        resources.append(Fault("kill valkey behind a backlog", kill_behind_backlog))
    if installation.disks["postgres"].library:
        crashes += [
            Fault(f"crash of {server} {when} a sync", lambda one, s=server, w=when: crash_at_sync(one, s, w))
            for server in alone
            for when in ("before", "after")
        ]
        resources += [
            Fault(f"{name} disk under {server}", lambda one, server=server, strike=strike: strike(one, server))
            for server in alone
            for name, strike in (("full", fill_disk), ("slow", slow_disk))
        ]
    found = {"kills": kills, "crashes": crashes, "network": network, "pairs": pairs, "resources": resources}
    found |= {"replica": of_replica()} if installation.replica else {}
    found |= {"copies": of_copies(installation)} if installation.promotable else {}
    return found | ({"ends": ends(installation, lives)} if lives else {})


def deal(by_family: dict[str, list[Fault]], chance: random.Random) -> Iterator[Fault]:
    """Yield faults without end, families in turn; within one, all come before any comes again."""
    decks = {name: _shuffled(faults, chance) for name, faults in by_family.items()}
    while True:
        for deck in decks.values():
            yield next(deck)


def _shuffled(faults: list[Fault], chance: random.Random) -> Iterator[Fault]:
    while True:
        yield from chance.sample(faults, len(faults))


def named(faults: list[Fault], part: str) -> list[Fault]:
    """Return those faults that have `part` in their name."""
    return [fault for fault in faults if part in fault.name]


def for_mutant(kind: str, installation: Installation, chance: random.Random) -> dict[str, list[Fault]]:
    """Return the faults under which a mistake of this kind shows."""
    crashes = {fault.name: fault for fault in families(installation, chance, outage=4)["crashes"]}
    match kind:
        case "settling":
            faults = [crashes[f"crash at {place}"] for place in ("drain.committed", "settle.halfway")]
        case "counting":
            faults = [crashes[f"crash at {place}"] for place in ("drain.counted", "settle.done", "drain.recorded")]
        case "tasks":
            faults = [crashes[f"crash at {place}"] for place in ("drain.counted", "drain.recorded")]
        case "backlog":
            faults = [Fault("no postgres for 4 s", lambda one: take_away(one, "postgres", seconds=4), True)]
        case "roll":
            faults = [Fault(f"kill {name}", lambda one, name=name: kill(one, name)) for name in ("worker", "valkey")]
        case "replica":
            faults = [
                fault for fault in of_replica() if fault.name in ("replica replays nothing", "replica is cut off")
            ]
        case "copies":
            if installation.machines is None:
                raise Stuck("replicas that are cut off need namespaces")
            faults = named(of_copies(installation), "before replicas follow")
        case "slow disk":
            if installation.disks["valkey"].library is None:
                raise Stuck("a slow disk needs a C compiler")
            faults = [Fault("kill valkey on a slow disk", lose_on_slow_disk)]
        case _:
            raise ValueError(kind)
    return {kind: faults}
