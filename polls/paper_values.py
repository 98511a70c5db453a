"""Single values of a paper in JSON: each is read, or refused with a sentence that says where it stands."""

import base64
import binascii
import datetime as dt
import io
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from pages.colours import read_colour

from .design import MOST_TRANSLATIONS
from .emoji import is_emoji
from .labels import LONGEST_EMOJI, LONGEST_KEY, LONGEST_LANGUAGE
from .models import validate_key, validate_language
from .redrawing import redraw_picture


class BadPaper(ValidationError):
    """A paper that cannot become an election; the message says which part is wrong, and what to do."""


def require_mapping(value: Any, names: frozenset[str], where: str) -> None:
    if not isinstance(value, Mapping):
        raise BadPaper(_("%(where)s has to be an object with names and values.") % {"where": where})
    if unknown := sorted(value.keys() - names):
        raise BadPaper(
            _("%(where)s has %(name)r, which is not known. Known are: %(known)s.")
            % {"where": where, "name": unknown[0], "known": ", ".join(sorted(names))}
        )


def require_key(key: Any, taken: set[str], where: str) -> None:
    if not isinstance(key, str) or len(key) > LONGEST_KEY:
        raise BadPaper(_("The key %(key)r of %(where)s is too long, or no text.") % {"key": key, "where": where})
    validate_key(key)
    if key in taken:
        raise BadPaper(_("The key “%(key)s” of %(where)s is there twice.") % {"key": key, "where": where})
    taken.add(key)


def read_text(value: Mapping[str, Any], name: str, where: str, longest: int) -> str:
    text = value.get(name)
    if not isinstance(text, str) or not text.strip():
        raise BadPaper(_("%(where)s has no “%(name)s”. Write one.") % {"where": where, "name": name})
    return read_optional_text(value, name, where, longest)


def read_optional_text(value: Mapping[str, Any], name: str, where: str, longest: int) -> str:
    text = value.get(name, "")
    if not isinstance(text, str) or "\0" in text:
        raise BadPaper(_("The “%(name)s” of %(where)s has to be a text.") % {"name": name, "where": where})
    if len(text) > longest:
        raise BadPaper(
            _("The “%(name)s” of %(where)s has more than %(most)d characters. Shorten it.")
            % {"name": name, "where": where, "most": longest}
        )
    return text


def read_boolean(value: Mapping[str, Any], name: str, where: str) -> bool:
    given = value.get(name, False)
    if not isinstance(given, bool):
        raise BadPaper(_("“%(name)s” of %(where)s has to be true or false.") % {"name": name, "where": where})
    return given


def read_time(value: Mapping[str, Any], name: str) -> dt.datetime | None:
    text = value.get(name)
    if text is None:
        return None
    try:
        moment = parse_datetime(text) if isinstance(text, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadPaper(
            _("“%(name)s” is %(value)r. Write a time with its offset, as 2026-11-25T20:00:00+01:00.")
            % {"name": name, "value": text}
        )
    return moment


def read_language(paper: Mapping[str, Any]) -> str:
    """Return the code of the language of a paper's own texts, "" where it does not say it."""
    language = paper.get("language", "")
    if language:
        _require_language(language, _("the paper"))
    return str(language)


def read_emoji(option: Mapping[str, Any], where: str) -> str:
    """Return the emoji of an option, "" for none."""
    emoji = read_optional_text(option, "emoji", where, LONGEST_EMOJI)
    if emoji and not is_emoji(emoji):
        raise BadPaper(_("The “emoji” of %(where)s is not one emoji. Write one, or leave it out.") % {"where": where})
    return emoji


def read_option_colour(option: Mapping[str, Any], where: str) -> str:
    """Return the colour of an option in small letters, "" for none."""
    colour = option.get("colour", "")
    try:
        if colour != "":
            read_colour(colour if isinstance(colour, str) else "")
    except ValueError as error:
        raise BadPaper(_("The “colour” of %(where)s is no colour. Write it as #0a5d4d.") % {"where": where}) from error
    return str(colour).lower()


def read_picture(option: Mapping[str, Any], where: str) -> bytes | None:
    """Return the picture of an option, drawn anew, None for none."""
    uri = option.get("picture", "")
    if uri == "":
        return None
    try:
        kind, comma, encoded = uri.partition(",") if isinstance(uri, str) else ("", "", "")
        if not (comma and kind.startswith("data:image/") and kind.endswith(";base64")):
            raise BadPaper(_("It has to be a data URI with a PNG, JPEG or WebP file in base64."))
        content = base64.b64decode(encoded, validate=True)
        return redraw_picture(io.BytesIO(content), len(content))
    except (ValidationError, binascii.Error) as problem:
        reason = " ".join(problem.messages) if isinstance(problem, ValidationError) else str(problem)
        raise BadPaper(
            _("The “picture” of %(where)s cannot be taken. %(reason)s") % {"where": where, "reason": reason}
        ) from problem


def read_translations(
    part: Mapping[str, Any], names: Mapping[str, int], language: str, where: str
) -> dict[str, dict[str, str]]:
    """Return the texts of a part in other languages than `language`, the paper's own, without those that say nothing.

    `names` are the texts that the part has, each with its most characters.
    """
    translations = part.get("translations", {})
    known = frozenset(names)
    if not isinstance(translations, Mapping):
        raise BadPaper(_("The “translations” of %(where)s have to be an object.") % {"where": where})
    if len(translations) > MOST_TRANSLATIONS:
        raise BadPaper(
            _("%(where)s has more than %(most)d translations. Take some away.")
            % {"where": where, "most": MOST_TRANSLATIONS}
        )
    if translations and not language:
        raise BadPaper(_("%(where)s is translated, so the paper needs its own “language”. Add it.") % {"where": where})
    read = {}
    for code, texts in translations.items():
        _require_language(code, where)
        if code == language:
            raise BadPaper(
                _("%(where)s is translated into “%(code)s”, the paper's own language. Take that away.")
                % {"where": where, "code": code}
            )
        place = _("the translation “%(code)s” of %(where)s") % {"code": code, "where": where}
        require_mapping(texts, known, place)
        said = {name: read_optional_text(texts, name, place, most) for name, most in names.items()}
        read[code] = {name: text for name, text in said.items() if text}
    return {code: texts for code, texts in read.items() if texts}


def _require_language(code: Any, where: str) -> None:
    try:
        # The validator takes whatever can be written, and no text that is too long for the column.
        validate_language(code if isinstance(code, str) and len(code) <= LONGEST_LANGUAGE else "")
    except ValidationError as problem:
        raise BadPaper(
            _("%(where)s has the language %(code)r. %(problem)s")
            % {"where": where, "code": code, "problem": problem.messages[0]}
        ) from problem
