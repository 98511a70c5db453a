"""The central ways of voters and viewers in Firefox: a vote, a code, and a dashboard that moves."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.firefox import Firefox, firefox
from tests.test_whole_way import SLUG
from tests.voting_site.processes import Up
from tests.web import Voter

__all__ = ["firefox"]

pytestmark = pytest.mark.long

CODED = "coded"
QUESTION = {"key": "chair", "title": "Chair", "options": [{"label": "Ana"}, {"label": "Bea"}]}


@pytest.fixture(scope="module")
def urna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("urna")) as up:
        up.wait_until_ready()
        yield up


def address(urna: Up, role: str, slug: str = SLUG) -> str:
    return f"http://127.0.0.1:{urna.ports[role]}/{slug}/"


def vote(urna: Up, option: str) -> None:
    """Let somebody else vote, without a browser."""
    voter = Voter(address(urna, "vote"))
    form = voter.fetch_form()
    assert form
    assert voter.send({**form, "q1": option})[0] == 303


def test_somebody_votes_and_reads_that_it_counts(firefox: Firefox, urna: Up) -> None:
    firefox.open(address(urna, "vote"))
    firefox.click("form.ballot label:has(input[value=nesquik])")
    firefox.click("form.ballot button[type=submit]")
    firefox.wait_for("main", "Your vote is in")
    assert firefox.url.endswith(f"/{SLUG}/cast/")


def test_a_dashboard_moves_with_each_vote_and_finds_its_line_again(firefox: Firefox, urna: Up) -> None:
    firefox.open(address(urna, "result"))
    firefox.wait_for("[data-link]", "Live")
    before = int(firefox.text("[data-key=cola-cao] [data-count]"))
    vote(urna, "cola-cao")
    firefox.wait_for("[data-key=cola-cao] [data-count]", str(before + 1))
    share = firefox.run("return document.querySelector('[data-key=cola-cao] [data-bar]').getAttribute('width')")
    assert firefox.text("[data-key=cola-cao] [data-share]") == f"{float(share.rstrip('%')):.1f}%"
    # A bar is drawn, as wide as it is to be once it has glided there.
    drawn = """
        const bar = document.querySelector('[data-key=cola-cao] [data-bar]');
        return bar.getBoundingClientRect().width / bar.ownerSVGElement.getBoundingClientRect().width * 100;
    """
    assert float(share.rstrip("%")) > 0
    firefox.run("for (const one of document.getAnimations()) one.finish()")
    assert firefox.run(drawn) == pytest.approx(float(share.rstrip("%")), abs=1)
    assert "column" in firefox.text("[data-pace]")
    firefox.run("dispatchEvent(new Event('offline')); dispatchEvent(new Event('online'))")
    vote(urna, "cola-cao")
    firefox.wait_for("[data-key=cola-cao] [data-count]", str(before + 2))


def test_somebody_comes_in_with_a_code(firefox: Firefox, urna: Up, tmp_path: Path) -> None:
    paper, roll, codes = tmp_path / "paper.json", tmp_path / "roll.csv", tmp_path / "codes.csv"
    paper.write_text(json.dumps({"title": "Board", "slug": CODED, "eligibility": "roll", "contests": [QUESTION]}))
    roll.write_text("name\nAna\n")
    urna.call("import_election", str(paper))
    urna.call("import_roll", CODED, str(roll), "--codes", str(codes))
    urna.call("publish_election", CODED)
    with codes.open(newline="") as file:
        [row] = csv.DictReader(file)
    firefox.open(address(urna, "vote", CODED))
    firefox.type("#code", "2345-6789-ACDE-FHJK-MNPR")
    firefox.click("form.code button")
    firefox.wait_for("[role=alert]", "code")
    firefox.run("document.querySelector('#code').value = ''")
    firefox.type("#code", row["code"])
    firefox.click("form.code button")
    firefox.wait_for("main", "Ana")
    firefox.click("form.ballot label:has(input[value=bea])")
    firefox.click("form.ballot button[type=submit]")
    firefox.wait_for("main", "Your vote is in")
    assert firefox.url.endswith(f"/{CODED}/cast/")
