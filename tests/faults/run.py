"""One run: voters vote, faults strike, the box is closed full, and everything is compared with the ledger."""

import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.faults import faults
from tests.faults.copies import CopyWatch, promote
from tests.faults.crash_points import HEALING
from tests.faults.dashboards import Dashboards
from tests.faults.elections import insist
from tests.faults.installation import Installation, Stuck, wait_until
from tests.faults.judge import PATIENCE, Watcher, judge
from tests.faults.ledger import Ledger
from tests.faults.lives import Lives
from tests.faults.mutants import MUTANTS
from tests.faults.observer import Observer
from tests.faults.older import bring_back_older
from tests.faults.organiser import Onlooker, Organiser
from tests.faults.plan import Outcome, Plan
from tests.faults.promotions import primary_of
from tests.faults.proxy import Weather
from tests.faults.watched import Watched, sending_too_late, voting, wait_for_truth, watch_all

# How many ballots have to be accepted after a fault before the next one.
PROGRESS = 120
PROGRESS_OF_MUTANT = 80
PROGRESS_HEALED = 50
# Ballots that have to be accepted during a fault that spares voting.
SPARED = 20
# Seconds beyond the longest outage in which counting has to go on; a Redis client that lost it waits up to 12 s.
STALLED = 25
# Voters who fetch a form before the close, and send it after.
LATE = 20
# Seconds until enough was tried that the roll has to rule out: each try waits until an act has come to the ballot box,
# which takes long only on a machine that is very busy.
ENOUGH_TRIES_S = 240
# Seconds in which all dashboards have to show the end.
SHOWN_WITHIN = 5


