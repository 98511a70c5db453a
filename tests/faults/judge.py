"""Compare what the ledger says with what Urna has recorded, counts and shows."""

import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tests.faults.elections import insist
from tests.faults.heads import Heads
from tests.faults.installation import Installation
from tests.faults.ledger import Ledger
from tests.faults.outcomes import is_computed, shows_outcome
from tests.faults.paper import FOR_SOME, contest_of
from tests.faults.plan import Verdict
from tests.voting_site.processes import PROJECT, fresh_environment

if TYPE_CHECKING:
    from tests.faults.copies import CopyWatch

# Seconds between two looks at the page, and seconds without a change after which it is taken as stuck.
LOOK = 0.1
PATIENCE = 30
# What the worker says when it has brought an emptied Redis back to life.
RESTORED = "ALARM the ballot box had lost data"
# How an alarm and `reconcile` name a serial that was given twice.
GIVEN_TWICE = "is there 2 times"


class Watcher:
    """Somebody who looks at the results all the time: no version may fall, and no page show more than the truth."""

    def __init__(self, port: int, slug: str, ledger: Ledger) -> None:
        self.url = f"http://127.0.0.1:{port}/{slug}/results.json"
        self.heads = Heads(f"http://127.0.0.1:{port}/{slug}/record/")
        self.ledger = ledger
        self.version = 0
        # The longest time in which ballots were seen to wait, and none to be counted; in seconds, and when it ended.
        self.longest_wait = 0.0
        self.longest_wait_over = time.monotonic()
        # Where results may come from a replica, who compares them with the first server.
        self.copies: CopyWatch | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)

    def look(self) -> dict[str, Any] | None:
        """Return the snapshot as the page shows it; None if it does not come."""
        copies = self.copies
        begun = copies.begin() if copies else None
        try:
            with urllib.request.urlopen(self.url, timeout=5) as response:
                snapshot: dict[str, Any] = json.load(response)
        except (OSError, ValueError):
            return None
        check_snapshot(snapshot, self.ledger)
        if copies and begun:
            copies.check(snapshot, begun)
        return snapshot

    def _watch(self) -> None:
        waiting_since: float | None = None
        while not self._stop.wait(0.3):
            if snapshot := self.look():
                now = time.monotonic()
                if not snapshot["pending"] or snapshot["version"] > self.version:
                    waiting_since = None
                elif waiting_since is None:
                    waiting_since = now
                elif now - waiting_since > self.longest_wait:
                    self.longest_wait, self.longest_wait_over = now - waiting_since, now
                if snapshot["version"] < self.version:
                    said = f"the page went from version {self.version} back to {snapshot['version']}"
                    self.ledger.complain(self.ledger.wrong, said)
                self.version = max(self.version, snapshot["version"])
            if said := self.heads.look():
                self.ledger.complain(self.ledger.wrong, said)

    def check_record(self, election: int) -> None:
        """Complain unless the record has an entry for each ballot, and all heads that were ever served fit it."""
        [(recorded,)] = _query("SELECT count(*) FROM tally_castrecord {}", election)
        [(rejected,)] = _query(
            "SELECT count(*) FILTER (WHERE reason <> 'already-counted') FROM tally_rejectedballot {}", election
        )
        over, entries = time.monotonic() + PATIENCE, -1
        while entries != recorded + rejected and time.monotonic() < over:
            with suppress(OSError, ValueError):
                entries = self.heads.count()
            time.sleep(LOOK)
        if entries != recorded + rejected:
            said = f"the record has {entries} entries for {recorded + rejected} ballots"
            self.ledger.complain(self.ledger.wrong, said)
            return
        for said in self.heads.check():
            self.ledger.complain(self.ledger.wrong, said)
        self.ledger.note("record checked", entries=entries, heads=self.heads.number)

    def wait_for_truth(self, *, final: bool = False, patience: float = PATIENCE) -> float | None:
        """Return the seconds until the page shows exactly what the ledger says, and nothing waits; None if never."""
        began = changed = time.monotonic()
        shown: dict[str, Any] = {}
        while time.monotonic() - changed < patience:
            snapshot = self.look()
            if snapshot and is_true(snapshot, self.ledger) and (snapshot["final"] or not final):
                return time.monotonic() - began
            if snapshot and snapshot["version"] != shown.get("version"):
                shown, changed = snapshot, time.monotonic()
            time.sleep(LOOK)
        self.ledger.note("never converged", shown=shown, truth=self.ledger.truth())
        return None


