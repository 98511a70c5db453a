"""Edits across an opening: an organiser changes the words while Redis hangs, and people vote as soon as it goes on.

Whatever comes first, the edit or the opening, each ballot has to count under the words that its voter read.
"""

import os
import random
import re
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from tests.faults.elections import MOST_SHARDS, insist, make_election
from tests.faults.installation import Installation, wait_until
from tests.faults.judge import Watcher
from tests.faults.ledger import Ledger
from tests.faults.paper import Contest, Marking
from tests.faults.voters import AGAIN, Line, draw_address, fill_in
from tests.web import read_form

# Seconds: from the publication to the opening, and from the opening to the end of the window.
AHEAD = 4.5
WINDOW = 7.0
# Seconds before the opening at which Redis hangs and the edit is saved, and after it at which Redis goes on.
HANGS = 3.0
SAVED = 2.6
GOES_ON = 0.3
LINES = 3
# Numbers of these voters begin here, and are so far apart.
FIRST = 2 * 10**9
APART = 10**5
# Contest, option and label of each option on a ballot page.
OPTION = re.compile(
    r'<input type="(?:radio|checkbox)" name="(\w+)" value="([a-z-]+)".*?choice-label"[^>]*>([^<]+)<', re.DOTALL
)
# Labels by contest and option.
Words = dict[tuple[str, str], str]


class Reader(threading.Thread):
    """People on one line who read the labels, and note which words they have chosen."""

    def __init__(
        self,
        doors: list[int],
        slug: str,
        paper: Sequence[Contest],
        ledger: Ledger,
        first: int,
        chance: random.Random,
    ) -> None:
        super().__init__(daemon=True)
        self.doors, self.path, self.paper, self.ledger, self.chance = doors, f"/{slug}/", paper, ledger, chance
        self.numbers = iter(range(first, first + APART))
        # The words under which each accepted ballot was marked, in the order of acceptance.
        self.read: list[Words] = []
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            line = Line(self.doors, draw_address(self.chance))
            with suppress(OSError):
                self._vote(line, next(self.numbers))
            line.close()

    def _vote(self, line: Line, voter: int) -> None:
        cookies: dict[str, str] = {}
        page = line.ask(self.chance.choice(self.doors), self.path, cookies)
        if page.status != 200:
            time.sleep(AGAIN / 3)
            return
        words = {(contest, option): label for contest, option, label in OPTION.findall(page.page)}
        form = read_form(page.page)
        marking = Marking.draw(as_read(self.paper, words), self.chance)
        ballot = form["ballot_id"].partition(":")[0]
        body = fill_in(form, marking)
        while True:
            self.ledger.send(voter, ballot, marking)
            status = 0
            with suppress(OSError):
                status = line.ask(self.chance.choice(self.doors), self.path, cookies, body).status
            if status == 303:
                self.ledger.tell(ballot, "accepted", "303")
                self.read.append({one: words[one] for one in marking.fields() if one[1]})
                return
            if status in (409, 410):
                # The paper has changed since, or the election has closed: the page says that the ballot was refused.
                self.ledger.tell(ballot, "refused", str(status))
                return
            self.ledger.tell(ballot, "unknown", str(status))
            if status not in (0, 503):
                self.ledger.complain(self.ledger.unexpected, f"ballot {ballot} was answered with {status}")
            time.sleep(AGAIN)


def as_read(paper: Sequence[Contest], words: Words) -> list[Contest]:
    """Return the paper with those contests and options that a page has."""
    return [
        replace(contest, options=options)
        for contest in paper
        if (options := tuple(option for key, option in words if key == contest.key))
    ]


def edit_words(election: Any) -> None:
    """Let two options of each contest mean something else, take away what comes after, and publish that.

    Of several contests the last is taken away as well.
    """
    from django.db import transaction

    from polls.publishing import publish_election

    with transaction.atomic():
        first, *others = election.contests.all()
        if others:
            others.pop().delete()
        for contest in (first, *others):
            for place, option in enumerate(contest.options.all()):
                if place < 2:
                    option.label = f"No {option.label}"
                    option.save()
                else:
                    option.delete()
        publish_election(election)


def edit_across_opening(
    installation: Installation, ledger: Ledger, slug: str, paper: Sequence[Contest], number: int, *, late_beat: bool
) -> bool:
    """Save an edit while Redis hangs across an opening, and beat as well if so; complain of what counts wrongly."""
    from django.core.exceptions import ValidationError

    opens_at = time.time() + AHEAD
    election = make_election(slug, shards=MOST_SHARDS, opens_in=AHEAD, seconds=WINDOW, paper=paper)
    chance = random.Random(slug)
    doors = installation.doors
    readers = [
        Reader(doors, slug, paper, ledger, FIRST + (number * LINES + line) * APART, random.Random(chance.random()))
        for line in range(LINES)
    ]
    watcher = Watcher(installation.proxies["result"].port, slug, ledger)
    held = [*installation.box, *(["beat"] if late_beat else [])]
    try:
        for reader in readers:
            reader.start()
        time.sleep(max(0.0, opens_at - HANGS - time.time()))
        stopped = [pid for name in held if (pid := installation.part(name).pid)]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(max(0.0, opens_at - SAVED - time.time()))
            with suppress(ValidationError):
                insist(lambda: edit_words(election))
            time.sleep(max(0.0, opens_at + GOES_ON - time.time()))
        finally:
            for pid in stopped:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        wait_until(lambda: (watcher.look() or {}).get("final"), f"{slug} is final")
    finally:
        for reader in readers:
            reader.over.set()
        for reader in readers:
            reader.join(30)
        watcher.stop()
    check_words(watcher, ledger, paper, slug, [words for reader in readers for words in reader.read])
    return bool(stopped)


def check_words(watcher: Watcher, ledger: Ledger, paper: Sequence[Contest], slug: str, read: Sequence[Words]) -> None:
    """Complain unless the results have each ballot under the words that its voter read."""
    snapshot = watcher.look()
    assert snapshot
    shown = {
        (contest["key"], option["key"]): option["label"]
        for contest in snapshot["contests"]
        for option in contest["options"]
    }
    known = {(contest.key, option) for contest in paper for option in contest.options}
    wrong = sum(not words.items() <= shown.items() for words in read)
    if wrong:
        ledger.complain(ledger.wrong, f"{wrong} of {len(read)} ballots in {slug} count under words that nobody read")
    if shown.keys() - known or not read:
        ledger.complain(ledger.unexpected, f"{slug} shows {shown}, and {len(read)} ballots were accepted")
