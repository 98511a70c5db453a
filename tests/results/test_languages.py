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
    contest(title="¿Nos mudamos?", options=(), translations={"nl": {"title": "Verhuizen we?"}}),
    options=(OptionOnBallot("si", "Sí", translations={"nl": {"label": "Ja"}}), OptionOnBallot("no", "No")),
)
PAPER = Paper("Asamblea", "Cada año", False, (QUESTION,), language="es", translations={"nl": {"title": "Vergadering"}})


@pytest.fixture
def election(make_election: Any, cast: Any) -> Election:
    """An open election in Spanish, with Dutch texts, and one ballot."""
    later = timezone.now() + dt.timedelta(days=1)
    dutch = {"nl": {"title": "Drankje?"}}
    election = make_election(options=("si", "no"), language="es", translations=dutch, opens_at=later)
    option = election.contests.get().options.get(key="si")
    option.translations = {"nl": {"label": "Ja"}}
    option.save()
    publish_election(election)
    open_now(election)
    cast(Election.objects.get(), "ana", "si")
    drain_all()
    return Election.objects.get()


def get(path: str = "/drink/", accept: str = "nl", client: Client | None = None) -> str:
    return (client or Client()).get(path, HTTP_ACCEPT_LANGUAGE=accept).content.decode()


@pytest.mark.usefixtures("election")
class TestPages:
    def test_read_as_the_visitor_reads_and_say_in_which_language(self):
        page = get()
        assert re.search('<h1 [^>]*lang="nl"[^>]*>Drankje', page)
        assert '<bdi lang="nl">Ja</bdi>' in page
        assert '<bdi lang="es">No</bdi>' in page
        assert "<bdi>Si</bdi>" in get(accept="es")

    def test_are_kept_for_each_language_of_the_paper(self):
        for _ in range(2):
            assert ('<bdi lang="nl">Ja' in get(accept="nl"), '<bdi lang="es">Si' in get(accept="fr")) == (True, True)

    def test_keep_the_own_language_in_their_data(self):
        data = json.loads(re.search('<script id="snapshot"[^>]*>(.*?)</script>', get())[1])
        assert (data["title"], data["contests"][0]["options"][0]["label"]) == ("drink?", "Si")
        assert data["languages"] == ["es", "nl"]

    def test_offer_the_languages_and_remember_a_pick(self):
        client = Client()
        assert "?language=nl" in get(accept="es")
        answer = client.get("/drink/?language=nl&view=x", HTTP_ACCEPT_LANGUAGE="es")
        assert answer["Location"] == "/drink/?view=x"
        assert "Drankje" in get(accept="es", client=client)
        assert '<bdi lang="nl">Ja</bdi>' in get("/drink/contests/", "es", client)

    def test_are_in_the_language_of_their_address_in_a_frame(self):
        page = get("/drink/embed/?language=nl", "es")
        assert "Drankje" in page
        assert "?language=es" not in page

    def test_have_a_part_that_is_renewed_in_the_same_language(self):
        assert '<bdi lang="nl">Ja</bdi>' in get("/drink/contests/")
        assert '<bdi lang="es">No</bdi>' in get("/drink/contests/")

    def test_list_them_as_the_visitor_reads(self, make_election):
        make_election(slug="other")
        page = get("/")
        assert '<bdi lang="nl">Drankje?</bdi>' in page
        assert '<bdi lang="nl">Ja</bdi>' in page
        assert "<bdi>other?</bdi>" in page


@pytest.mark.usefixtures("election")
class TestJson:
    def test_keeps_the_own_language_whatever_the_reader_asks_for(self):
        data = json.loads(get("/drink/results.json"))
        assert (data["title"], data["contests"][0]["options"][0]["label"]) == ("drink?", "Si")
        assert (data["languages"], "translations" in data) == (["es", "nl"], False)

    def test_has_the_other_languages_where_they_are_asked_for(self):
        data = json.loads(get("/drink/results.json?translations"))
        assert data["translations"] == {
            "nl": {
                "title": "Drankje?",
                "contests": {"q1": {"title": "Drankje?", "options": {"si": "Ja", "no": "No"}}},
            }
        }

    def test_has_no_word_of_languages_where_the_paper_says_none(self, make_election):
        make_election(slug="other")
        assert "language" not in get("/other/results.json?translations")


class TestSnapshot:
    def test_tells_the_working_in_the_language_of_the_page(self):
        snapshot = make_snapshot({"q1:si": 2, "q1:no": 1}, 3, PAPER)
        [shown] = snapshot.in_language("nl").contests
        assert (shown.title, [option.label for option in shown.options]) == ("Verhuizen we?", ["Ja", "No"])
        assert snapshot.contests[0].title == "¿Nos mudamos?"

    def test_is_made_once_for_each_language(self):
        snapshot = make_snapshot({}, 0, PAPER)
        assert snapshot.in_language("nl").shown is snapshot.in_language("nl").shown

    def test_shows_no_translation_of_what_is_withheld(self):
        snapshot = make_snapshot({}, 0, PAPER)
        hidden = replace(
            snapshot, shown=replace(snapshot.shown, source=snapshot.shown.source._replace(withheld="hidden"))
        )
        assert hidden.in_language("nl").contests == ()
