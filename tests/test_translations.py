"""The catalogues: what they cover is translated, and what is loaded is what was written."""

import gettext
import io
import string
import struct
from functools import cache
from pathlib import Path

import django
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.utils import translation
from django.utils.translation import get_language_info
from django.utils.translation import template as template_messages

from voting_site.languages import VOTERS_SEE, find_languages
from voting_site.management.commands.makemessages import count_missing

PROJECT = Path(__file__).resolve().parent.parent
LANGUAGES = sorted(path.parent.parent.name for path in PROJECT.glob("locale/*/LC_MESSAGES/django.po"))
PACKAGES = ("tabulation", "pages", "polls", "tally", "results", "office", "signin", "voting_site")
REMEDY = "run `manage.py makemessages -l LANGUAGE`, translate what is new, then `manage.py compilemessages -l LANGUAGE`"
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}

Key = tuple[str | None, str | tuple[str, ...]]


def as_list(text: str | list[str] | tuple[str, ...]) -> list[str]:
    """Return the forms of a text; one that has no plural has one."""
    return [text] if isinstance(text, str) else list(text)


def key(message: Message) -> Key:
    # Babel reads contexts from compiled catalogues as bytes.
    context = message.context.decode() if isinstance(message.context, bytes) else message.context
    return context, tuple(message.id) if isinstance(message.id, list | tuple) else message.id


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def written(language: str) -> Catalog:
    with (PROJECT / f"locale/{language}/LC_MESSAGES/django.po").open("rb") as file:
        return read_po(file, locale=language)


@pytest.fixture(scope="module")
def compiled(language: str) -> Catalog:
    with (PROJECT / f"locale/{language}/LC_MESSAGES/django.mo").open("rb") as file:
        return read_mo(file)


@pytest.fixture(scope="module")
def covered(language: str, written: Catalog) -> list[Message]:
    """The texts that a catalogue has to translate: all, or those on the pages of voters."""
    if language in dict(find_languages(PROJECT / "locale", with_office=True)):
        return [message for message in written if message.id]
    return [
        message for message in written if any(str(path).startswith(VOTERS_SEE) for path, _line in message.locations)
    ]


@cache
def texts_in_source() -> set[Key]:
    """Return what the code and the templates give to be translated."""
    found: set[Key] = set()
    for package in PACKAGES:
        for path in sorted((PROJECT / package).rglob("*")):
            if path.suffix in (".html", ".txt"):
                source = template_messages.templatize(path.read_text(), origin=str(path))
            elif path.suffix == ".py":
                source = path.read_text()
            else:
                continue
            for _line, text, _comments, context in extract("python", io.BytesIO(source.encode()), KEYWORDS):
                found.add((context, text))
    return found


def placeholders(text: str) -> list[str]:
    """Return the names in a text that stand for values, in either of Python's styles, sorted."""
    names: list[str] = []

    class Recorder(dict[str, int]):
        def __getitem__(self, name: str) -> int:
            names.append(f"%({name})")
            return 0

    text % Recorder()
    names += [f"{{{name}}}" for _text, name, _spec, _conversion in string.Formatter().parse(text) if name]
    return sorted(names)


class TestCatalogue:
    def test_has_each_text_of_the_source_and_no_other(self, written: Catalog) -> None:
        listed = {key(message) for message in written if message.id}
        source = texts_in_source()
        assert len(source) > 100
        assert (source - listed, listed - source) == (set(), set()), REMEDY

    def test_translates_each_text_that_it_covers(self, covered: list[Message]) -> None:
        assert len(covered) > 100
        assert [one.id for one in covered if one.fuzzy or not all(as_list(one.string))] == []

    def test_keeps_the_places_for_values(self, written: Catalog) -> None:
        for message in written:
            if not message.id or not (message.python_format or message.python_brace_format):
                continue
            allowed = [placeholders(text) for text in as_list(message.id)]
            # A form for one, or for two, may say the number in words.
            if message.pluralizable:
                allowed += [names[:place] + names[place + 1 :] for names in allowed for place in range(len(names))]
            assert [text for text in as_list(message.string) if text and placeholders(text) not in allowed] == []

    def test_has_the_plural_forms_that_the_language_has(self, language: str, written: Catalog) -> None:
        with (Path(django.__file__).parent / f"conf/locale/{language}/LC_MESSAGES/django.mo").open("rb") as file:
            rule = gettext.GNUTranslations(file).info()["plural-forms"]
        headers = dict(written.mime_headers)
        assert headers["Plural-Forms"].strip(" ;").replace(" ", "") == rule.strip(" ;").replace(" ", "")
        counted = [message for message in written if message.pluralizable]
        assert {len(as_list(message.string)) for message in counted} == {written.num_plurals}

    def test_is_compiled_as_written(self, written: Catalog, compiled: Catalog) -> None:
        def texts(catalog: Catalog) -> dict[Key, list[str]]:
            return {
                key(message): as_list(message.string)
                for message in catalog
                if message.id and any(message.string) and not message.fuzzy
            }

        assert texts(compiled) == texts(written), REMEDY


class TestLanguages:
    def test_are_those_of_the_catalogues_under_their_own_names(self) -> None:
        assert [code for code, _name in find_languages(PROJECT / "locale", with_office=False)] == sorted(
            ["en", *LANGUAGES], key=lambda code: get_language_info(code)["name_local"].casefold()
        )

    def test_are_one_file_each(self, tmp_path: Path) -> None:
        for language, header in (("eu", b"Language: eu\n"), ("he", b"X-Urna-Pages: voters\n")):
            path = tmp_path / language / "LC_MESSAGES/django.mo"
            path.parent.mkdir(parents=True)
            # One text, the header: magic number, version, number of texts, and where originals and translations are.
            places = struct.pack("<11I", 0x950412DE, 0, 1, 28, 36, 0, 44, 0, 44, len(header), 45)
            path.write_bytes(places + b"\0" + header + b"\0")
        with translation.override("es"):
            assert [(code, str(name)) for code, name in find_languages(tmp_path, with_office=False)] == [
                ("eu", "Vasco"), ("en", "Inglés"), ("he", "Hebreo"),
            ]  # fmt: skip
        assert [code for code, _name in find_languages(tmp_path, with_office=True)] == ["eu", "en"]


def test_makemessages_counts_what_is_not_translated(tmp_path: Path) -> None:
    path = tmp_path / "django.po"
    path.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        '#: polls/methods/stv/__init__.py\nmsgid "Seat"\nmsgstr ""\n\n'
        '#: office/acts.py\nmsgid "Act"\nmsgstr ""\n\n'
        '#: office/acts.py\n#, fuzzy\nmsgid "Log"\nmsgstr "Registro"\n\n'
        '#: pages/apps.py\nmsgid "Page"\nmsgstr "Página"\n'
    )
    assert (count_missing(path), count_missing(path, *VOTERS_SEE)) == (3, 1)
