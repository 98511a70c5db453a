"""One run: shoot at every web role of a whole Urna, and see that ordinary visitors never notice."""

import asyncio
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Coroutine, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psutil

from tests.faults.dashboards import Dashboards
from tests.faults.elections import make_election
from tests.faults.installation import WEB, Installation, Stuck, wait_until
from tests.faults.judge import Verdict, Watcher, judge
from tests.faults.ledger import Ledger
from tests.faults.paper import PAPER, Contest, Marking
from tests.faults.proxy import Network
from tests.faults.voters import Line
from tests.fuzz.canary import Canary, trickle
from tests.fuzz.deaf import CHOICES, WORDS, Noise, dawdle, ignore
from tests.fuzz.shooter import Score, fire_one, load, shoot
from tests.fuzz.shots import Target
from tests.web import read_form

# Elections: one that is shot at, one that ordinary visitors vote in, and one whose results change all the time.
TARGET, CANARY, NOISE = "target", "canary", "noise"
VOTE_PATHS = ("/", f"/{TARGET}/", f"/{TARGET}/cast/", f"/{TARGET}/cast/state.json", "/language/", "/nobody/",
              "/healthz", "/readyz", "/static/pages/urna.css", "/favicon.ico")  # fmt: skip
RESULT_PATHS = ("/", f"/{TARGET}/", f"/{TARGET}/results.json", "/language/", "/nobody/", "/healthz", "/readyz",
                "/static/results/board.js", f"/ws/{TARGET}/")  # fmt: skip
ADMIN_PATHS = ("/", "/admin/", "/admin/login/", "/admin/logout/", "/admin/polls/election/1/close/", "/admin/r/1/1/",
               "/admin/polls/election/", "/healthz", "/readyz", "/static/admin/css/base.css")  # fmt: skip
# A page of each role that takes it no time.
STATIC = {"vote": "/static/pages/urna.css", "result": "/static/results/board.js", "admin": "/static/admin/css/base.css"}
# The share of each role in the shots; a page of `result` costs the most time, and `admin` is not for the public.
SHARES = {"vote-a": 4, "vote-b": 3, "result": 2, "admin": 1}
# Shots for one process at a time.
PIECE = 500
# Shots before those of a run, and before the memory is measured for the first time: caches fill up, pools grow.
# After so many a process of `vote` has what it has after 100,000, but for a few MB.
WARM_UP = 5_000
# By how much the memory of a role may have grown then, in bytes and as a part: a heap does not shrink to the byte.
SLACK_BYTES = 12 * 2**20
SLACK = 0.10
# Seconds in which an ordinary visitor has to be served: while the machine has no time, and afterwards.
DURING, AFTER = 3, 1
# Forms that never end, for each web role, and pages that nobody reads.
TRICKLES = DAWDLERS = 12
# Sockets that nobody reads, for each thing that they send meanwhile.
DEAF = 10
# Dashboards that are followed.
DASHBOARDS = 20
# Seconds in which a role gives back what it can.
REST = 20
# Words that must not be in a log; Django may say that it refused a request as suspicious.
ERROR = re.compile(r"Traceback|CRITICAL|Internal Server Error|Unhandled|ERROR (?!django\.security)")


@dataclass
class Outcome:
    """What came of a run: requests in a second, memory before and after, the longest waits; no complaint is good."""

    seed: int
    rate: float
    scores: list[Score]
    memory: dict[str, tuple[int, int]]
    waited: tuple[float, float]
    verdict: Verdict
    complaints: list[str]

    def __str__(self) -> str:
        answers = sum((score.answers for score in self.scores), Counter[str]())
        during, after = self.waited
        memory = " ".join(f"{name}={then >> 20}>{now >> 20}MB" for name, (then, now) in self.memory.items())
        return (
            f"requests={sum(score.requests for score in self.scores)} rate={self.rate:.0f} "
            f"answered={answers.total()} offences={sum(len(score.offences) for score in self.scores)} "
            f"slowest={during:.1f},{after:.1f} lost={self.verdict.lost} doubled={self.verdict.doubled} "
            f"unexpected={self.verdict.unexpected} wrong={self.verdict.wrong} {memory} seed={self.seed}"
        )


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def play(requests: int, seed: int, processes: int, folder: Path) -> Outcome:
    """Carry out a run with its data in `folder`, which is empty."""
    ledger = Ledger(folder / "history.jsonl")
    installation = Installation(folder)
    try:
        return _play(requests, seed, processes, installation, ledger)
    finally:
        installation.close()
        ledger.close()


