"""Voters with codes over HTTP, people who are not on the roll, and an office that changes the roll meanwhile.

A voter comes with a new browser, or with the one of last time. Some change their vote, some are struck or get a new
code between the form and their ballot: then that ballot has to be refused. Strangers try wrong, void and foreign codes,
and cookies that they have forged: whatever is accepted of them is a ballot of somebody unentitled.
"""

import random
import re
import threading
import urllib.parse
from collections.abc import Sequence

from tests.faults.electorate import Electorate, Person
from tests.faults.ledger import Ledger
from tests.faults.paper import Contest, Marking, paper_for
from tests.faults.voters import AGAIN, RESEND, REVOTE, Answer, Crowd, Line, fill_in
from tests.web import read_form

# How often a visitor is a stranger, a voter comes with the browser of last time, and is struck or gets a new code
# between form and ballot: of a first vote, and of a change of it.
STRANGER = 0.25
SAME_BROWSER = 0.5
OVERTAKEN = (0.1, 0.5)
# Seconds between two acts of the office while people vote.
PAUSE = 0.3
# Of so many voters with an act one is struck, the others get new codes.
STRUCK_OF = 4
# What strangers try.
CODES = ("unknown", "mistyped", "void", "foreign")
COOKIES = ("other voter", "other code", "other election")
# A cookie has election, entry and issue, and behind them the signature.
ROLL_COOKIE = re.compile(r"\d+\.\d+\.\d+:")


def has_form(page: str) -> bool:
    return 'name="ballot_id"' in page


def write_code(page: Answer, code: str) -> str:
    """Return what a browser sends of the page that asks for a code."""
    [token, *_] = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.page)
    return urllib.parse.urlencode({"csrfmiddlewaretoken": token, "code": code})


