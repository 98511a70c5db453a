"""How far a paper is written in each of its languages."""

from dataclasses import dataclass

from polls.design import Paper
from polls.wording import find_gaps, find_texts, name_language


@dataclass(frozen=True)
class LanguageState:
    """How far a paper is written in a language: of all its texts, how many are there."""

    code: str
    name: str
    written: int
    of: int

    @property
    def missing(self) -> int:
        return self.of - self.written


def judge_languages(paper: Paper) -> list[LanguageState]:
    """Return how far a paper is written in each of its languages, its own first."""
    whole = len(find_texts(paper))
    states = [LanguageState(paper.language, name_language(paper.language), whole, whole)] if paper.language else []
    for code in paper.languages[1:]:
        states.append(LanguageState(code, name_language(code), whole - len(find_gaps(paper, code)), whole))
    return states
