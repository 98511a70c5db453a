"""What is wrong with a file, or cannot be written into one, in sentences that whoever shows them can translate."""

from ..sentences import Sentence


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
