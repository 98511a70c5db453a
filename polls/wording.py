"""A paper in several languages: in which it is written, and how it reads in each of them.

A paper says in which language its texts are; its `translations`, and those of its contests and options, have the other
languages. A text that is missing in one of them is shown in the paper's own language. So each text says in which
language it is, for its `lang` in HTML.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Self, TypeVar

from django.conf.locale import LANG_INFO
from django.utils.text import capfirst

from .labels import find_equal
from .methods import ContestOnBallot, OptionOnBallot

Part = TypeVar("Part")


class Worded(str):
    """A text of a paper that says in which language it is."""

    language: str

    def __new__(cls, text: str, language: str = "") -> Self:
        made = super().__new__(cls, text)
        made.language = language
        return made


class InLanguages:
    """What has the fields of a paper, and can be read in each of its languages."""

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Return the languages in which there is any text, the paper's own first; none if it does not say its own."""
        whole: Any = self
        if not whole.language:
            return ()
        translations = (one for _, part in parts_of(self) for one in part.translations.items())
        others = {code for code, texts in translations if any(texts.values())}
        return (whole.language, *sorted(others - {whole.language}))

    def in_language(self, language: str) -> Self:
        """Return this as it reads in one of its languages; as it is, if it does not say its own."""
        if language not in self.languages:
            return self
        if language not in self._read:
            self._read[language] = read_in(self, language)
        return self._read[language]

    @cached_property
    def _read(self) -> dict[str, Self]:
        return {}


def parts_of(paper: Any) -> Iterator[tuple[str, Any]]:
    """Yield a paper, its contests and its options, each with what the names of its places begin with."""
    yield "", paper
    for contest in paper.contests:
        yield f"{contest.key}.", contest
        for option in contest.options:
            yield f"{contest.key}.{option.key}.", option


def names_in(part: Any) -> tuple[str, str]:
    """Return the names of the texts of a paper, a contest or an option."""
    return ("label" if isinstance(part, OptionOnBallot) else "title"), "description"


def find_texts(paper: Any) -> dict[str, str]:
    """Return the texts of a paper in its own language by their places, without those that are empty.

    A place is `title`, `q1.title` or `q1.nesquik.label`, as in `mending`.
    """
    return {
        beginning + name: text
        for beginning, part in parts_of(paper)
        for name in names_in(part)
        if (text := getattr(part, name))
    }


def find_translated(paper: Any, language: str) -> dict[str, str]:
    """Return the texts of a paper in another language by their places, as far as there are any."""
    return {
        beginning + name: text
        for beginning, part in parts_of(paper)
        for name in names_in(part)
        if (text := part.translations.get(language, {}).get(name))
    }


def find_gaps(paper: Any, language: str) -> list[str]:
    """Return the places of a paper whose text is missing in a language."""
    translated = find_translated(paper, language)
    return [place for place in find_texts(paper) if place not in translated]


def with_translated(paper: Part, language: str, texts: Mapping[str, str]) -> Part:
    """Return a paper that has exactly these texts in a language, by their places; without it if all are empty."""

    def put(part: Any, beginning: str, **more: Any) -> Any:
        kept = {name: text for name in names_in(part) if (text := texts.get(beginning + name))}
        others = {code: those for code, those in part.translations.items() if code != language}
        return replace(part, translations=others | ({language: kept} if kept else {}), **more)

    def put_contest(contest: ContestOnBallot) -> Any:
        options = tuple(put(option, f"{contest.key}.{option.key}.") for option in contest.options)
        return put(contest, f"{contest.key}.", options=options)

    whole: Any = paper
    return put(whole, "", contests=tuple(map(put_contest, whole.contests)))


def read_in(paper: Part, language: str) -> Part:
    """Return a paper with each text in a language, or in the paper's own one where it is missing in that."""
    whole: Any = paper

    def read(part: Any, **more: Any) -> Any:
        translated = {} if language == whole.language else part.translations.get(language, {})
        texts = {
            name: Worded(translated[name], language)
            if translated.get(name)
            else Worded(getattr(part, name), whole.language)
            for name in names_in(part)
        }
        return replace(part, **texts, **more)

    return read(whole, contests=tuple(read(one, options=tuple(map(read, one.options))) for one in whole.contests))


def find_equal_labels(paper: InLanguages, languages: Iterable[str]) -> tuple[str, str] | None:
    """Return the first two labels that look the same to voters who read a paper in one of these languages, or None."""
    for language in languages:
        whole: Any = paper.in_language(language)
        for contest in whole.contests:
            if equal := find_equal(option.label for option in contest.options):
                return equal
    return None


# What Django's list has in English alone.
_OWN_NAMES = {"eu": "euskara", "km": "ខ្មែរ", "kn": "ಕನ್ನಡ", "mn": "монгол", "pa": "ਪੰਜਾਬੀ"}


def list_languages(*others: str) -> list[tuple[str, str]]:
    """Return the languages that a form offers, each with its name for itself, in the order of these.

    `others` are there as well: a paper from a file may be in languages that are not offered.
    """
    codes = {code for code, about in LANG_INFO.items() if "name_local" in about} | set(others) - {""}
    return sorted(((code, name_language(code)) for code in codes), key=lambda one: one[1].casefold())


def name_language(code: str) -> str:
    """Return the name of a language for itself; its code, if it is not known."""
    about: Mapping[str, Any] = LANG_INFO.get(code.lower(), {})
    name = _OWN_NAMES.get(code) or about.get("name_local")
    return str(capfirst(name)) if name else code
