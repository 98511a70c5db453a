"""A results page in each language of its paper; what programs read keeps the paper's own."""

import datetime as dt
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from polls.design import Paper
from polls.methods import OptionOnBallot
from polls.models import Election
from polls.publishing import publish_election
from tally.drain import drain_all
from tests.conftest import contest, open_now
from tests.results.papers import make_snapshot

pytestmark = pytest.mark.urls("voting_site.urls.result")

QUESTION = replace(
    contest(title="¿Nos mudamos?", options=(), translations={"de": {"title": "Ziehen wir um?"}}),
    options=(OptionOnBallot("si", "Sí", translations={"de": {"label": "Ja"}}), OptionOnBallot("no", "No")),
)
PAPER = Paper("Asamblea", "Cada año", False, (QUESTION,), language="es", translations={"de": {"title": "Versammlung"}})


@pytest.fixture
def election(make_election: Any, cast: Any) -> Election:
    """An open election in Spanish, with German texts, and one ballot."""
    later = timezone.now() + dt.timedelta(days=1)
    german = {"de": {"title": "Getränk?"}}
    election = make_election(options=("si", "no"), language="es", translations=german, opens_at=later)
    option = election.contests.get().options.get(key="si")
    option.translations = {"de": {"label": "Ja"}}
    option.save()
    publish_election(election)
    open_now(election)
    cast(Election.objects.get(), "ana", "si")
    drain_all()
    return Election.objects.get()


def get(path: str = "/drink/", accept: str = "de", client: Client | None = None) -> str:
    return (client or Client()).get(path, HTTP_ACCEPT_LANGUAGE=accept).content.decode()


@pytest.mark.usefixtures("election")
class TestPages:
    def test_read_as_the_visitor_reads_and_say_in_which_language(self):
        page = get()
        assert re.search('<h1 [^>]*lang="de"[^>]*>Getränk', page)
        assert '<bdi lang="de">Ja</bdi>' in page
        assert '<bdi lang="es">No</bdi>' in page
        assert "<bdi>Si</bdi>" in get(accept="es")

    def test_are_kept_for_each_language_of_the_paper(self):
        for _ in range(2):
            assert ('<bdi lang="de">Ja' in get(accept="de"), '<bdi lang="es">Si' in get(accept="fr")) == (True, True)

    def test_keep_the_own_language_in_their_data(self):
        data = json.loads(re.search('<script id="snapshot"[^>]*>(.*?)</script>', get())[1])
        assert (data["title"], data["contests"][0]["options"][0]["label"]) == ("drink?", "Si")
        assert data["languages"] == ["es", "de"]

    def test_offer_the_languages_and_remember_a_pick(self):
        client = Client()
        assert "?language=de" in get(accept="es")
        answer = client.get("/drink/?language=de&view=x", HTTP_ACCEPT_LANGUAGE="es")
        assert answer["Location"] == "/drink/?view=x"
        assert "Getränk" in get(accept="es", client=client)
        assert '<bdi lang="de">Ja</bdi>' in get("/drink/contests/", "es", client)

    def test_are_in_the_language_of_their_address_in_a_frame(self):
        page = get("/drink/embed/?language=de", "es")
        assert "Getränk" in page
        assert "?language=es" not in page

    def test_have_a_part_that_is_renewed_in_the_same_language(self):
        assert '<bdi lang="de">Ja</bdi>' in get("/drink/contests/")
        assert '<bdi lang="es">No</bdi>' in get("/drink/contests/")

    def test_list_them_as_the_visitor_reads(self, make_election):
        make_election(slug="other")
        page = get("/")
        assert '<bdi lang="de">Getränk?</bdi>' in page
        assert '<bdi lang="de">Ja</bdi>' in page
        assert "<bdi>other?</bdi>" in page


@pytest.mark.usefixtures("election")
class TestJson:
    def test_keeps_the_own_language_whatever_the_reader_asks_for(self):
        data = json.loads(get("/drink/results.json"))
        assert (data["title"], data["contests"][0]["options"][0]["label"]) == ("drink?", "Si")
        assert (data["languages"], "translations" in data) == (["es", "de"], False)

    def test_has_the_other_languages_where_they_are_asked_for(self):
        data = json.loads(get("/drink/results.json?translations"))
        assert data["translations"] == {
            "de": {
                "title": "Getränk?",
                "contests": {"q1": {"title": "Getränk?", "options": {"si": "Ja", "no": "No"}}},
            }
        }

    def test_has_no_word_of_languages_where_the_paper_says_none(self, make_election):
        make_election(slug="other")
        assert "language" not in get("/other/results.json?translations")


class TestSnapshot:
    def test_tells_the_working_in_the_language_of_the_page(self):
        snapshot = make_snapshot({"q1:si": 2, "q1:no": 1}, 3, PAPER)
        [shown] = snapshot.in_language("de").contests
        assert (shown.title, [option.label for option in shown.options]) == ("Ziehen wir um?", ["Ja", "No"])
        assert snapshot.contests[0].title == "¿Nos mudamos?"

    def test_is_made_once_for_each_language(self):
        snapshot = make_snapshot({}, 0, PAPER)
        assert snapshot.in_language("de").shown is snapshot.in_language("de").shown

    def test_shows_no_translation_of_what_is_withheld(self):
        snapshot = make_snapshot({}, 0, PAPER)
        hidden = replace(
            snapshot, shown=replace(snapshot.shown, source=snapshot.shown.source._replace(withheld="hidden"))
        )
        assert hidden.in_language("de").contests == ()
