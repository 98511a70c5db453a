"""Somebody who looks after an election in the administration, over HTTP, whatever happens to it meanwhile."""

import re
import threading
import time
import urllib.parse
from contextlib import suppress

from tests.faults.ledger import Ledger
from tests.faults.voters import Answer, Line

# Seconds: between two looks at the page, between two tries, and until the organiser gives up.
LOOK = 0.5
AGAIN = 0.3
PATIENCE = 60
# Seconds until an answer is taken for lost: to hash the password takes some on a machine with other work to do.
TIMEOUT = 15


class Organiser:
    """One browser with a session; whatever is answered but a page, a redirection or a 503 is a complaint."""

    def __init__(self, door: int, password: str, ledger: Ledger) -> None:
        self.door, self.password, self.ledger = door, password, ledger
        self._line = Line([door], "127.0.0.1", timeout=TIMEOUT)
        self._cookies: dict[str, str] = {}

    def look(self, election: int) -> Answer | None:
        """Return the election's page, or None if it does not come now; sign in if that is needed."""
        return self._open(f"/admin/polls/election/{election}/")

    def close(self, election: int) -> bool:
        """Press "Close now" until the page says that it is closed; return whether it ever did."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.press_close(election)
            page = self.look(election)
            if page and page.status == 200 and 'href="close/"' not in page.page:
                return True
            time.sleep(AGAIN)
        return False

    def press_close(self, election: int) -> None:
        """Press "Close now" once, and say yes; whether it went well is another question."""
        path = f"/admin/polls/election/{election}/close/"
        asked = self._open(path)
        if asked and asked.status == 200:
            with suppress(OSError):
                self._post(path, asked.page, {})

    def _open(self, path: str) -> Answer | None:
        try:
            answer = self._line.ask(self.door, path, self._cookies)
            if answer.status == 302:
                login = f"/admin/login/?{urllib.parse.urlencode({'next': path})}"
                form = self._line.ask(self.door, login, self._cookies)
                if form.status == 200:
                    self._post(login, form.page, {"username": "admin", "password": self.password})
                    answer = self._line.ask(self.door, path, self._cookies)
        except OSError:
            return None
        return self._checked(answer, path)

    def _post(self, path: str, page: str, fields: dict[str, str]) -> None:
        [token] = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[-1:]
        body = urllib.parse.urlencode(fields | {"csrfmiddlewaretoken": token})
        self._checked(self._line.ask(self.door, path, self._cookies, body), path)

    def _checked(self, answer: Answer, path: str) -> Answer:
        if answer.status not in (200, 302, 503):
            self.ledger.complain(self.ledger.unexpected, f"the administration answered {answer.status} at {path}")
        return answer


class Onlooker:
    """An organiser who looks at the page of one election all the time, until told to stop."""

    def __init__(self, organiser: Organiser, election: int) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look_on, args=(organiser, election), daemon=True)
        self._thread.start()

    def _look_on(self, organiser: Organiser, election: int) -> None:
        while not self._stop.wait(LOOK):
            organiser.look(election)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)
