"""An election with a roll in a real browser: from a draft and 200 printed cards to the certified result."""

import csv
import io
import json
import re
import zoneinfo
from collections import Counter
from collections.abc import Iterator

import pypdfium2
import pytest
import zxingcpp
from playwright.sync_api import Page, expect

from office.cards.card import Card, Notice
from office.cards.sheets import print_sheets
from office.pdf.paper import Paper
from tests.browsers import DESKTOP, Visitor, Visitors
from tests.test_whole_way import pytestmark, urna
from tests.voting_site.processes import Up, wait_until
from tests.web import Voter

__all__ = ["pytestmark", "urna"]

SLUG = "board-2026"
PASSWORD = "correct horse battery staple"
VOTERS, VOTED = 200, 180
QUESTIONS = [
    {"key": "chair", "title": "Chair", "options": [{"label": "Ana"}, {"label": "Bea"}]},
    {
        "key": "site",
        "title": "Where we meet",
        "method": "irv",
        "options": [{"label": "Hall"}, {"label": "Park"}, {"label": "Café"}],
    },
]
# The choices of the voters in turn.
CHAIRS = ("ana", "bea", "ana")
SITES = (("hall", "park"), ("park", "cafe"), ("cafe", "park"), ("hall",))
REISSUE = f"""
from office.roll_acts import ReissueCode
from polls.models import RollEntry
entry = RollEntry.objects.get(election__slug={SLUG!r}, name="Voter 4")
print(ReissueCode(entry, reason="The card was lost.").perform(by=None))
"""
STATE = f"from polls.models import Election; print(Election.objects.get(slug={SLUG!r}).state)"


