"""Votes at a steady rate, whatever the answers are: each by a new voter, over connections of its own."""

import random
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from tests.faults.voters import Answer, Line, draw_address
from tests.web import read_form

ACCEPTED = 303
# Voters who wait for their answers at once.
LINES = 32
# How often somebody sends a ballot twice, as after an answer that got lost.
RESEND = 0.05
# Seconds between two presses of the button by somebody who is not answered; and until they give up, which is longer
# than any pause: what became of a ballot whose voter gives up is not known.
AGAIN, PATIENCE = 0.25, 600


class SteadyVotes:
    """Votes during a `with` block.

    `doors` are the ports in use: as a load balancer does, a voter goes to any of them. Who is not answered as it has to
    be is a failure. If `insist` is set, such a voter presses the button again, with the form that is on the screen.
    """

    def __init__(self, doors: Sequence[int], slug: str, choices: Sequence[str], rate: float, *, insist: bool) -> None:
        self.doors, self.path, self.choices, self.rate, self.insist = list(doors), f"/{slug}/", choices, rate, insist
        self.counts = Counter[str]()
        self.asked = 0
        # When it was, in seconds since the beginning, and what came back.
        self.failures: list[tuple[float, str]] = []
        # The same of each accepted ballot, and what was chosen.
        self.accepted: list[tuple[float, str]] = []
        self._lock, self._enough, self._began = threading.Lock(), threading.Event(), time.monotonic()
        self._voters: list[Future[None]] = []
        self._driver = threading.Thread(target=self._drive)

    def __enter__(self) -> Self:
        self._driver.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._driver.join()

    @property
    def seconds(self) -> float:
        """For how long people have voted."""
        return time.monotonic() - self._began

    def _drive(self) -> None:
        with ThreadPoolExecutor(LINES) as pool:
            due = time.monotonic()
            while not self._enough.wait(max(due - time.monotonic(), 0)):
                due += 1 / self.rate
                self._voters.append(pool.submit(self._vote))
            # After a pause there is a queue before the door; those who have not come in yet go home.
            pool.shutdown(cancel_futures=True)
        for voter in self._voters:
            if not voter.cancelled():
                voter.result()

    def _vote(self) -> None:
        chance, cookies = random.Random(), dict[str, str]()
        choice, home = chance.choice(self.choices), draw_address(chance)
        page = self._ask(home, cookies, None, 200)
        if page is None:
            return
        body = urllib.parse.urlencode(read_form(page.page) | {"q1": choice})
        for _ in range(1 + (chance.random() < RESEND)):
            if self._ask(home, cookies, body, ACCEPTED) is None:
                return
        with self._lock:
            self.counts[choice] += 1
            self.accepted.append((self.seconds, choice))

    def _ask(self, home: str, cookies: dict[str, str], body: str | None, expected: int) -> Answer | None:
        """Return the answer that is expected; None if another one came, and the voter does not insist."""
        over = time.monotonic() + PATIENCE
        while time.monotonic() < over:
            door = random.choice(self.doors)
            line = Line([door], home)
            try:
                answer = line.ask(door, self.path, cookies, body)
                said = "" if answer.status == expected else str(answer.status)
            except OSError as error:
                said = str(error)
            finally:
                line.close()
            with self._lock:
                self.asked += 1
                if said:
                    self.failures.append((self.seconds, said))
            if not said:
                return answer
            if not self.insist:
                return None
            time.sleep(AGAIN)
        return None