def _play(requests: int, seed: int, processes: int, installation: Installation, ledger: Ledger) -> Outcome:
    make_election(TARGET, shards=2)
    election = make_election(CANARY, shards=1)
    noise = Noise(make_election(NOISE, shards=1, paper=[Contest("q1", "Noise", "plurality", CHOICES)]))
    targets = [find_target(name, installation) for name in SHARES]
    watcher = Watcher(installation.proxies["result"].port, CANARY, ledger)
    dashboards = Dashboards(DASHBOARDS, installation.ports["result"], CANARY, ledger)
    try:
        during = Canary(installation, CANARY, ledger, seed)
        # Clients that do not read stay until the end: the roles must not keep data for them.
        with meanwhile(deaf(targets)):
            with (
                meanwhile(trickling(targets)),
                ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool,
            ):
                scores = attack(pool, targets, WARM_UP, seed, installation.folder)
                before = measure_memory(installation)
                began = time.monotonic()
                scores += attack(pool, targets, requests, seed + 1, installation.folder)
                rate = requests / (time.monotonic() - began)
            during.stop()
            noise.stop()
            say(f"{requests} requests, {rate:.0f}/s; now it is quiet")
            after = Canary(installation, CANARY, ledger, seed + 1, first=10**6)
            memory = rest(installation, before)
            after.stop()
        if watcher.wait_for_truth() is None:
            ledger.complain(ledger.wrong, "the page did not come to the truth")
        follow_to_the_end(watcher, dashboards, ledger)
    finally:
        noise.stop()
        dashboards.close()
        watcher.stop()
    complain(ledger, scores, memory, during, after, installation)
    verdict = judge(ledger, election.pk, installation, emptied=0)
    return Outcome(seed, rate, scores, memory, (during.waited, after.waited), verdict, ledger.unexpected + ledger.wrong)


def find_target(name: str, installation: Installation) -> Target:
    """Return a role as a target, with what its visitors get to see of it."""
    port = installation.ports[name]
    if name == "result":
        return Target(name, port, RESULT_PATHS, sockets=(f"/ws/{TARGET}/", "/ws/nobody/", "/ws//"))
    if name == "admin":
        return Target(name, port, ADMIN_PATHS, form="/admin/login/", cookies="urna_admin_csrf=" + "a" * 32)
    line, cookies = Line([port], "127.0.0.1"), dict[str, str]()
    form = read_form(line.ask(port, f"/{TARGET}/", cookies).page)
    line.close()
    jar = "; ".join(f"{name}={value}" for name, value in cookies.items())
    marking = Marking.draw(PAPER, random.Random(name))
    return Target(name, port, VOTE_PATHS, f"/{TARGET}/", jar, (*form.items(), *marking.fields()))


def attack(pool: Executor, targets: list[Target], requests: int, seed: int, folder: Path) -> list[Score]:
    """Shoot at all targets at once, from as many processes as the pool has."""
    pieces = []
    for target in targets:
        share = requests * SHARES[target.name] // sum(SHARES.values())
        pieces += [(target, min(PIECE, share - start)) for start in range(0, share, PIECE)]
    # Mixed, so that no target is left alone at the end.
    random.Random(seed).shuffle(pieces)
    running = [
        pool.submit(shoot, target, size, seed * 1000 + number, folder) for number, (target, size) in enumerate(pieces)
    ]
    return [one.result() for one in running]


def trickling(targets: list[Target]) -> list[Coroutine[Any, Any, None]]:
    """Return forms that never end, on their way to every target."""
    return [trickle(one.port, one.form or one.paths[0]) for one in targets for _ in range(TRICKLES)]


