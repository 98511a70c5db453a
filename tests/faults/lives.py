"""Short lives: small elections that are closed while something goes wrong, in the administration or by their window.

Each has an account of its own. It has to become final with the true result, and a voter who sends a first ballot after
the organiser was told "closed" has to be refused.
"""

import random
import threading
from collections.abc import Callable, Sequence
from typing import Any

from tests.faults.edits import edit_across_opening
from tests.faults.elections import MOST_SHARDS, find_election, insist, make_election
from tests.faults.installation import Installation, wait_until
from tests.faults.judge import Watcher
from tests.faults.ledger import Ledger
from tests.faults.organiser import Organiser
from tests.faults.paper import RANKED, Contest
from tests.faults.proxy import Weather
from tests.faults.voters import Crowd, draw_address, send_too_late

# Ballots in the box before the end, lines of voters, and voters who come too late.
BALLOTS = 25
LINES = 2
LATE = 3
# Seconds from the opening to the closing time, and seconds for which the network is bad around a close.
WINDOW = 2.5
WEATHER = 4
# Places at which the box of a shard is closed already: the rest must happen without another press of the button.
IRREVOCABLE = {"close.shard", "close.sealed", "close.committed", "close.delivered", "close.done"}
# Numbers of their voters begin here, and are so far apart.
FIRST = 10**9
APART = 10**5


class Lives:
    """Ends one small election after the other under faults, and keeps their accounts."""

    def __init__(self, installation: Installation, ledger: Ledger, paper: Sequence[Contest], *, seed: int) -> None:
        self.installation, self.ledger, self.paper, self.seed = installation, ledger, paper, seed
        self.accounts: list[tuple[Ledger, int]] = []

    def close_with_crash(self, place: str) -> bool:
        """Close in the administration, where a process dies at `place`."""

        def close(organiser: Organiser, election: Any, watcher: Watcher) -> bool:
            order = self.installation.arm(place)
            organiser.press_close(election.pk)
            struck = not order.exists()
            order.unlink(missing_ok=True)
            if not (struck and place in IRREVOCABLE) and not organiser.close(election.pk):
                self.ledger.complain(self.ledger.unexpected, f"{election.slug} could not be closed")
            return struck

        return self._live(close)

    def close_in_weather(self, pair: str, weather: Weather) -> bool:
        """Close in the administration while the network to one of its servers is bad."""

        def close(organiser: Organiser, election: Any, watcher: Watcher) -> bool:
            proxy = self.installation.proxies[pair]
            hits: list[int] = []
            bad = threading.Thread(target=lambda: hits.append(proxy.hold(weather, seconds=WEATHER, hits=2)))
            bad.start()
            closed = organiser.close(election.pk)
            bad.join()
            if not closed:
                self.ledger.complain(self.ledger.unexpected, f"{election.slug} could not be closed")
            return hits[0] > 0

        return self._live(close)

    def run_out_with_crash(self, place: str) -> bool:
        """Let the window run out, where the worker dies at `place`."""

        def wait(organiser: Organiser, election: Any, watcher: Watcher) -> bool:
            if place != "turn.opened":
                # The opening of the election reaches some of these places as well.
                wait_until(lambda: insist(lambda: election.refresh_from_db() or election.opened_at), "an opening")
            order = self.installation.arm(place)
            wait_until(lambda: is_final(watcher) or not order.exists(), f"an end of {election.slug}")
            struck = not order.exists()
            order.unlink(missing_ok=True)
            return struck

        return self._live(wait, seconds=WINDOW)

    def edit_across_opening(self, *, late_beat: bool) -> bool:
        """Edit the words of an election while Redis hangs across its opening, and with `late_beat` beat as well."""
        number = len(self.accounts)
        slug = f"edit-{self.seed}-{number}"
        ledger = Ledger(self.ledger.history.with_name(f"history-{slug}.jsonl"))
        struck = edit_across_opening(self.installation, ledger, slug, self.paper, number, late_beat=late_beat)
        self.accounts.append((ledger, find_election(slug)))
        return struck

    def _live(self, end: Callable[[Organiser, Any, Watcher], bool], *, seconds: float | None = None) -> bool:
        number = len(self.accounts)
        slug = f"life-{self.seed}-{number}"
        # In turn, so that rankings are closed under faults as well.
        paper = (self.paper, RANKED)[number % 2]
        election = make_election(slug, shards=MOST_SHARDS, seconds=seconds, paper=paper)
        ledger = Ledger(self.ledger.history.with_name(f"history-{slug}.jsonl"))
        self.accounts.append((ledger, election.pk))
        doors, first = self.installation.doors, FIRST + number * APART
        organiser = Organiser(self.installation.proxies["admin"].port, self.installation.password, ledger)
        watcher = Watcher(self.installation.proxies["result"].port, slug, ledger)
        address = draw_address(random.Random(slug))
        try:
            with send_too_late(doors, slug, paper, ledger, number=LATE, address=address):
                crowd = Crowd(doors, slug, paper, ledger, seed=self.seed, lines=LINES, first=first)
                try:
                    if not seconds:
                        wait_until(lambda: ledger.accepted >= BALLOTS, f"ballots in {slug}")
                    struck = end(organiser, election, watcher)
                    wait_until(lambda: is_closed(watcher), f"{slug} shows that it is closed")
                    ledger.shut = True
                finally:
                    crowd.stop()
            if watcher.wait_for_truth(final=True) is None:
                ledger.complain(ledger.wrong, f"{slug} did not become final with the true result")
            watcher.check_record(election.pk)
        finally:
            watcher.stop()
        return struck


def is_closed(watcher: Watcher) -> bool:
    """Tell whether the page says that the election is over."""
    return (watcher.look() or {}).get("phase") == "closed"


def is_final(watcher: Watcher) -> bool:
    """Tell whether the page says that the result stands."""
    return bool((watcher.look() or {}).get("final"))
