"""The log of acts in words: what an act has changed, under the names by which people know it."""

from collections.abc import Iterable

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _

from polls.life import State
from polls.models import Election

from .models import LoggedAct, MemberRole

# Characters of one value: the hash of a paper is known by its beginning.
LONGEST_VALUE, LONGEST_HASH = 200, 8


def tell_changes(act: LoggedAct) -> str:
    """Return each field that has changed with its old and its new value; a member is named by user name."""
    return "; ".join(
        f"{_name(act, name)}: {_in_words(name, old)} → {_in_words(name, new)}"
        for name, (old, new) in act.changes.items()
    )


def with_changes(acts: Iterable[LoggedAct]) -> list[tuple[LoggedAct, str]]:
    """Return acts, each with what it has changed."""
    return [(act, tell_changes(act)) for act in acts]


def _name(act: LoggedAct, name: str) -> str:
    if name == "design":
        return _("Paper")
    fields = {field.name: field.verbose_name for field in Election._meta.fields} if act.election else {}
    # What is no field is the place of a text on the paper, a member, or a part of a look.
    return str(capfirst(fields[name])) if name in fields else name


def _in_words(name: str, value: str | None) -> str:
    if not value:
        return "–"
    if name.endswith("_at") and (moment := parse_datetime(value)):
        return date_format(timezone.localtime(moment), "DATETIME_FORMAT")
    if name == "state" and value in State.values:
        return str(State(value).label)
    if name == "design":
        return value[:LONGEST_HASH]
    words = {"True": _("yes"), "False": _("no"), **dict(MemberRole.choices)}
    return str(words.get(value, Truncator(value).chars(LONGEST_VALUE)))