def deaf(targets: list[Target]) -> list[Coroutine[Any, Any, None]]:
    """Return sockets of the noisy election and pages of every target that nobody reads."""
    sockets = [
        ignore(one.port, f"/ws/{NOISE}/", word) for one in targets if one.sockets for word in WORDS for _ in range(DEAF)
    ]
    return sockets + [dawdle(one.port, STATIC[one.name.partition("-")[0]]) for one in targets for _ in range(DAWDLERS)]


@contextmanager
def meanwhile(actions: list[Coroutine[Any, Any, None]]) -> Iterator[None]:
    """Carry out what never ends, during the block."""
    network = Network()
    tasks: list[asyncio.Task[None]] = []

    async def start() -> None:
        tasks.extend(map(asyncio.create_task, actions))

    async def stop() -> None:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    network.run(start())
    try:
        yield
    finally:
        network.run(stop())
        network.close()


def measure_memory(installation: Installation) -> dict[str, int]:
    """Return for each role the memory of its processes, in bytes: what they share is divided among them (PSS)."""
    return {name: measure_role(installation, name) for name in (*WEB, "worker")}


def measure_role(installation: Installation, name: str) -> int:
    """Return the memory of one role's processes, in bytes."""
    part = installation.part(name)
    total = 0
    for process in [psutil.Process(part.pid), *part.children()]:
        with suppress(psutil.NoSuchProcess):
            total += process.memory_full_info().pss
    return total


def has_grown(then: int, now: int) -> bool:
    """Tell whether a role has more memory than a heap that does not shrink to the byte explains."""
    return now > then * (1 + SLACK) + SLACK_BYTES


def rest(installation: Installation, before: dict[str, int]) -> dict[str, tuple[int, int]]:
    """Give the roles some time to get back to where they were; return their memory before and now."""
    deadline = time.monotonic() + REST
    while True:
        now = measure_memory(installation)
        if time.monotonic() > deadline or not any(has_grown(before[name], pss) for name, pss in now.items()):
            return {name: (before[name], pss) for name, pss in now.items()}
        time.sleep(0.5)


def follow_to_the_end(watcher: Watcher, dashboards: Dashboards, ledger: Ledger) -> None:
    """Complain about dashboards that do not come to the version that the page shows."""
    version = (watcher.look() or {}).get("version", -1)
    try:
        wait_until(lambda: dashboards.show(version), f"dashboards show version {version}", seconds=DURING)
    except Stuck as stuck:
        ledger.complain(ledger.wrong, str(stuck))


def complain(
    ledger: Ledger,
    scores: list[Score],
    memory: dict[str, tuple[int, int]],
    during: Canary,
    after: Canary,
    installation: Installation,
) -> None:
    """Complain of everything that must not have happened."""
    said = [offence for score in scores for offence in score.offences]
    for canary, seconds, when in ((during, DURING, "during"), (after, AFTER, "after")):
        said += [
            f"an ordinary visitor of {name} waited for {waited:.1f} s {when} the attack"
            for name, waited in canary.slowest.items()
            if waited > seconds
        ]
    said += [
        f"{name} had {then} bytes of memory early on, and {now} at the end"
        for name, (then, now) in memory.items()
        if has_grown(then, now)
    ]
    # No process may die because of a request.
    said += [
        f"{name} was started {part.starts} times" for name, part in installation.keeper.parts.items() if part.starts > 1
    ]
    for log in sorted(installation.logs.glob("*.log")):
        if errors := [line for line in log.read_text(errors="replace").splitlines() if ERROR.search(line)]:
            said.append(f"{log.name} has {len(errors)} errors, the first: {errors[0]}")
    for what in said:
        ledger.complain(ledger.unexpected, what)


def replay(file: Path, folder: Path) -> list[str]:
    """Send one kept shot to a Urna of its own; return what it answers."""
    role, shot = load(file)
    installation = Installation(folder)
    try:
        make_election(TARGET, shards=2)
        return asyncio.run(fire_one(installation.ports[role], shot))
    finally:
        installation.close()