def counts_of(contest: dict[str, Any]) -> Counter[str]:
    """Return by count key what a snapshot shows of one contest."""
    shown = {f"{contest['key']}:{one['key']}": one["count"] for one in contest["options"]}
    return Counter(shown | {f"{contest['key']}:-blank": contest["blank"]})


def check_snapshot(snapshot: dict[str, Any], ledger: Ledger) -> None:
    """Complain about a snapshot that shows more than can be true at this moment, or a contest that is not whole."""
    version, ballots, voters = snapshot["version"], snapshot["ballots"], ledger.voters()
    # Where voters have weights, contests are counted in votes.
    votes = ballots if snapshot.get("weight") is None else snapshot["weight"]
    wrong = []
    if ballots > voters:
        wrong.append(f"{ballots} ballots: {voters} voted")
    for contest in snapshot["contests"]:
        key, counts = contest["key"], counts_of(contest)
        own = contest["ballots"]
        if key in FOR_SOME and own > (having := ledger.having(key)):
            wrong.append(f"{own} ballots in {key}: {having} had it")
        if own != votes and (key not in FOR_SOME or own > votes):
            wrong.append(f"{own} ballots in {key}, and {votes} in all")
        if is_computed(contest):
            continue
        most = ledger.choices(key)
        if counts.total() > most:
            wrong.append(f"{counts.total()} choices in {key}: voters made {most}")
        if counts.total() < own:
            # Each ballot marks a contest that is on it, or leaves it blank.
            wrong.append(f"{counts.total()} choices in {key}: {own} ballots are counted")
        for count_key, count in counts.items():
            if count > (supporters := ledger.supporters(count_key)):
                wrong.append(f"{count} for {count_key}: {supporters} chose that")
    for what in wrong:
        ledger.complain(ledger.wrong, f"version {version} shows {what}")


def is_true(snapshot: dict[str, Any], ledger: Ledger) -> bool:
    """Tell whether a snapshot shows what the ledger says."""
    ballots, votes, truth = len(ledger.standing()), ledger.votes(), ledger.truth()
    shown = {contest["key"]: contest for contest in snapshot["contests"]}
    if snapshot["pending"] != 0 or snapshot["ballots"] != ballots or set(map(contest_of, truth)) - shown.keys():
        return False
    if snapshot.get("weight") not in (None, votes):
        return False
    if any(shown[key]["ballots"] != ledger.votes(key) for key in FOR_SOME & shown.keys()):
        return False
    return all(_is_true_of(contest, truth, ballots) for contest in shown.values())


def _is_true_of(contest: dict[str, Any], truth: Counter[str], ballots: int) -> bool:
    if is_computed(contest):
        return shows_outcome(contest, truth, ballots)
    return counts_of(contest) == Counter({key: n for key, n in truth.items() if contest_of(key) == contest["key"]})


def judge(
    ledger: Ledger,
    election: int,
    installation: Installation,
    lives: Sequence[tuple[Ledger, int]] = (),
    *,
    emptied: int,
    older: bool = False,
) -> Verdict:
    """Look into the tables, once all that was accepted should be counted, and say what is not as it has to be.

    `lives` are the accounts of further elections, and `emptied` is how often Redis was: each may have raised an alarm.
    If Redis came back `older`, serials were given twice: that has to be told as well.
    """
    lost = doubled = unentitled = 0
    for account, its_election in ((ledger, election), *lives):
        missing, more, others = compare(account, its_election)
        lost, doubled, unentitled = lost + missing, doubled + more, unentitled + others + len(account.unentitled)
        if account is not ledger:
            ledger.unexpected += account.unexpected
            ledger.wrong += account.wrong
    alarms = installation.alarms()
    restored = [alarm for alarm in alarms if RESTORED in alarm]
    told = [alarm for alarm in alarms if older and GIVEN_TWICE in alarm]
    for alarm in [alarm for alarm in alarms if alarm not in restored + told] + restored[emptied + older :]:
        ledger.complain(ledger.unexpected, alarm)
    if older and not told:
        ledger.complain(ledger.unexpected, "nobody was told of an older Redis")
    for command in ("recount", "reconcile"):
        said = _check(command, installation)
        if said and not (older and command == "reconcile" and GIVEN_TWICE in said):
            ledger.complain(ledger.wrong, f"{command}: {said}")
    return Verdict(lost, doubled, unentitled, len(ledger.unexpected), len(ledger.wrong))


