"""Sentences of `tabulation` in the language of the moment."""

from django.utils.translation import gettext

from tabulation.sentences import Sentence


def translate(sentence: Sentence) -> str:
    """Return a sentence in the language of the moment."""
    return gettext(sentence.template) % sentence.values
