"""Pictures of results: what is drawn, in which scripts, how often, and where pages name them."""

import io
import re
import subprocess
import sys
import threading
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from PIL import Image

from polls.look import Look
from polls.methods import OptionOnBallot
from polls.models import Election
from results import revalidation
from results.pictures import Busy, card, chart, fonts, png
from tests.conftest import contest
from tests.voting_site.processes import PROJECT, fresh_environment

from .papers import DECIDED, LIVELY, PAPER, make_snapshot, single

pytestmark = pytest.mark.urls("voting_site.urls.result")

# Names with an emoji and in Chinese, of which no font of ours has all.
NAMES = ("Ana 🎉", "مريم العربي", "שלום כהן", "हिन्दी", "中文", "Léo 👍", "W" * 80)


def texts(svg: str) -> list[str]:
    """Return the lines of text of a drawing, as they are read."""
    found = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return [re.sub("[\u2068\u2069]", "", one.text or "") for one in found]


def widths(svg: str) -> list[float]:
    """Return the widths of the bars."""
    boxes = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}rect")
    return [float(one.get("width", 0)) for one in boxes if one.get("fill") in (*chart.svg.BARS,)]


def named(*names: str) -> Any:
    """Make a snapshot of one contest with options of these names, each with as many votes as its place."""
    options = tuple(OptionOnBallot(f"o{number}", name) for number, name in enumerate(names))
    paper = single(replace(contest(), options=options))
    counts = {f"q1:o{number}": number for number in range(len(names))}
    return make_snapshot(counts, sum(counts.values()), paper)


class TestChart:
    def test_has_each_question_with_its_counts_shares_and_leaders(self):
        svg = chart.draw(make_snapshot(LIVELY, 12), str)
        lines = texts(svg)
        assert lines[:2] == ["General assembly", "Voting is open · 12 ballots"]
        assert {"Board", "Chair", "Raise the dues to 30 €"} <= set(lines)
        assert "Leading · 9 · 75.0%" in lines
        assert "Level · 5 · 41.7%" in lines
        assert widths(svg)[0] == pytest.approx(0.75 * (chart.WIDTH - 56))

    def test_says_of_when_it_is_in_the_zone_of_the_election(self):
        snapshot = make_snapshot(DECIDED, 12, phase="closed", final=True)
        snapshot.election.time_zone = "Asia/Tokyo"
        lines = texts(chart.draw(snapshot, str))
        assert lines[1] == "Final result · 12 ballots"
        assert lines[-1] == "May 4, 2026 21:00:00 JST"

    def test_of_a_thousand_options_has_those_of_most_votes(self):
        svg = chart.draw(named(*(f"Option {number}" for number in range(1000))), str)
        lines = texts(svg)
        assert lines[2] == "Option 999"
        assert "and 980 more" in lines
        assert float(ElementTree.fromstring(svg).get("height", 0)) < 1500

    def test_of_many_questions_says_how_many_it_leaves_out(self):
        chair = PAPER.contests[1]
        paper = replace(PAPER, contests=tuple(replace(chair, key=f"q{n}", title=f"Q{n}") for n in range(20)))
        lines = texts(chart.draw(make_snapshot({}, 0, paper), str))
        assert "Q11" in lines
        assert "Q12" not in lines
        assert "and 8 more" in lines

    def test_is_well_formed_whatever_is_written(self):
        lines = texts(chart.draw(named('<b>&"', "a\x00b\ufffe"), str))
        assert '<b>&"' in lines
        assert "ab" in lines

    def test_fits_long_names(self):
        lines = texts(chart.draw(named(*NAMES), fonts.printable))
        assert any(line.startswith("WWW") and line.endswith("…") for line in lines)


class TestPng:
    def test_draws_what_its_fonts_have(self):
        assert [fonts.printable(name) for name in NAMES[:6]] == ["Ana", *NAMES[1:4], "…", "Léo 👍"]

    @pytest.mark.parametrize("name", NAMES[1:4])
    def test_shapes_scripts_that_are_not_written_letter_by_letter(self, name):
        # A letter alone is wider than in a word that joins it, or than what two letters become.
        assert fonts.measure(name, 20) != pytest.approx(sum(fonts.measure(char, 20) for char in name), abs=0.5)

    def test_is_drawn_once(self, monkeypatch):
        svg = card.draw(make_snapshot(LIVELY, 12), Look())
        drawn: list[str] = []
        real = png.resvg_py.svg_to_bytes
        monkeypatch.setattr(png.resvg_py, "svg_to_bytes", lambda **how: drawn.append("") or real(**how))
        first = png.draw(svg, key=svg + "once")
        assert png.draw(svg, key=svg + "once") is first
        assert len(drawn) == 1
        with Image.open(io.BytesIO(first)) as picture:
            assert (picture.format, picture.size) == ("PNG", (1200, 630))

    def test_of_a_flood_is_drawn_one_at_a_time_and_the_rest_is_sent_away(self):
        svg = card.draw(make_snapshot(LIVELY, 12), Look())
        ends: list[str] = []

        def ask(number: int) -> None:
            try:
                png.draw(svg, key=f"flood {number}")
                ends.append("drawn")
            except Busy:
                ends.append("sent away")

        # Nothing is drawn until all have come.
        with png._drawing:
            threads = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
            for thread in threads:
                thread.start()
            while len(ends) < 36:
                threads[0].join(0.01)
        for thread in threads:
            thread.join()
        assert (ends.count("drawn"), ends.count("sent away")) == (4, 36)
        assert len(png._drawn) <= png.KEPT