def compare(ledger: Ledger, election: int) -> tuple[int, int, int]:
    """Compare one account with the tables; return how many ballots are lost, doubled, and of nobody who may vote.

    In each contest as many choices have to be counted as were made, blank ones among them; the worst contest tells.
    """
    records = Counter(dict(_query("SELECT ballot_id::text, count(*) FROM tally_castrecord {} GROUP BY 1", election)))
    counted = Counter(dict(_query("SELECT ballot_id::text, count(*) FROM tally_countedballot {} GROUP BY 1", election)))
    totals = Counter(dict(_query("SELECT key, sum(n)::int FROM tally_count {} GROUP BY 1", election)))
    kept = _query("SELECT ballot_id::text, marking, weight FROM tally_castrecord {}", election)
    [(set_aside,)] = _query("SELECT count(*) FROM tally_rejectedballot {}", election)

    accepted = {cast.ballot for cast in ledger.casts.values() if cast.outcome == "accepted"}
    unsure = {cast.ballot for cast in ledger.casts.values() if cast.outcome == "unknown"}
    standing = {cast.ballot for cast in ledger.standing().values()}
    truth = ledger.truth()
    # Of a contest that not everybody has, the ballots that have it are counted as well.
    truth += Counter({f"{contest}:-ballots": ledger.votes(contest) for contest in FOR_SOME})

    missing = accepted - records.keys()
    twice = {ballot: number for ballot, number in records.items() if number > 1}
    off = Counter[str]()
    for key in truth.keys() | totals.keys():
        off[contest_of(key)] += truth[key] - totals[key]
    lost = max(len(missing), *off.values(), 0)
    doubled = max(sum(twice.values()) - len(twice), *(-number for number in off.values()), 0)

    for ballot in records.keys() - accepted - unsure:
        ledger.complain(ledger.unexpected, f"ballot {ballot} is recorded, and nobody was told that it is accepted")
    if set_aside:
        ledger.complain(ledger.unexpected, f"{set_aside} ballots are set aside")

    for ballot in standing - counted.keys():
        if ballot not in missing:
            ledger.complain(ledger.wrong, f"ballot {ballot} is its voter's last, and does not count")
    for ballot in counted.keys() - standing - unsure:
        ledger.complain(ledger.wrong, f"ballot {ballot} counts, and is not its voter's last")
    for ballot, marking, weight in kept:
        cast = ledger.casts.get(ballot)
        if cast and (str(cast.marking), cast.weight) != (marking, weight):
            ledger.complain(ledger.wrong, f"ballot {ballot} says {marking}, and weighs {weight}")
    # Ballots that nobody who may vote has sent, and second votes of one voter.
    strange = records.keys() - ledger.casts.keys()
    holders = Counter(ledger.casts[ballot].voter for ballot in counted.keys() - strange)
    unentitled = len(strange) + holders.total() - len(holders)
    if not unsure and +totals != +truth:
        ledger.complain(ledger.wrong, f"the counts are {dict(totals)}, and have to be {dict(truth)}")
    ledger.note("judged", lost=sorted(missing), doubled=sorted(twice), off=off, strange=sorted(strange))
    return lost, doubled, unentitled


def _query(statement: str, election: int) -> list[tuple[Any, ...]]:
    from django.db import connection

    def ask() -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement.format("WHERE election_id = %s"), [election])
            return list(cursor.fetchall())

    return insist(ask)


def _check(command: str, installation: Installation) -> str:
    """Run one of Urna's own checks; return what it finds, '' if nothing."""
    environment = fresh_environment(**installation.urls, SECRET_KEY_FILE=str(installation.data.secret_key()))
    done = subprocess.run(
        [sys.executable, str(PROJECT / "manage.py"), command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return (done.stdout + done.stderr).strip() if done.returncode else ""
