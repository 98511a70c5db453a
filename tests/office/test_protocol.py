"""The protocol as PDF: what it says, how it breaks over pages, and what it says of characters that it cannot print."""

import io
import subprocess
import sys
from typing import Any

import pypdfium2
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from reportlab.lib import pagesizes

from office.certify_acts import Certify
from office.pdf.flow import GAP, Look, Text, break_lines, make_table, printable, write_document
from office.pdf.fonts import REGULAR, register
from office.pdf.paper import Paper
from office.protocol import pages
from polls.labels import LONGEST_LABEL
from polls.models import Election
from polls.publishing import publish_election
from tests.conftest import open_now
from tests.results.test_exports import RANKED, held
from tests.tally.test_certification import finish
from tests.tally.test_turnout import fill, vote

__all__ = ["held"]

pytestmark = [pytest.mark.large, pytest.mark.urls("voting_site.urls.result")]


def read(content: bytes) -> list[str]:
    """Return the text of each page, with single spaces."""
    document = pypdfium2.PdfDocument(content)
    return [" ".join(page.get_textpage().get_text_bounded().split()) for page in document]


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    pages._kept.clear()


class TestPublicFile:
    def test_says_what_the_page_says(self, held: Any, client: Client) -> None:
        held("irv", RANKED, {})
        shown = client.get("/drink/results.json").json()
        answer = client.get("/drink/protocol/protocol.pdf")
        assert answer["Content-Type"] == "application/pdf"
        assert answer["Content-Disposition"] == 'attachment; filename="drink-protocol.pdf"'
        text = " ".join(read(answer.content))
        for part in ("drink?", "Accepted 11", "Counted 11", "Instant runoff", "Round 1", "Name and signature"):
            assert part in text
        assert "everybody who opened the page, once for each browser" in text
        assert shown["certificate"]["sha256"] in text
        assert "Page 1 of 2" in text
        assert "What was done" not in text
        assert GAP not in text

    def test_and_the_page_say_the_steps_and_that_voters_could_check(self, held: Any, client: Client) -> None:
        held("irv", RANKED, {}, step=2, checkable=True)
        page = client.get("/drink/protocol/").content.decode()
        text = " ".join(read(client.get("/drink/protocol/protocol.pdf").content))
        for told in (page, text):
            assert "Live results changed" in told
            assert "in steps of 2 ballots" in told
            assert "could check what the record says of the own ballot" in told

    def test_is_written_for_each_size_and_language_once(self, held: Any, client: Client, monkeypatch: Any) -> None:
        held("plurality", {"ant": 1}, {})
        written = []
        write = pages.write
        monkeypatch.setattr(pages, "write", lambda *given: written.append(given[1]) or write(*given))
        for _time in range(2):
            english = client.get("/drink/protocol/protocol.pdf?paper=letter")
            spanish = client.get("/drink/protocol/protocol.pdf", headers={"accept-language": "es"})
        assert written == ["letter", "a4"]
        assert "firma" in " ".join(read(spanish.content)).lower()
        sizes = [pypdfium2.PdfDocument(one.content)[0].get_size() for one in (english, spanish)]
        assert sizes[0] == pytest.approx(pagesizes.LETTER, abs=0.1)
        assert sizes[1] == pytest.approx(pagesizes.A4, abs=0.1)

    def test_is_not_there_before_the_result_is_certified(self, make_election: Any, client: Client) -> None:
        make_election()
        assert client.get("/drink/protocol/protocol.pdf").status_code == 404
        assert client.get("/nothing/protocol/protocol.pdf").status_code == 404

    def test_says_which_characters_it_cannot_print(self, held: Any, client: Client) -> None:
        held("plurality", {"ant": 1}, {}, description="投票 2026")
        text = read(client.get("/drink/protocol/protocol.pdf").content)[0]
        assert f"{GAP} 2026" in text
        assert "The fonts of this file lack some characters" in text

    @pytest.mark.parametrize("method", ["approval", "score", "stv", "schulze", "majority-judgment"])
    def test_has_the_working_of_each_method(self, held: Any, client: Client, method: str) -> None:
        ballots = {
            "approval": {"ant,bee": 3},
            "score": {"ant:5,bee:1,cat:0,dog:0": 2},
            "majority-judgment": {"ant:5,bee:1,cat:0,dog:0": 2},
        }
        held(method, ballots.get(method, RANKED), {})
        answer = client.get("/drink/protocol/protocol.pdf")
        assert answer.status_code == 200
        assert "Winner" in " ".join(read(answer.content))

    @pytest.mark.parametrize("method", ["plurality", "approval"])
    def test_says_that_a_tie_was_drawn_as_the_page_does(self, held: Any, client: Client, method: str) -> None:
        held(method, {"ant": 1, "bee": 1}, {})
        said = "Ant and Bee were equal. The draw from the secret that was fixed beforehand gave the order:"
        assert said in " ".join(read(client.get("/drink/protocol/protocol.pdf").content))
        for page in ("/drink/protocol/", "/drink/"):
            assert said in client.get(page).content.decode()

    def test_names_the_groups_that_a_question_was_for(self, make_election: Any, redis: Any, client: Client) -> None:
        later = timezone.now() + timezone.timedelta(minutes=5)
        meeting = make_election(contests=2, eligibility="roll", opens_at=later)
        meeting.contests.filter(key="q2").update(groups=["blue", "green"])
        publish_election(meeting)
        fill(meeting, 30)
        open_now(meeting)
        vote(redis, meeting, 1, "q1=nesquik;q2=nesquik")
        vote(redis, meeting, 2)
        meeting.refresh_from_db()
        finish(meeting)
        Certify(meeting).perform(by=None)
        text = " ".join(read(client.get("/drink/protocol/protocol.pdf").content))
        said = "Only for these groups of the roll: blue, green. 1 of "
        assert said in text
        page = " ".join(client.get("/drink/protocol/").content.decode().split())
        assert "Only for these groups of the roll: <bdi>blue, green</bdi>. 1 of" in page

    def test_says_what_a_motion_needed(self, make_election: Any, cast: Any, client: Client) -> None:
        motion = make_election(options=("yes", "no", "abstain"), method="motion")
        for voter, marking in (("ana", "yes"), ("bea", "yes"), ("leo", "no")):
            cast(motion, voter, marking)
        finish(motion)
        Certify(motion).perform(by=None)
        text = " ".join(read(client.get("/drink/protocol/protocol.pdf").content))
        assert "Carried. In favour: 2, needed: 2, of 3." in text