class TestCard:
    def test_says_nothing_of_a_moment_while_people_vote(self):
        snapshot = make_snapshot(LIVELY, 12)
        assert texts(card.draw(snapshot, Look())) == [
            "Urna", "General assembly", "Board", "Chair", "Raise the dues to 30 €",
        ]  # fmt: skip
        assert card.draw(make_snapshot({}, 0), Look()) == card.draw(snapshot, Look())

    def test_shows_the_final_result(self):
        lines = texts(card.draw(make_snapshot(DECIDED, 12, phase="closed", final=True), Look()))
        assert lines[2] == "Final result: Board"
        assert lines[3:5] == ["Ana", "Winner · 9 · 75.0%"]

    def test_is_in_the_name_and_colour_of_the_organisation(self):
        logo = "data:image/webp;base64,UklGRg=="
        svg = card.draw(make_snapshot({}, 0), Look("Coro «Ñ»", "#aa0044", "#ffaabb", logo))
        assert texts(svg)[0] == "Coro «Ñ»"
        assert 'fill="#aa0044"' in svg
        assert logo in svg
        assert "<image" not in card.draw(make_snapshot({}, 0), Look(logo="file:///etc/passwd"))

    def test_of_many_options_in_any_script_stays_inside(self):
        svg = card.draw(named(*NAMES, *NAMES), Look())
        ends = [float(one.get("y", 0)) for one in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
        assert max(ends) <= card.HEIGHT - 20
        assert texts(svg)[-1] == "…"


class TestPage:
    @pytest.mark.parametrize(
        ("name", "kind"), [("results.svg", "image/svg+xml"), ("results.png", "image/png"), ("card.png", "image/png")]
    )
    def test_answers_in_the_language_of_its_address(self, make_election, client: Client, name, kind):
        make_election()
        answer = client.get(f"/drink/{name}?language=es")
        assert (answer["Content-Type"], answer["Content-Language"]) == (kind, "es")
        assert "Accept-Language" not in answer.get("Vary", "")
        if kind == "image/svg+xml":
            assert "Votación abierta" in answer.content.decode()
        else:
            with Image.open(io.BytesIO(answer.content)) as picture:
                assert picture.width == 1200

    def test_sends_away_whom_it_cannot_serve_now(self, make_election, client: Client, monkeypatch):
        make_election()
        monkeypatch.setattr(png, "_TURNS", threading.BoundedSemaphore(1))
        assert png._TURNS.acquire()
        revalidation._known.clear()
        answer = client.get("/drink/results.png")
        assert (answer.status_code, answer["Retry-After"]) == (503, "2")
        assert "ETag" not in answer

    def test_of_a_draft_is_none(self, transactional_db, client: Client):
        Election.objects.create(title="Tea", slug="tea")
        for name in ("results.svg", "results.png", "card.png", "feed.atom", "embed/"):
            assert client.get(f"/tea/{name}").status_code == 404

    def test_is_named_by_the_pages_with_whole_addresses(self, make_election, client: Client, settings):
        settings.VOTE_URL, settings.RESULT_URL = "https://vote.example/", "https://vote.example/results"
        make_election(description='Which *drink* & "why"><?')
        settings.ROOT_URLCONF = "voting_site.urls.result"
        found = {"result": client.get("/drink/").content.decode()}
        settings.ROOT_URLCONF = "voting_site.urls.vote"
        found["vote"] = client.get("/drink/").content.decode()
        for role, page in found.items():
            told = dict(re.findall(r'<meta (?:property|name)="([a-z:]+)" content="([^"]*)">', page))
            assert told["og:title"] == "drink?"
            assert told["og:description"] == "Which drink &amp; &quot;why&quot;&gt;&lt;?"
            assert told["og:image"] == "https://vote.example/results/drink/card.png?language=en&amp;v=1"
            assert told["og:url"] == f"https://vote.example{'/results' if role == 'result' else ''}/drink/"
            assert told["twitter:card"] == "summary_large_image"


def test_nothing_that_draws_is_loaded_with_the_results_pages() -> None:
    code = """
import sys, django
django.setup()
from django.urls import get_resolver
get_resolver().url_patterns
loaded = {"PIL", "resvg_py", "uharfbuzz", "pymupdf_fonts"} & set(sys.modules)
assert not loaded, loaded
"""
    environment = fresh_environment(
        URNA_ROLE="result", SECRET_KEY="k" * 60, DATABASE_URL="postgres://u:p@db/urna", REDIS_URL="redis://redis/0",
        DJANGO_SETTINGS_MODULE="voting_site.settings",
    )  # fmt: skip
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=PROJECT, check=True)
