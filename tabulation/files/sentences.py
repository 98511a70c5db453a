"""Sentences for people about a file, which whoever shows them can translate."""

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


class InvalidFile(ValueError):
    """A file that cannot be read or counted; `line` is where, None if it is no matter of one line."""

    def __init__(self, template: str, line: int | None = None, **values: object) -> None:
        self.reason = Sentence(template, **values)
        self.line = line
        super().__init__(str(self.reason) if line is None else f"line {line}: {self.reason}")


class NotWritable(ValueError):
    """Content that a format cannot hold; `reason` says why."""

    def __init__(self, template: str, **values: object) -> None:
        self.reason = Sentence(template, **values)
        super().__init__(str(self.reason))