class TestOfficeFile:
    def test_says_who_did_what(self, held: Any, client: Client, django_user_model: Any, settings: Any) -> None:
        drink: Election = held("plurality", {"ant": 1}, {})
        settings.ROOT_URLCONF = "voting_site.urls.admin"
        address = reverse("admin:polls_election_protocol_pdf", args=[drink.pk])
        assert client.get(address).status_code == 302
        client.force_login(django_user_model.objects.create_user("stranger", is_staff=True))
        assert client.get(address).status_code in (403, 404)
        client.force_login(django_user_model.objects.create_superuser("mia"))
        text = " ".join(read(client.get(address).content))
        assert "Certified by: command" in text
        assert "certification ordered, command" in text


class TestFlow:
    def test_breaks_tables_and_texts_over_pages_and_repeats_the_head(self) -> None:
        file = io.BytesIO()
        rows = [[f"Option {number}", str(number)] for number in range(120)]

        def tell(width: float) -> list[Any]:
            return [Text("word " * 2_000, Look()), make_table(["Name", "Votes"], rows, width)]

        number = write_document(file, tell, Paper.A4, title="Title", foot="foot", language="en")
        texts = read(file.getvalue())
        assert len(texts) == number > 3
        assert sum("Name Votes" in text for text in texts) >= 2
        assert " ".join(texts).count("word") == 2_000
        everything = "".join(texts).replace(" ", "")
        assert [one for one in range(120) if f"Option{one}{one}" not in everything] == []
        assert all(f"foot Page {place} of {number}" in text for place, text in enumerate(texts, 1))

    def test_has_room_for_the_longest_labels_and_very_many_columns(self) -> None:
        file = io.BytesIO()
        head = ["", *("Excellent" for _column in range(40))]
        rows = [["W" * LONGEST_LABEL, *("1.00000" for _column in range(40))] for _row in range(60)]
        number = write_document(
            file, lambda width: [make_table(head, rows, width)], Paper.LETTER, title="", foot="f" * 900, language="en"
        )
        assert "".join(read(file.getvalue())).count("W") == 60 * LONGEST_LABEL
        assert number > 1

    def test_breaks_a_word_that_is_wider_than_a_line(self) -> None:
        register()
        lines = break_lines("x" * 5_000 + " end", REGULAR, 10, 200)
        assert all(line.width <= 200 for line in lines)
        assert "".join(text for line in lines for text, _width in line.pieces).replace(" ", "") == "x" * 5_000 + "end"

    def test_marks_each_gap_once(self) -> None:
        assert printable("Ana 投票 Bea 😀") == f"Ana {GAP} Bea {GAP}"
        assert printable("Ángela Жук") == "Ángela Жук"


def test_reportlab_is_not_loaded_with_the_results_pages() -> None:
    code = (
        "import sys, django; django.setup(); import voting_site.urls.result; "
        "print([one for one in sys.modules if one.startswith('reportlab')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
