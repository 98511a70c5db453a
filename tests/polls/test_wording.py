"""A paper in several languages, field by field."""

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from polls.design import MOST_TRANSLATED, Paper
from polls.methods import InvalidRules, OptionOnBallot
from polls.wording import (
    Worded,
    find_equal_labels,
    find_gaps,
    find_texts,
    find_translated,
    list_languages,
    name_language,
    with_translated,
)
from tests.conftest import contest

YES = OptionOnBallot("yes", "Sí", translations={"de": {"label": "Ja"}, "ar": {"label": "نعم"}})
NO = OptionOnBallot("no", "No", "Como hasta ahora", translations={"de": {"label": "Nein"}})
QUESTION = replace(contest(title="¿Nos mudamos?", options=()), options=(YES, NO))
PAPER = Paper(
    "Asamblea",
    "Una vez al año",
    False,
    (QUESTION,),
    language="es",
    translations={"de": {"title": "Versammlung"}, "ar": {"title": "الجمعية"}, "fr": {"title": ""}},
)


def read(language: str, paper: Paper = PAPER) -> dict[str, tuple[str, str]]:
    """Return each text of a paper in a language with the language that it says it is in."""
    texts: Any = find_texts(paper.in_language(language))
    return {place: (str(text), text.language) for place, text in texts.items()}


class TestInLanguage:
    def test_falls_back_text_by_text_to_the_own_language_and_says_so(self):
        assert read("de") == {
            "title": ("Versammlung", "de"),
            "description": ("Una vez al año", "es"),
            "q1.title": ("¿Nos mudamos?", "es"),
            "q1.yes.label": ("Ja", "de"),
            "q1.no.label": ("Nein", "de"),
            "q1.no.description": ("Como hasta ahora", "es"),
        }

    def test_says_the_own_language_too(self):
        assert {language for _, language in read("es").values()} == {"es"}

    def test_leaves_a_paper_alone_that_does_not_say_its_own_or_has_no_such_language(self):
        unsaid = replace(PAPER, language="")
        assert unsaid.in_language("de") is unsaid
        assert PAPER.in_language("fr") is PAPER

    def test_keeps_keys_rules_and_design(self):
        translated = PAPER.in_language("ar")
        assert [option.key for option in translated.contests[0].options] == ["yes", "no"]
        assert replace(translated, title=PAPER.title, contests=PAPER.contests) == PAPER

    def test_is_made_once(self):
        assert PAPER.in_language("de") is PAPER.in_language("de")

    def test_can_be_written_like_any_paper(self):
        translated = PAPER.in_language("de")
        assert json.loads(json.dumps(asdict(translated)))["title"] == "Versammlung"


class TestLanguages:
    def test_are_those_with_any_text_the_own_first(self):
        assert PAPER.languages == ("es", "ar", "de")
        assert replace(PAPER, language="").languages == ()

    def test_are_found_on_an_option_alone(self):
        option = replace(NO, translations={"eu": {"label": "Ez"}})
        paper = replace(PAPER, translations={}, contests=(replace(QUESTION, options=(YES, option)),))
        assert paper.languages == ("es", "ar", "de", "eu")

    def test_have_the_names_that_they_have_for_themselves(self):
        names = dict(list_languages("oc", ""))
        assert (names["eu"], names["ca"], names["ar"]) == ("Euskara", "Català", "العربيّة")
        assert "zh-cn" not in names
        assert names["oc"] == name_language("oc") == "oc"
        assert name_language("pt-BR") == "Português Brasileiro"


class TestGaps:
    def test_are_the_texts_that_only_the_own_language_has(self):
        assert find_gaps(PAPER, "de") == ["description", "q1.title", "q1.no.description"]
        assert len(find_gaps(PAPER, "ar")) == 4

    def test_are_all_texts_of_a_language_that_is_not_there(self):
        assert find_gaps(PAPER, "eu") == list(find_texts(PAPER))


class TestWithTranslated:
    def test_puts_exactly_these_texts(self):
        texts = {"q1.title": "Ziehen wir um?", "q1.no.description": "Wie bisher", "title": ""}
        written = with_translated(PAPER, "de", texts)
        assert find_translated(written, "de") == {"q1.title": "Ziehen wir um?", "q1.no.description": "Wie bisher"}
        assert find_translated(written, "ar") == find_translated(PAPER, "ar")

    def test_takes_a_language_away(self):
        assert with_translated(PAPER, "de", {}).languages == ("es", "ar")

    def test_leaves_the_own_texts(self):
        assert find_texts(with_translated(PAPER, "de", {})) == find_texts(PAPER)


class TestEqualLabels:
    def test_are_found_in_each_language(self):
        twin = replace(NO, translations={"de": {"label": "JA"}})
        paper = replace(PAPER, contests=(replace(QUESTION, options=(YES, twin)),))
        assert find_equal_labels(paper, paper.languages) == ("Ja", "JA")
        assert find_equal_labels(PAPER, PAPER.languages) is None

    def test_are_found_between_a_translation_and_a_text_that_stands_for_a_missing_one(self):
        twin = replace(NO, translations={"ar": {"label": "Sí"}})
        yes = replace(YES, translations={})
        paper = replace(PAPER, contests=(replace(QUESTION, options=(yes, twin)),))
        assert find_equal_labels(paper, paper.languages) == ("Sí", "Sí")

    def test_keep_a_paper_from_being_published(self):
        twin = replace(NO, translations={"de": {"label": "JA"}})
        with pytest.raises(InvalidRules, match="“Ja” and “JA” look the same"):
            replace(PAPER, contests=(replace(QUESTION, options=(YES, twin)),)).check()


class TestLimits:
    def test_let_no_paper_be_translated_without_end(self):
        PAPER.check()
        long = "x" * (MOST_TRANSLATED // 20 + 1)
        many = {f"a{letter}": {"description": long} for letter in "abcdefghijklmnopqrst"}
        with pytest.raises(InvalidRules, match="at most 20 translations"):
            replace(PAPER, translations=many).check()
        with pytest.raises(InvalidRules, match="at most 20 translations"):
            replace(PAPER, translations=many | {"aé": {"title": "x"}}).check()


def test_a_worded_text_is_a_text():
    text = Worded("Ja", "de")
    assert (text, text.language, text + "!") == ("Ja", "de", "Ja!")
