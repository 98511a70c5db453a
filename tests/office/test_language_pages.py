"""A paper is written in several languages in the office: each text beside the original, gaps in sight, nothing lost."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from office.checklist import check
from office.kept_labels import tell_typed
from office.models import LoggedAct
from office.paper_pages import make_draft
from polls import ballot_box
from polls.design import Paper
from polls.models import Election
from polls.wording import find_translated
from tests.conftest import open_now
from tests.office.test_admin import organiser
from tests.office.test_straddle import loaded_form

__all__ = ["organiser"]

pytestmark = pytest.mark.urls("voting_site.urls.admin")

CONTESTS = [
    {"key": "q1", "title": "¿Nos mudamos?", "options": [{"label": "Sí"}, {"label": "No", "description": "Como hoy"}]}
]
GERMAN = {"title": "Versammlung", "q1.title": "Ziehen wir um?", "q1.si.label": "Ja", "q1.no.label": "Nein"}


@pytest.fixture
def draft(transactional_db: None, redis: Any) -> Election:
    """A draft in Spanish, one text of which is in Basque."""
    paper = {"title": "Asamblea", "language": "es", "contests": CONTESTS, "translations": {"eu": {"title": "Batzarra"}}}
    return make_draft(paper)


@pytest.fixture
def scheduled(make_election: Callable[..., Election]) -> Election:
    """A published election in Spanish that opens tomorrow."""
    return make_election(language="es", opens_at=timezone.now() + dt.timedelta(days=1))


def address(election: Election, code: str = "", page: str = "languages") -> str:
    return reverse(f"admin:polls_election_{page}", args=[election.pk]) + (f"?in={code}" if code else "")


def load(client: Client, election: Election, code: str = "de") -> dict[str, str]:
    """Load the form of a language; return its fields as a browser sends them back."""
    form = client.get(address(election, code)).context["form"]
    return {name: str(form[name].value() or "") for name in form.fields}


def typed(fields: dict[str, str], **texts: str) -> dict[str, str]:
    return fields | {f"text:{place}": text for place, text in texts.items()}


def texts_of(election: Election, code: str = "de") -> dict[str, str]:
    return find_translated(Paper.of(Election.objects.get(pk=election.pk)), code)


class TestOverview:
    def test_tells_how_far_each_language_is_written(self, organiser, draft):
        page = organiser.get(address(draft)).content.decode()
        assert "the paper's own language" in page
        assert "4 of 5 texts are missing" in page
        assert 'href="?in=eu"' in page
        assert 'value="de" lang="de">Deutsch' in page

    def test_asks_for_the_own_language_first(self, organiser, draft):
        Election.objects.update(language="", translations={})
        page = organiser.get(address(draft)).content.decode()
        assert "does not say in which language" in page
        assert organiser.get(address(draft, "de")).status_code == 404

    @pytest.mark.parametrize("code", ["es", "xx", "de'"])
    def test_has_no_form_for_the_own_language_or_an_unknown_one(self, organiser, draft, code):
        assert organiser.get(address(draft, code)).status_code == 404

    def test_has_a_form_for_a_language_of_a_file_that_is_not_offered(self, organiser, draft):
        Election.objects.update(translations={"oc": {"title": "Assemblada"}})
        assert load(organiser, draft, "oc")["text:title"] == "Assemblada"

    def test_is_linked_from_the_page_of_the_election(self, organiser, draft):
        page = organiser.get(address(draft, page="page")).content.decode()
        assert address(draft) in page
        assert "4 texts are missing" in page


class TestWriting:
    def test_shows_each_text_beside_its_field(self, organiser, draft):
        answer = organiser.get(address(draft, "eu"))
        page = answer.content.decode()
        for original in ("Asamblea", "¿Nos mudamos?", "Sí", "Como hoy"):
            assert f'<span class="original" lang="es" dir="auto">{original}</span>' in page
        assert 'lang="eu" dir="auto"' in page
        blocks = answer.context["form"].blocks
        assert [(block.heading, block.missing) for block in blocks] == [("The paper itself", 0), ("¿Nos mudamos?", 4)]

    def test_saves_a_draft(self, organiser, draft):
        answer = organiser.post(address(draft, "de"), typed(load(organiser, draft), **GERMAN))
        assert answer["Location"] == address(draft)
        assert texts_of(draft) == GERMAN
        assert texts_of(draft, "eu") == {"title": "Batzarra"}
        assert Paper.of(Election.objects.get()).languages == ("es", "de", "eu")

    def test_tidies_what_is_typed(self, organiser, draft):
        fields = {"q1.si.label": "  Ja \t doch ", "q1.no.description": "Wie\r\nbisher"}
        organiser.post(address(draft, "de"), typed(load(organiser, draft), **fields))
        assert texts_of(draft) == {"q1.si.label": "Ja doch", "q1.no.description": "Wie\nbisher"}

    def test_of_nothing_makes_no_language(self, organiser, draft):
        organiser.post(address(draft, "de"), load(organiser, draft))
        assert Paper.of(Election.objects.get()).languages == ("es", "eu")

    @pytest.mark.parametrize(
        ("fields", "problem"),
        [
            ({"q1.si.label": "Nein", "q1.no.label": "NEIN"}, "“Nein” and “NEIN” look the same"),
            ({"q1.si.label": "No"}, "“No” and “No” look the same"),
            ({"q1.si.label": "\u200b"}, "This shows nothing."),
            ({"q1.si.label": "x" * 121}, "at most 120 characters"),
            ({"title": "x" * 201}, "at most 200 characters"),
        ],
    )
    def test_refuses_what_no_paper_may_have_and_keeps_what_is_typed(self, organiser, draft, fields, problem):
        answer = organiser.post(address(draft, "de"), typed(load(organiser, draft), **{"title": "Tag", **fields}))
        page = answer.content.decode()
        assert answer.status_code == 400
        assert problem in page
        for text in fields.values():
            assert f'value="{text}"' in page
        assert texts_of(draft) == {}

    def test_is_published_at_once_where_the_paper_is(self, organiser, scheduled):
        fields = typed(load(organiser, scheduled), **{"q1.nesquik.label": "Kakao"})
        page = organiser.post(address(scheduled, "de"), fields, follow=True).content.decode()
        assert "Saved, and published." in page
        option = ballot_box.read_definition("drink")[0].contests[0].options[0]
        assert (option.label, option.translations) == ("Nesquik", {"de": {"label": "Kakao"}})
        assert LoggedAct.objects.latest("pk").changes["de/q1.nesquik.label"] == ["", "Kakao"]

    def test_comes_too_late_once_the_election_is_open_and_is_not_lost(self, organiser, scheduled):
        fields = typed(load(organiser, scheduled), **{"q1.nesquik.label": "Kakao"})
        open_now(scheduled)
        answer = organiser.post(address(scheduled, "de"), fields)
        assert answer.status_code == 409
        assert "Nothing was saved." in answer.content.decode()
        assert 'value="Kakao"' in answer.content.decode()
        assert texts_of(scheduled) == {}
        assert 'href="?in=' not in organiser.get(address(scheduled, "de")).content.decode()

    def test_says_where_the_ballot_box_does_not_answer(self, organiser, scheduled, unreachable_redis):
        fields = typed(load(organiser, scheduled), title="Getränk?")
        page = organiser.post(address(scheduled, "de"), fields, follow=True).content.decode()
        assert "Saved here, but not published" in page
        assert texts_of(scheduled) == {"title": "Getränk?"}

    def test_of_more_texts_than_a_form_can_have_is_sent_to_the_file(self, organiser, draft, monkeypatch):
        monkeypatch.setattr("office.language_pages.MOST_FIELDS", 3)
        page = organiser.get(address(draft, "de")).content.decode()
        assert "Save it as a file" in page
        assert "<textarea" not in page


class TestTwoOrganisers:
    def test_both_edits_stand_where_they_are_of_different_texts(self, organiser, draft):
        mine = typed(load(organiser, draft), title="Versammlung")
        theirs = typed(load(organiser, draft), **{"q1.si.label": "Ja"})
        organiser.post(address(draft, "de"), theirs)
        organiser.post(address(draft, "de"), mine)
        assert texts_of(draft) == {"title": "Versammlung", "q1.si.label": "Ja"}

    def test_both_texts_are_shown_where_they_are_of_one(self, organiser, draft):
        mine = typed(load(organiser, draft), title="Versammlung")
        organiser.post(address(draft, "de"), typed(load(organiser, draft), title="Treffen"))
        answer = organiser.post(address(draft, "de"), mine)
        assert answer.status_code == 400
        assert "to “Treffen”" in answer.content.decode()
        assert 'value="Versammlung"' in answer.content.decode()
        again = mine | {"base": answer.context["form"]["base"].value()}
        organiser.post(address(draft, "de"), again)
        assert texts_of(draft)["title"] == "Versammlung"

    def test_a_text_that_somebody_has_taken_off_the_paper_is_left_out(self, organiser, draft):
        mine = typed(load(organiser, draft), **GERMAN)
        draft.contests.get().options.filter(key="no").delete()
        organiser.post(address(draft, "de"), mine)
        assert "q1.no.label" not in texts_of(draft)
        assert texts_of(draft)["q1.si.label"] == "Ja"

    def test_an_edit_of_the_paper_leaves_its_translations(self, organiser, draft):
        organiser.post(address(draft, "de"), typed(load(organiser, draft), **GERMAN))
        page = reverse("admin:polls_election_change", args=[draft.pk])
        form = loaded_form(organiser, draft, **{"contests-0-option_lines": "No\nSí\nQuizás"})
        assert organiser.post(page, form).status_code == 302
        paper = Paper.of(Election.objects.get())
        assert paper.language == "es"
        assert find_translated(paper, "de") == GERMAN
        assert [option.key for option in paper.contests[0].options] == ["no", "si", "quizas"]

    def test_an_edit_of_a_text_that_is_translated_asks_to_look_at_that_too(self, organiser, draft):
        page = reverse("admin:polls_election_change", args=[draft.pk])
        answers = [
            organiser.post(page, loaded_form(organiser, draft, **changes), follow=True).content.decode()
            for changes in ({"title": "Junta"}, {"description": "Hoy."}, {"contests-0-title": "¿Sí?"})
        ]
        assert ["Look at the translations, too" in answer for answer in answers] == [True, False, False]


class TestKeptForm:
    def test_shows_what_was_typed_at_its_place(self):
        assert tell_typed([("text:q1.title", "Ziehen wir um?")]) == [("Text of “q1.title”", "Ziehen wir um?")]


class TestRemoving:
    def test_asks_first_and_then_takes_one_language_away(self, organiser, draft):
        page = organiser.post(address(draft, "eu"), {"remove": "1"}).content.decode()
        assert "Take \u2068Euskara\u2069 off the paper?" in page
        assert texts_of(draft, "eu")
        organiser.post(address(draft, "eu"), {"remove": "yes", "sure": "yes"})
        assert Paper.of(Election.objects.get()).languages == ("es",)


class TestOwnLanguage:
    def test_is_chosen_in_the_form_of_the_paper(self, organiser, draft):
        page = reverse("admin:polls_election_change", args=[draft.pk])
        assert '<option value="es" selected>Español' in organiser.get(page).content.decode()
        Election.objects.update(translations={})
        organiser.post(page, loaded_form(organiser, draft, language="gl"))
        assert Election.objects.get().language == "gl"

    @pytest.mark.parametrize("language", ["", "eu"])
    def test_stays_said_and_another_one_while_there_are_translations(self, organiser, draft, language):
        page = reverse("admin:polls_election_change", args=[draft.pk])
        answer = organiser.post(page, loaded_form(organiser, draft, language=language))
        assert "it has to say its own, which is none of these: Euskara" in answer.content.decode()
        assert Election.objects.get().language == "es"

    def test_stays_where_a_form_of_before_does_not_have_it(self, organiser, draft):
        form = loaded_form(organiser, draft, title="Otra")
        del form["language"]
        organiser.post(reverse("admin:polls_election_change", args=[draft.pk]), form)
        assert (Election.objects.get().title, Election.objects.get().language) == ("Otra", "es")


class TestChecklist:
    def test_tells_the_languages_and_warns_of_gaps(self, draft):
        found = check(draft, timezone.now())
        assert ("Written in", "Español, Euskara") in found.facts
        gaps = "In \u2068Euskara\u2069 4 texts are missing, the first is “\u2068¿Nos mudamos?\u2069”"
        assert any(gaps in one for one in found.odd)

    def test_is_another_after_an_edit_of_a_translation(self, draft):
        before = check(draft, timezone.now()).fingerprint
        draft.translations = {"eu": {"title": "Bilera"}}
        assert check(draft, timezone.now()).fingerprint != before


class TestPreview:
    @pytest.mark.parametrize(("language", "title"), [("eu", "Batzarra"), ("es", "Asamblea"), ("fr", "Asamblea")])
    @pytest.mark.parametrize("of", ["ballot", "results"])
    def test_is_in_each_language(self, organiser, draft, of, language, title):
        page = organiser.get(address(draft, page=f"preview_{of}") + f"?language={language}").content.decode()
        assert f">{title}</h1>" in page
        assert "?language=eu" in page

    def test_leads_on_in_its_language(self, organiser, draft):
        page = organiser.get(address(draft, page="preview") + "?language=eu").content.decode()
        assert page.count('/?language=eu" title=') == 2
        assert "of=results&amp;language=eu" in page

    def test_comes_back_with_an_error_in_its_language(self, organiser, draft):
        page = address(draft, page="preview_ballot") + "?language=eu"
        answer = organiser.post(page, {"q1": ""})
        assert "Batzarra" in answer.content.decode()


class TestFile:
    def test_keeps_the_languages_of_a_paper(self, organiser, draft):
        organiser.post(address(draft, "de"), typed(load(organiser, draft), **GERMAN))
        saved = json.loads(organiser.get(address(draft, page="export")).content)
        copy = make_draft(saved)
        assert Paper.of(copy) == Paper.of(Election.objects.get(pk=draft.pk))
