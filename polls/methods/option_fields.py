"""Form fields that say something of one option each: `q1:<key>=<rank>` or `q1:<key>=<score>`."""

from collections.abc import Iterable, Mapping

from django.http import QueryDict
from django.utils.translation import gettext as _

from .base import ContestOnBallot, InvalidMarking

# Of what somebody has typed, a sentence repeats so many characters.
_REPEATED = 20


def labels_of(contest: ContestOnBallot) -> dict[str, str]:
    """Return the labels of the options by key, in ballot order."""
    return {option.key: option.label for option in contest.options}


def read(values: Iterable[str], form: QueryDict, contest: ContestOnBallot) -> dict[str, str]:
    """Return what a form says of each option, in ballot order, without those of which it says nothing.

    `values` are those of the field that is named like the contest: here it has none. Raises InvalidMarking.
    """
    prefix = f"{contest.key}:"
    named = {name.removeprefix(prefix) for name in form if name.startswith(prefix)}
    if any(values) or named - set(contest.keys):
        raise InvalidMarking(_("The form marks an option that is not on this ballot. Mark those that are shown."))
    given = {}
    for key, label in labels_of(contest).items():
        texts = {text.strip() for text in form.getlist(prefix + key)} - {""}
        if len(texts) > 1:
            raise InvalidMarking(_("“%(option)s” is marked twice. Mark it once.") % {"option": label})
        given.update(dict.fromkeys([key] if texts else [], "".join(texts)))
    return given


def read_again(form: QueryDict, contest: ContestOnBallot, allowed: Mapping[str, int]) -> dict[str, int]:
    """Return what a form says of each option, as far as a fresh form can show it: only what is `allowed`."""
    given = {key: form.get(f"{contest.key}:{key}", "").strip() for key in contest.keys}
    return {key: allowed[text] for key, text in given.items() if text in allowed}


def shorten(text: str) -> str:
    """Return the beginning of what somebody has typed, for a sentence."""
    return text if len(text) <= _REPEATED else f"{text[:_REPEATED]}…"
