"""The list of requirements in docs/security.md: complete, in the standard's order, and with evidence that is there."""

import re
from pathlib import Path

from tests.test_docs import is_there, paths

PROJECT = Path(__file__).resolve().parents[1]
DOCUMENT = (PROJECT / "docs/security.md").read_text()
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split("|"))
    for line in DOCUMENT.splitlines()
    if re.match(r"\| \d+\.\d+\.\d+ \|", line)
]
STATUSES = ("met", "not met", "does not apply")


class TestList:
    def test_is_the_standards(self) -> None:
        # Numbers and levels of ASVS 5.0.0, as published.
        wanted = [tuple(line.split()) for line in (PROJECT / "tests/asvs-5.0.0.txt").read_text().splitlines()]
        assert len(wanted) == 253
        assert [(row[0], row[2]) for row in ROWS] == wanted

    def test_has_known_statuses(self) -> None:
        assert {row[3] for row in ROWS} <= set(STATUSES)

    def test_gives_evidence_or_a_reason_for_each(self) -> None:
        assert [row for row in ROWS if len(row) != 5 or len(row[4]) < 4] == []

    def test_names_evidence_that_is_there(self) -> None:
        assert [(row[0], path) for row in ROWS for path in paths(row[4]) if not is_there(path)] == []

    def test_is_summed_up_as_it_is(self) -> None:
        [told] = re.findall(
            r"Of these (\d+) requirements (\d+) are met, (\d+) are not, and (\d+) do not apply", DOCUMENT
        )
        found = [sum(row[3] == status for row in ROWS) for status in STATUSES]
        assert list(map(int, told)) == [len(ROWS), *found]

    def test_names_no_section_that_is_not_there(self) -> None:
        headings = re.findall(r"^## (.+)$", DOCUMENT, re.MULTILINE)
        named = {name for row in ROWS for name in re.findall(r"[“\"]([^”\"]+)[”\"] above", row[4])}
        assert named
        assert named <= set(headings)
