"""Collect the texts of the source into the catalogues, and say what they lack; needs GNU gettext."""

import gettext
import re
import subprocess
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import makemessages
from django.utils.translation import get_language_info, to_locale

from voting_site.languages import VOTERS_SEE

HEADER = """# {name} translation of Urna.
# Regenerate with `manage.py makemessages -l {language}`, then `manage.py compilemessages -l {locale}`.
msgid ""
msgstr ""
"Project-Id-Version: urna\\n"
"Language: {locale}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"
"""
# Deeper than any folder is.
_DEPTH = 6


class Command(makemessages.Command):
    help = (
        "Collect the texts of the source into the catalogues of languages, in the form in which they are kept, and say "
        "what is missing. A language that has no catalogue gets one, without translations. Then run compilemessages."
    )

    # What is only similar is translated anew: a guess that nobody reads stands in the catalogue like a translation.
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        # One line for each text, and no numbers of lines: otherwise each edit of the source would change the catalogue.
        parser.set_defaults(no_wrap=True, add_location="file", no_obsolete=True)

    def handle(self, *args: Any, **options: Any) -> None:
        paths = {language: _find(language) for language in options["locale"]}
        for language, path in paths.items():
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(_begin(language))
        super().handle(*args, **options)
        for language, path in paths.items():
            path.write_text(_join_locations(path.read_text()))
            whole, voters = count_missing(path), count_missing(path, *VOTERS_SEE)
            self.stdout.write(f"{language}: {whole} texts to translate, {voters} of them on the pages of voters")


def count_missing(path: Path, *places: str) -> int:
    """Return how many texts of a catalogue are not translated, or only guessed; `places` are beginnings of paths."""
    texts = path.read_bytes()
    if places:
        patterns = [f"--location={place}{'*/' * depth}*" for place in places for depth in range(_DEPTH)]
        texts = _run("msggrep", *patterns, texts=texts)
    # Each text has this line, as the header has, which is always there.
    kinds = (_run("msgattrib", "--no-obsolete", kind, texts=texts) for kind in ("--untranslated", "--only-fuzzy"))
    return sum(max(len(re.findall(rb"(?m)^msgid ", found)) - 1, 0) for found in kinds)


def _run(program: str, *arguments: str, texts: bytes) -> bytes:
    return subprocess.run([program, *arguments, "-"], input=texts, check=True, capture_output=True).stdout


def _find(language: str) -> Path:
    return Path(settings.LOCALE_PATHS[0]) / to_locale(language) / "LC_MESSAGES/django.po"


def _begin(language: str) -> str:
    """Return the beginning of a catalogue, with the plural forms that Django's own catalogue has."""
    locale = to_locale(language)
    path = gettext.find("django", str(Path(django.__file__).parent / "conf/locale"), [locale])
    if path is None:
        raise CommandError(f"Django does not know the language {language}. Its codes are like “fr” or “pt-br”.")
    with open(path, "rb") as file:
        plurals = gettext.GNUTranslations(file).info()["plural-forms"]
    return HEADER.format(
        name=get_language_info(language)["name"], language=language, locale=locale, plurals=plurals.strip()
    )


def _join_locations(text: str) -> str:
    """Write the files in which a text is on one line: whether gettext breaks it depends on its release."""
    return re.sub(r"(?m)^#: .*(?:\n#: .*)+", lambda found: found[0].replace("\n#: ", " "), text)