class RollCrowd(Crowd):
    """People who come with codes, and an office that does one act after the other, until they are told to stop."""

    def __init__(
        self,
        electorate: Electorate,
        doors: Sequence[int],
        slug: str,
        paper: Sequence[Contest],
        ledger: Ledger,
        *,
        seed: int,
        lines: int,
        first: int,
        crowded: int = 0,
    ) -> None:
        self.electorate = electorate
        super().__init__(doors, slug, paper, ledger, seed=seed, lines=lines, first=first, crowded=crowded)
        chance = random.Random(f"{seed} {first} office")
        office = threading.Thread(target=self._change_roll, args=(chance,), daemon=True)
        self._threads.append(office)
        office.start()

    def _change_roll(self, chance: random.Random) -> None:
        stopped = self._stop.is_set
        try:
            while not self._stop.wait(PAUSE):
                person = chance.choice(self.electorate.people)
                match chance.choice(("reissue", "strike", "add", "weigh")):
                    case "reissue":
                        # Without holding the voter, who may be voting at this moment.
                        self.electorate.reissue(person, stopped)
                    case "strike":
                        self.electorate.strike(person, stopped)
                    case "add":
                        self.electorate.add(stopped)
                    case "weigh" if person.lock.acquire(blocking=False):
                        try:
                            self.electorate.weigh(person, stopped)
                        finally:
                            person.lock.release()
        except Exception as error:
            self.ledger.complain(self.ledger.unexpected, f"the office met {error!r}")

    def _visit(self, line: Line, voter: int, chance: random.Random) -> None:
        person = self.electorate.pick(chance)
        if person is None:
            return
        try:
            if chance.random() < STRANGER:
                self._try_as_stranger(line, person, chance)
            else:
                self._come(line, person, chance)
        finally:
            person.lock.release()

    def _come(self, line: Line, person: Person, chance: random.Random) -> None:
        """Vote once or twice, by a code of this voter, with the browser of last time or with a new one."""
        if chance.random() > SAME_BROWSER:
            person.cookies = {}
        for overtaken in OVERTAKEN[: 1 + (chance.random() < REVOTE)]:
            form = self._open_paper(line, person, chance)
            if form is None:
                return
            cookies, issue = dict(person.cookies), person.known_issue
            if chance.random() < overtaken:
                act = self.electorate.reissue if chance.randrange(STRUCK_OF) else self.electorate.strike
                act(person, self._stop.is_set)
            if not self._send(line, person, cookies, issue, form, chance) and not self._stop.is_set():
                # Whoever has a newer code votes with that one: still the same voter.
                person.cookies = {}
                if (form := self._open_paper(line, person, chance)) is not None:
                    again = self._send(line, person, person.cookies, person.known_issue, form, chance)
                    self.electorate.returned += again

    def _send(
        self,
        line: Line,
        person: Person,
        cookies: dict[str, str],
        issue: int,
        form: dict[str, str],
        chance: random.Random,
    ) -> bool:
        """Send one ballot, perhaps twice; return whether it was accepted, which it must not be with a void code."""
        marking = Marking.draw(paper_for(self.paper, person.groups), chance)
        ballot, body = form["ballot_id"].partition(":")[0], fill_in(form, marking)
        was_void = issue in person.void
        self.electorate.void_sent += was_void
        for _ in range(1 + (chance.random() < RESEND)):
            taken = self._cast(
                line, cookies, chance, person.number, ballot, marking, body,
                weight=person.weight, is_void=lambda: issue in person.may_be_void,
            )  # fmt: skip
            if not taken:
                return False
        if was_void:
            self.ledger.complain(self.ledger.unentitled, f"ballot {ballot} was accepted with a void code")
        return True

    def _open_paper(self, line: Line, person: Person, chance: random.Random) -> dict[str, str] | None:
        """Return the fields of a fresh form, after typing the code if the page asks for it; None if there is none."""
        page = self._insist(line, person.cookies, chance, self.path)
        if page is not None and page.status == 200 and not has_form(page.page):
            code, issue = person.card
            if not self._type(line, person.cookies, chance, page, code, holder=person, issue=issue):
                return None
            person.known_issue = issue
            page = self._insist(line, person.cookies, chance, self.path)
        if page is None:
            return None
        if page.status == 200 and has_form(page.page):
            return read_form(page.page)
        if page.status == 410:
            self._stop.wait(AGAIN)
        elif page.status != 200 or person.known_issue not in person.may_be_void:
            said = f"voter {person.number} has a code, and got no form: {page.status}"
            self.ledger.complain(self.ledger.unexpected, said)
        return None

    def _type(
        self,
        line: Line,
        cookies: dict[str, str],
        chance: random.Random,
        page: Answer,
        code: str,
        *,
        holder: Person | None = None,
        issue: int = 0,
    ) -> bool:
        """Type a code into the page that asks for it; return whether it was taken. Complain where that is wrong.

        It is the code of `holder`, who may vote with it unless it is void, or that of nobody here.
        """
        was_void = holder is None or issue in holder.void
        answer = self._insist(line, cookies, chance, f"{self.path}code/", write_code(page, code))
        status = answer.status if answer else 0
        if status == 303:
            if was_void:
                self.ledger.complain(self.ledger.unentitled, "a code was taken that nobody has")
            return True
        may_be_refused = holder is None or issue in holder.may_be_void
        if status not in (0, 410) and not (may_be_refused and status in (403, 429)):
            self.ledger.complain(self.ledger.unexpected, f"a code was answered with {status}")
        return False

    def _try_as_stranger(self, line: Line, person: Person, chance: random.Random) -> None:
        """Try to get in with a code or a cookie that is nobody's, no longer anybody's, or somebody else's."""
        self.electorate.strangers += 1
        kind = chance.choice((*CODES, *COOKIES))
        if kind in COOKIES:
            self._forge(kind, line, person, chance)
            return
        cookies: dict[str, str] = {}
        page = self._insist(line, cookies, chance, self.path)
        if page is not None and page.status == 200:
            self._type(line, cookies, chance, page, self._draw_code(kind, person, chance))

    def _draw_code(self, kind: str, person: Person, chance: random.Random) -> str:
        from polls.roll import codes

        if kind == "mistyped":
            code, _issue = person.card
            return code[:-1] + ("2" if code[-1] != "2" else "3")
        if kind == "void":
            done = [one for one in self.electorate.people if one.old_codes and 1 in one.void]
            if done:
                return chance.choice(done).old_codes[0]
        return chance.choice(self.electorate.foreign) if kind == "foreign" else codes.make()

    def _forge(self, kind: str, line: Line, person: Person, chance: random.Random) -> None:
        """Send a form that was made for one voter with a cookie that is none of that voter's."""
        form = self._open_paper(line, person, chance)
        if form is None:
            return
        cookies = dict(person.cookies)
        [name] = [one for one, value in cookies.items() if ROLL_COOKIE.match(value)]
        election, number, issue, signature = re.split("[.:]", cookies[name], maxsplit=3)
        match kind:
            case "other voter":
                cookies[name] = f"{election}.{int(number) + 1}.{issue}:{signature}"
            case "other code":
                cookies[name] = f"{election}.{number}.{int(issue) + 1}:{signature}"
            case _:
                cookies[name] = self._sign_in_elsewhere(line, chance)
        body = fill_in(form, Marking.draw(paper_for(self.paper, person.groups), chance))
        answer = self._insist(line, cookies, chance, self.path, body)
        if answer is None:
            return
        if answer.status == 303:
            self.ledger.complain(self.ledger.unentitled, f"a ballot was accepted with a cookie: {kind}")
        elif answer.status not in (400, 403, 410):
            self.ledger.complain(self.ledger.unexpected, f"a ballot with a cookie, {kind}, got {answer.status}")

    def _sign_in_elsewhere(self, line: Line, chance: random.Random) -> str:
        """Return the cookie that comes with a code of another election."""
        cookies: dict[str, str] = {}
        path = self.electorate.foreign_path
        page = self._insist(line, cookies, chance, path)
        if page is not None and page.status == 200:
            body = write_code(page, chance.choice(self.electorate.foreign))
            self._insist(line, cookies, chance, f"{path}code/", body)
        return next((value for value in cookies.values() if ROLL_COOKIE.match(value)), "")
