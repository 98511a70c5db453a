"""Markings in words: the labels of the ballot in place of keys, for people who compare ballots."""

import re

from django.utils.translation import gettext as _

from polls.methods import ContestOnBallot

# What stands between two options in the markings of all methods: better than, as good as, and also marked.
_BETWEEN = {">": " > ", "=": " = ", ",": ", "}


def tell_marking(marking: str, contest: ContestOnBallot) -> str:
    """Return what a marking of one contest says; what is no key of an option stays as it is."""
    if not marking:
        return _("left blank")
    labels = {option.key: option.label for option in contest.options}
    parts = re.split(r"([>=,])", marking)
    return "".join(_BETWEEN.get(part) or _tell_option(part, labels) for part in parts)


def _tell_option(part: str, labels: dict[str, str]) -> str:
    key, colon, grade = part.partition(":")
    label = labels.get(key, key)
    return f"{label}: {grade}" if colon else label