def say(line: str) -> None:
    """Tell how the run goes on; standard output has its one line only."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def play(plan: Plan, folder: Path) -> Outcome:
    """Carry out a run with its data in `folder`, which is empty."""
    began = time.monotonic()
    ledger = Ledger(folder / "history.jsonl")
    installation = Installation(folder, plan.mutant, reads=plan.reads, cluster=plan.cluster, copies=plan.copies)
    try:
        say(f"up after {time.monotonic() - began:.1f} s")
        return _play(plan, installation, ledger)
    finally:
        installation.close()
        ledger.close()


def _play(plan: Plan, installation: Installation, ledger: Ledger) -> Outcome:
    watched = watch_all(plan, installation, ledger)
    [main, *others] = watched
    if installation.replica:
        url, port = installation.urls["DATABASE_URL"], installation.proxies["result"].port
        main.watcher.copies = CopyWatch(url, port, main.election, ledger)
    lives = Lives(installation, ledger, plan.paper, seed=plan.seed)
    organiser = Organiser(installation.proxies["admin"].port, installation.password, ledger)
    onlooker = Onlooker(organiser, main.election.pk)
    observer = Observer(installation, main.election, main.watcher.heads, ledger) if plan.closing else None
    struck = emptied = 0
    began = time.monotonic()
    converged: float | None = None
    try:
        with voting(plan, installation, watched, first=0):
            struck = strike(plan, installation, ledger, lives)
            for one in watched:
                if one.electorate:
                    tries = "tries that the roll rules out"
                    wait_until(lambda roll=one.electorate: roll.is_tried, tries, seconds=ENOUGH_TRIES_S)
        converged = wait_for_truth(watched, patience=5 if plan.mutant else PATIENCE)
        check_wait(plan, main.watcher, ledger, began)
        if converged is None and not plan.mutant:
            ledger.complain(ledger.wrong, "the page did not come to the truth")
        if plan.sockets and converged is not None:
            follow(plan, installation, watched)
        if converged is not None:
            emptied = empty_box(plan, installation, watched)
        if plan.older and converged is not None:
            bring_back_older(installation, main.election.slug, main.election.pk, main.paper, ledger, main.watcher)
        if plan.closing and converged is not None:
            close_full_box(plan, installation, watched)
    except Stuck as reason:
        ledger.complain(ledger.unexpected, str(reason))
    finally:
        onlooker.stop()
        if observer:
            observer.stop()
        if copies := main.watcher.copies:
            copies.stop()
            say(f"results came from a replica, at most {copies.oldest:.1f} s old")
        for one in watched:
            one.watcher.stop()
            if converged is not None:
                one.watcher.check_record(one.election.pk)
            if one.electorate:
                one.electorate.close()
                say(str(one.electorate))
    accounts = [*((one.ledger, one.election.pk) for one in others), *lives.accounts]
    verdict = judge(ledger, main.election.pk, installation, accounts, emptied=emptied, older=plan.older)
    # Certifying deletes what was judged.
    if observer and verdict.good and converged is not None:
        for said in observer.certify_and_verify(plan.record):
            ledger.complain(ledger.wrong, said)
            verdict.wrong += 1
        say(f"certified and verified; the witness was killed {observer.kills} times")
    if installation.replica and not plan.mutant:
        for said in promote(installation, main.watcher):
            ledger.complain(ledger.wrong, said)
            verdict.wrong += 1
    ledgers = [ledger, *(account for account, _ in accounts)]
    for one in ledgers[1:]:
        one.close()
    for one in others:
        say(f"{one.ledger.accepted} ballots were accepted in {one.election.slug}")
    say(f"{sum(one.limited for one in ledgers)} times a new voter was told to come later")
    ok, unknown = sum(one.accepted for one in ledgers), sum(one.unknown for one in ledgers)
    return Outcome(plan, struck + emptied + plan.older, ok, unknown, verdict, converged)


def check_wait(plan: Plan, watcher: Watcher, ledger: Ledger, began: float) -> None:
    """Complain if ballots waited for much longer than the longest fault lasts: a worker that lives and does nothing."""
    waited, over = watcher.longest_wait, watcher.longest_wait_over - began
    said = f"ballots waited for {waited:.1f} s at most without any being counted, until {over:.1f} s"
    say(said)
    if waited > plan.outage + STALLED and not plan.mutant:
        ledger.complain(ledger.unexpected, said)


def strike(plan: Plan, installation: Installation, ledger: Ledger, lives: Lives) -> int:
    """Let one fault after the other strike, until the plan is fulfilled; return how many did."""
    chance = random.Random(plan.seed)
    if like := plan.mutant or plan.control:
        drawn = faults.for_mutant(MUTANTS[like].faults, installation, chance)
    else:
        drawn = faults.families(installation, chance, lives, outage=plan.outage)
    drawn = {name: chosen for name, all_of_it in drawn.items() if (chosen := faults.named(all_of_it, plan.only))}
    progress = PROGRESS_OF_MUTANT if like else PROGRESS
    began = time.monotonic()
    struck = 0
    pauses: list[tuple[float, str]] = []
    around = "the start"
    for fault in faults.deal(drawn, chance):
        before = ledger.accepted
        wait_until(
            lambda before=before: ledger.accepted >= before + progress, f"{progress} ballots before {fault.name}"
        )
        pauses.append((ledger.take_pause(), around))
        around = fault.name
        over = time.monotonic() - began > plan.seconds and ledger.accepted >= plan.ballots
        if struck >= plan.faults and over:
            say("no ballot was accepted for {:.1f} s at most, around: {}".format(*max(pauses)))
            return struck
        ledger.note("fault", name=fault.name)
        before = ledger.accepted
        hit = fault.strike(installation)
        if fault.spares_voting and ledger.accepted < before + SPARED:
            ledger.complain(ledger.unexpected, f"{ledger.accepted - before} ballots were accepted during {fault.name}")
        struck += hit
        ledger.note("fault over", name=fault.name, struck=hit)
        missed = "" if hit else " (did not strike)"
        say(f"{time.monotonic() - began:6.1f} s, {ledger.accepted:6} ok: {fault.name}{missed}")
    raise AssertionError


def follow(plan: Plan, installation: Installation, watched: Sequence[Watched]) -> None:
    """Let many dashboards follow while hints are lost and `result` is killed: all have to show the end soon."""
    main = watched[0]
    slug, ledger = main.election.slug, main.ledger
    dashboards = Dashboards(plan.sockets, installation.proxies["result"].port, slug, ledger)
    try:
        wait_until(dashboards.are_connected, "every dashboard has a frame")
        with voting(plan, installation, watched, first=10**7, lines=2):
            # Where hints come from, and the number of ballots that wait.
            if hints := installation.proxies.get("result>valkey"):
                hints.hold(Weather.LOST_REPLIES, seconds=plan.hints_lost)
            before = ledger.accepted
            installation.part("result").kill()
            wait_until(lambda: ledger.accepted >= before + PROGRESS, "votes after the end of result")
        if wait_for_truth(watched) is None:
            return
        snapshot = main.watcher.look()
        version = snapshot["version"] if snapshot else -1
        began = time.monotonic()
        try:
            wait_until(lambda: dashboards.show(version), "the final version", seconds=SHOWN_WITHIN)
        except Stuck:
            late = [one.shown["version"] for one in dashboards.healthy if one.shown["version"] != version]
            ledger.complain(ledger.wrong, f"{len(late)} dashboards do not show version {version}: {late[:10]}")
        say(f"{len(dashboards.healthy)} dashboards show version {version} after {time.monotonic() - began:.1f} s")
        say(f"dashboards: {dashboards}")
        if plan.sockets > 1 and not dashboards.has_changes:
            ledger.complain(ledger.unexpected, "no dashboard was sent a change")
    finally:
        dashboards.close()


def empty_box(plan: Plan, installation: Installation, watched: Sequence[Watched]) -> int:
    """Take from Redis all that it has, again and again, and kill the worker that brings it back; return how often.

    Of several masters one loses what it has. Nothing waits when it happens: what is counted must not be lost, and what
    is accepted from then on must not either.
    """
    ledger = watched[0].ledger
    places = random.Random(plan.seed).sample(sorted(HEALING), plan.emptied)
    for number, place in enumerate(places, start=1):
        # Of several masters one after the other; replicas lose what their primary loses.
        of_all = primary_of(installation) if installation.promotable else number % len(installation.box)
        server = installation.box[of_all]
        with installation.client(server) as redis:
            redis.flushall()
        order = installation.arm(place)
        before = ledger.accepted
        with voting(plan, installation, watched, first=10**8 * number, lines=2):
            try:
                wait_until(lambda order=order: not order.exists(), place)
                wait_until(lambda before=before: ledger.accepted >= before + PROGRESS_HEALED, f"votes after {place}")
            finally:
                order.unlink(missing_ok=True)
        healed = wait_for_truth(watched)
        say(f"healed after an end at {place}: " + ("no truth" if healed is None else f"the truth after {healed:.1f} s"))
        if healed is None:
            ledger.complain(ledger.wrong, f"the page did not come to the truth after {place}")
            # Ballots may wait: to empty the box once more would lose them by our own hand, and hide what is wrong.
            return number
    return len(places)


def close_full_box(plan: Plan, installation: Installation, watched: Sequence[Watched]) -> None:
    """Close while nobody counts and the box is full: all of it has to count, and nothing that is sent later."""
    from tally.lifecycle import close_election

    ledger = watched[0].ledger
    worker = installation.part("worker")
    worker.wanted = False
    worker.kill()
    before = ledger.accepted
    with sending_too_late(plan, installation, watched, number=LATE):
        with voting(plan, installation, watched, first=10**6):
            wait_until(lambda: ledger.accepted >= before + plan.closing, "a full box", seconds=plan.closing / 10 + 60)
            seals = []
            for one in watched:
                seals.append(insist(lambda one=one: close_election(one.election)))
                one.ledger.shut = True
        waiting = seals[0].waiting
        say(f"closed with {' and '.join(str(seal.waiting) for seal in seals)} ballots in the box")
        if waiting < plan.closing:
            ledger.complain(ledger.unexpected, f"{waiting} ballots wait in the box, of {plan.closing} accepted")
    worker.wanted = True
    final = wait_for_truth(watched, final=True)
    if final is None:
        ledger.complain(ledger.wrong, "the closed election did not become final with the true result")
    else:
        say(f"final {final:.1f} s after the worker was let go")
