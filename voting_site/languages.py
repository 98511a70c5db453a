"""The languages of the pages: those that have a catalogue in locale/, and regional forms whose dates Django knows.

A new language is one file. Settings read this, so it asks no settings (docs/languages.md).
"""

import gettext
from collections.abc import Iterable
from pathlib import Path

import django
from django.conf.locale import LANG_INFO
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.utils.translation.trans_real import parse_accept_lang_header

# That of the source, which needs no catalogue.
SOURCE = "en"
# The header of a catalogue that translates what voters and watchers see, and not the office.
VOTERS_ONLY = ("x-urna-pages", "voters")
# Where their texts are.
VOTERS_SEE = (
    "pages/", "polls/templates/", "polls/methods/", "polls/code_views.py", "polls/error_views.py",
    "polls/first_page.py", "polls/forms.py", "polls/views.py", "results/",
)  # fmt: skip
_DJANGO = Path(django.__file__).parent / "conf/locale"
# Where English is written as in the United States, as CLDR has it; it is written in the British way elsewhere.
_AMERICAN = {"as", "bi", "gu", "mh", "mp", "ph", "pr", "um", "us", "vi"}

Languages = list[tuple[str, str | Promise]]


def find_languages(folder: Path, *, with_office: bool) -> Languages:
    """Return code and name of each language with a compiled catalogue in `folder`, in the order of their own names.

    `with_office` leaves out those that only the pages of voters are translated into.
    """
    codes = [SOURCE]
    for path in folder.glob("*/LC_MESSAGES/django.mo"):
        with path.open("rb") as file:
            header = gettext.GNUTranslations(file).info()
        if not (with_office and header.get(VOTERS_ONLY[0]) == VOTERS_ONLY[1]):
            codes.append(path.parent.parent.name.lower().replace("_", "-"))
    codes.sort(key=lambda code: str(LANG_INFO[code]["name_local"]).casefold())
    return [(code, gettext_lazy(str(LANG_INFO[code]["name"]))) for code in codes]


def with_regions(languages: Languages) -> Languages:
    """Add the regional forms, as en-gb, for which Django has dates and numbers; the texts are those of the language."""
    regions = [
        (path.parent.name.lower().replace("_", "-"), name)
        for code, name in languages
        for path in sorted(_DJANGO.glob(f"{code}_??/formats.py"))
    ]
    return [*languages, *regions]


def choose_region(language: str, wishes: str, known: Iterable[str]) -> str:
    """Return the form of a language in the region that a browser names first for it, `wishes` being its header."""
    for wish, _weight in parse_accept_lang_header(wishes):
        base, *parts = wish.split("-")
        region = next((part for part in parts if len(part) == 2), "")
        if base == language and region:
            if f"{base}-{region}" in known:
                return f"{base}-{region}"
            return "en-gb" if base == "en" and region not in _AMERICAN else language
    return language
