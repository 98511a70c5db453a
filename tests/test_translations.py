"""The Spanish catalogue: everything is translated, and what is loaded is what was written."""

import io
import string
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.utils.translation import template as template_messages

PROJECT = Path(__file__).resolve().parent.parent
FOLDER = PROJECT / "locale/es/LC_MESSAGES"
PACKAGES = ("tabulation", "pages", "polls", "tally", "results", "office", "signin", "voting_site")
REMEDY = (
    "run `manage.py makemessages -l es --no-wrap --add-location file`, translate what is new, "
    "then `manage.py compilemessages -l es`"
)
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


@pytest.fixture(scope="module")
def written() -> Catalog:
    with (FOLDER / "django.po").open("rb") as file:
        return read_po(file, locale="es")


@pytest.fixture(scope="module")
def compiled() -> Catalog:
    with (FOLDER / "django.mo").open("rb") as file:
        return read_mo(file)


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


class TestSpanish:
    def test_has_each_text_of_the_source_and_no_other(self, written: Catalog) -> None:
        listed = {key(message) for message in written if message.id}
        source = texts_in_source()
        assert len(source) > 100
        assert (source - listed, listed - source) == (set(), set()), REMEDY

    def test_translates_each_text(self, written: Catalog) -> None:
        assert [one.id for one in written if one.fuzzy or not all(as_list(one.string))] == []

    def test_keeps_the_places_for_values(self, written: Catalog) -> None:
        for message in written:
            if not message.id or not (message.python_format or message.python_brace_format):
                continue
            allowed = [placeholders(text) for text in as_list(message.id)]
            assert [text for text in as_list(message.string) if placeholders(text) not in allowed] == []

    def test_is_compiled_as_written(self, written: Catalog, compiled: Catalog) -> None:
        def texts(catalog: Catalog) -> dict[Key, list[str]]:
            return {key(message): as_list(message.string) for message in catalog if message.id}

        assert texts(compiled) == texts(written), REMEDY
