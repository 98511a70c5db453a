"""Sentences for people, which whoever shows them can translate."""

from collections.abc import Mapping


def gettext_noop(text: str) -> str:
    """Mark a text for translation, and return it as it is."""
    return text


class Sentence:
    """A template in English and its values: translate the template, then put in the values."""

    def __init__(self, template: str, **values: object) -> None:
        self.template = template
        self.values: Mapping[str, object] = values

    def __str__(self) -> str:
        return self.template % self.values