@pytest.fixture(scope="module")
def codes(urna: Up, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Publish the election with its roll; return the codes by the names of their voters."""
    folder = tmp_path_factory.mktemp("roll")
    paper, roll, codes = folder / "paper.json", folder / "roll.csv", folder / "codes.csv"
    paper.write_text(json.dumps({"title": "Board", "slug": SLUG, "eligibility": "roll", "contests": QUESTIONS}))
    roll.write_text("name\n" + "".join(f"Voter {number}\n" for number in range(1, VOTERS + 1)))
    urna.call("import_election", str(paper))
    assert urna.execute(STATE).strip() == "draft"
    urna.call("import_roll", SLUG, str(roll), "--codes", str(codes))
    urna.call("publish_election", SLUG)
    with codes.open(newline="") as file:
        return {row["name"]: row["code"] for row in csv.DictReader(file)}


def address(urna: Up, role: str = "vote") -> str:
    return f"http://127.0.0.1:{urna.ports[role]}/{SLUG}/"


def scan(urna: Up, codes: dict[str, str]) -> list[str]:
    """Print the codes as cards, and return the addresses that a phone reads from their squares."""
    titles = tuple(str(one["title"]) for one in QUESTIONS)
    notice = Notice("Board", address(urna), titles, None, zoneinfo.ZoneInfo("UTC"))
    file = io.BytesIO()
    print_sheets(file, notice, [Card(code, name) for name, code in codes.items()], Paper.A4)
    return list(read_squares(file.getvalue()))


def read_squares(pdf: bytes) -> Iterator[str]:
    for page in pypdfium2.PdfDocument(pdf):
        yield from (one.text for one in zxingcpp.read_barcodes(page.render(scale=200 / 72).to_pil().convert("L")))


def choose(number: int) -> dict[str, str]:
    """Return the marks of a voter as fields of the form."""
    site = SITES[number % len(SITES)]
    ranks = {f"site:{key}": str(rank) for rank, key in enumerate(site, 1)}
    return {"chair": CHAIRS[number % len(CHAIRS)], **ranks}


def vote_by_http(urna: Up, code: str, marks: dict[str, str]) -> Voter:
    """Come in with a code and vote, on a device that has no browser; return the device."""
    device = Voter(address(urna))
    assert enter(device, urna, code) == 303
    form = device.fetch_form()
    assert form
    assert device.send({**form, **marks})[0] == 303
    return device


def enter(device: Voter, urna: Up, code: str) -> int:
    """Send a code, and return the status."""
    _status, page = device.send()
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0]
    device.url = f"{address(urna)}code/"
    status, _page = device.send({"csrfmiddlewaretoken": token, "code": code})
    device.url = address(urna)
    return status


def vote_on_screen(page: Page, number: int) -> None:
    for name, value in choose(number).items():
        if name == "chair":
            page.locator(f'input[name="chair"][value="{value}"]').check()
        else:
            page.locator(f'select[name="{name}"]').select_option(value)
    page.get_by_role("button", name=re.compile("^(Vote|Change my vote)$")).click()
    page.wait_for_url("**/cast/")


def expected() -> tuple[Counter[str], Counter[str]]:
    """Count the votes and the first choices, by the way of this test alone."""
    # Voters 1 and 3 have changed theirs, to the marks of voters 2 and 4.
    standing = [{1: 2, 3: 4}.get(number, number) for number in range(1, VOTED + 1)]
    return Counter(choose(one)["chair"] for one in standing), Counter(SITES[one % len(SITES)][0] for one in standing)


def sign_in(urna: Up, page: Page) -> None:
    urna.add_administrator("mia", PASSWORD)
    page.goto(f"http://127.0.0.1:{urna.ports['admin']}/admin/login/")
    page.fill("#id_username", "mia")
    page.fill("#id_password", PASSWORD)
    page.click("input[type=submit]")
    expect(page.locator("#logout-form")).to_be_visible()


def test_an_election_of_200_printed_codes_goes_from_draft_to_certified(
    urna: Up, codes: dict[str, str], visitors: Visitors, visitor: Visitor
) -> None:
    links = scan(urna, codes)
    assert sorted(links) == sorted(f"{address(urna)}#{code}" for code in codes.values())
    wall = visitors.get(**DESKTOP, locale="en").new_page()
    wall.goto(address(urna, "result"))
    expect(wall.get_by_text("Live", exact=True)).to_be_visible()

    # The first one scans, the second one types.
    phone = visitor.new_page()
    phone.goto(next(link for link in links if link.endswith(codes["Voter 1"])))
    expect(phone.locator("#chair")).to_be_visible()
    assert codes["Voter 1"] not in phone.url
    vote_on_screen(phone, 1)
    typist = visitors.get("second", **DESKTOP, locale="en").new_page()
    typist.goto(address(urna))
    typist.get_by_label("Your voting code").fill(codes["Voter 2"].lower().replace("-", " "))
    typist.get_by_role("button", name="Go to the ballot").click()
    vote_on_screen(typist, 2)
    devices = {number: vote_by_http(urna, codes[f"Voter {number}"], choose(number)) for number in range(3, VOTED + 1)}

    # Two change their votes: one where the first was cast, one on another device.
    phone.get_by_role("link", name="Change my vote").click()
    vote_on_screen(phone, 2)
    vote_by_http(urna, codes["Voter 3"], choose(4))

    # One card is lost: its code opens nothing any more, what was cast with it stands, the new one is the same voter.
    new = urna.execute(REISSUE).strip()
    [link] = scan(urna, {"Voter 4": new})
    assert enter(Voter(address(urna)), urna, codes["Voter 4"]) == 403
    assert "Your voting code" in devices[4].send()[1]
    later = visitors.get("fourth", **DESKTOP, locale="en").new_page()
    later.goto(f"{address(urna)}#{codes['Voter 4']}")
    expect(later.get_by_role("alert")).to_contain_text("This code is not valid in this election.")
    later.goto(link)
    expect(later.get_by_role("button", name="Change my vote")).to_be_visible()

    chairs, sites = expected()
    expect(wall.locator('[data-contest="chair"] [data-key="ana"] [data-count]')).to_have_text(str(chairs["ana"]))
    expect(wall.locator("[data-voted]")).to_have_text(str(VOTED), timeout=30_000)
    urna.call("close_election", SLUG)
    wait_until(lambda: urna.execute(STATE).strip() == "final", "the count is final")

    office = visitors.get("manager", **DESKTOP, locale="en").new_page()
    sign_in(urna, office)
    number = urna.execute(f"from polls.models import Election; print(Election.objects.get(slug={SLUG!r}).pk)").strip()
    office.goto(f"http://127.0.0.1:{urna.ports['admin']}/admin/polls/election/{number}/certify/")
    office.get_by_role("button", name="Certify", exact=True).click()
    wait_until(lambda: urna.execute(STATE).strip() == "certified", "the result is certified")

    check_results(urna, wall, chairs, sites)
    check_protocol(urna, wall, chairs, sites)
    assert not [code for code in (*codes.values(), new) if code in urna.output]


def check_results(urna: Up, page: Page, chairs: Counter[str], sites: Counter[str]) -> None:
    page.goto(address(urna, "result"))
    for contest, counts in (("chair", chairs), ("site", sites)):
        for key, number in counts.items():
            count = page.locator(f'[data-contest="{contest}"] [data-key="{key}"] [data-count]')
            expect(count).to_have_text(str(number))
    expect(page.locator('[data-contest="chair"] [data-key="ana"]')).to_have_attribute("data-standing", "winner")
    expect(page.locator("[data-voted]")).to_have_text(str(VOTED))


def check_protocol(urna: Up, page: Page, chairs: Counter[str], sites: Counter[str]) -> None:
    answer = page.request.get(f"{address(urna, 'result')}certified.json").json()
    assert answer["account"]["ballots"] == {"counted": VOTED, "replaced": 2}
    page.get_by_role("link", name="Protocol", exact=True).click()
    told = " ".join(page.locator("article.protocol").inner_text().split())
    assert f"Accepted {VOTED + 2} Counted {VOTED} Replaced by a later one of the same voter 2" in told
    assert f"{VOTED} of {VOTERS} entitled to vote, 90" in told
    for counts in (chairs, sites):
        shown = page.locator(".contest").nth(0 if counts is chairs else 1)
        for key, number in counts.items():
            expect(shown.locator(f'[data-key="{key}"] [data-count]')).to_have_text(str(number))
