import io
from collections.abc import Sequence

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from office.roll_files.columns import Column
from office.roll_files.layout import Layout, recognise
from office.roll_files.lines import LONGEST_ROW
from office.roll_files.reading import LISTED, Reading, Report
from office.roll_files.records import HEAVIEST, LONGEST, Record

N, G, W, E, M = Column.NAME, Column.GROUP, Column.WEIGHT, Column.EMAIL, Column.MEMBER_NUMBER
ALL = (N, G, W, E, M)


def read(text: str | bytes, columns: Sequence[Column | None] | None = None) -> tuple[list[Record], Report]:
    """Read a list; without titles if `columns` says what the columns are."""
    file = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    layout = recognise(file) if columns is None else Layout("utf-8-sig", ",", 0, tuple(columns))
    reading = Reading(file, layout)
    return list(reading), reading.report


def find_problem(text: str, columns: Sequence[Column | None] = ALL) -> tuple[int, str]:
    """Read a list that has one problem, and return its line and its text."""
    _records, report = read(text, columns)
    assert report.problems.count == 1, report.problems.first
    [problem] = report.problems.first
    return problem.line, problem.text


class TestRecord:
    def test_has_what_the_cells_say(self) -> None:
        records, report = read("Ana,Board;North|South,3,ana@example.org,17\n", ALL)
        assert records == [Record(1, "Ana", ("Board", "North", "South"), 3, "ana@example.org", "17")]
        assert (report.lines, report.voters, report.problems.count) == (1, 1, 0)

    def test_has_weight_1_and_nothing_else_where_cells_are_empty(self) -> None:
        assert read("Ana,,,,\n", ALL)[0] == [Record(1, "Ana")]

    def test_does_not_keep_what_is_not_needed(self) -> None:
        assert read("Ana,12 Long Street,17\n", (N, None, M))[0] == [Record(1, "Ana", member_number="17")]

    def test_joins_first_name_and_surname(self) -> None:
        records, _report = read("Apellidos;Nombre\nNúñez Pérez;María\n")
        assert records == [Record(2, "María Núñez Pérez")]

    def test_may_have_a_member_number_instead_of_a_name(self) -> None:
        assert read(",,,,17\n", ALL)[0] == [Record(1, member_number="17")]

    @pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-x", "@sum"])
    def test_keeps_a_formula_as_text(self, name: str) -> None:
        assert read(f"{name}\n'{name}\n", (N,))[0] == [Record(1, name), Record(2, name)]

    def test_has_a_tidy_name(self) -> None:
        records, _report = read("\u202a  Jose\u0301 \xa0 Rami\u0301rez\u202c\n", (N,))
        assert records == [Record(1, "José Ramírez")]


class TestProblem:
    @pytest.mark.parametrize("weight", ["0", "-1", "1.5", '"1,5"', "many", str(HEAVIEST + 1), "9" * 5000, "١"])
    def test_of_a_weight(self, weight: str) -> None:
        line, text = find_problem(f"Ana,,1,,1\nBea,,{weight},,2\nCarl,,2,,3\n")
        assert line == 2
        assert "whole number from 1 to 1000000" in text
        assert len(text) < 200

    def test_of_a_voter_without_name_and_number(self) -> None:
        assert find_problem("Ana,,,,1\n,Board,,,\n")[0] == 2

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("a" * (LONGEST[N] + 1) + ",,,,1\n", "The name has 201 characters; it may have 200"),
            ("Ana," + "g" * (LONGEST[G] + 1) + ",,,1\n", "The group has 101 characters"),
            ("Ana," + "|".join(map(str, range(21))) + ",,,1\n", "21 groups"),
            ("A\x07na,,,,1\n", "cannot be shown"),
            ('"A\nna",,,,1\n', "over several lines"),
            ("Ana,,,nobody,1\n", "“nobody” is no e-mail address"),
            ("Ana,,,1\n", "4 cells for 5 columns. Add"),
            ("Ana,,,,1,2\n", "6 cells for 5 columns. Put quotation marks"),
            ('"Ana" Bea,,,,1\n', "quotation marks do not match"),
            ('"Ana,,,,1\n', "quotation marks do not match"),
            ("Ana" * LONGEST_ROW + ",,,,1\n", "longer than 10000"),
            ("An\N{REPLACEMENT CHARACTER}a,,,,1\n", "cannot be read"),
        ],
    )
    def test_says_why_and_in_which_line(self, text: str, reason: str) -> None:
        line, found = find_problem("Bea,,,,2\n\n" + text)
        assert line == 3
        assert reason in found

    def test_does_not_swallow_the_lines_that_follow(self) -> None:
        records, report = read('Ana,1\n"Bea,2\nCarl,3\nDora,4\n', (N, M))
        assert [record.name for record in records] == ["Ana", "Carl", "Dora"]
        assert [problem.line for problem in report.problems.first] == [2]

    def test_of_two_lines_that_a_pair_of_broken_quotes_joins(self) -> None:
        """Otherwise three voters would become one, and nobody would notice."""
        records, report = read('Ana,1\n"Bea,2\nCarl,3\nDora",4\n', (N, M))
        assert [record.name for record in records] == ["Ana"]
        assert [problem.line for problem in report.problems.first] == [2]

    def test_of_equal_member_numbers_and_addresses_names_both_lines(self) -> None:
        _records, report = read("Ana,,,a@x.org,A1\nBea,,,b@x.org,2\nCarl,,,A@x.org,a1\n", ALL)
        assert [(one.line, one.text.split(".")[0]) for one in report.problems.first] == [
            (3, "It has the same e-mail address as line 1"),
            (3, "It has the same member number as line 1"),
        ]

    def test_is_listed_a_hundred_times_and_counted_to_the_end(self) -> None:
        _records, report = read("".join(f"Ana {n},,0,,\n" for n in range(300)) + "A,,,,7\n" * 50, ALL)
        assert report.problems.count == 349
        assert [problem.line for problem in report.problems.first] == [*range(1, LISTED + 1)]

    def test_is_told_in_spanish(self) -> None:
        with translation.override("es"):
            assert "número entero" in find_problem("Ana,,0,,1\n")[1]


class TestWarning:
    def test_names_the_lines_of_two_equal_names(self) -> None:
        _records, report = read("José Gil,1\nBea,2\njosé  gil,3\n", (N, M))
        assert report.problems.count == 0
        assert [(one.line, "line 1" in one.text) for one in report.warnings.first] == [(3, True)]

    def test_asks_whether_lines_that_a_cell_joins_are_one_voter(self) -> None:
        """Also in a column that is not read: two broken quotation marks would hide a voter there."""
        records, report = read('Ana,"Street\nBea,Street"\nCarl,Street\n', (N, None))
        assert [record.name for record in records] == ["Ana", "Carl"]
        assert [(one.line, "one voter" in one.text) for one in report.warnings.first] == [(1, True)]


class TestReading:
    def test_needs_names_or_member_numbers(self) -> None:
        with pytest.raises(ValidationError, match="which column has the names"):
            read("a,b\n", (None, E))

    def test_refuses_two_columns_of_one_kind(self) -> None:
        with pytest.raises(ValidationError, match="Two columns are chosen as “name”"):
            read("a,b\n", (N, N))

    def test_skips_rows_that_are_blank_or_have_only_separators(self) -> None:
        records, report = read("Ana,,,,\n\n   \n,,,,\nBea,,,,\n", ALL)
        assert [record.line for record in records] == [1, 5]
        assert report.problems.count == 0

    def test_tells_how_far_it_is(self) -> None:
        told: list[tuple[int, float]] = []
        file = io.BytesIO("".join(f"Voter {n}\n" for n in range(20_000)).encode())
        reading = Reading(file, recognise(file), lambda lines, share: told.append((lines, share)))
        assert sum(1 for _record in reading) == 20_000
        assert [lines for lines, _share in told[:2]] == [1000, 2000]
        assert told == sorted(told)
        assert told[-1] == (20_000, 1.0)

    def test_leaves_the_file_open(self) -> None:
        file = io.BytesIO(b"Ana\nBea\n")
        for _time in range(2):
            assert len(list(Reading(file, recognise(file)))) == 2

    def test_ends_with_a_line_that_has_no_end(self) -> None:
        file = io.BytesIO(b"Ana\n" + b"x" * 3_000_000)
        reading = Reading(file, recognise(file))
        assert [record.name for record in reading] == ["Ana"]
        assert [problem.line for problem in reading.report.problems.first] == [2]

    @given(st.binary(max_size=300))
    def test_refuses_or_reads_whatever_it_is_given(self, content: bytes) -> None:
        file = io.BytesIO(b"Name,Weight\n" + content)
        try:
            reading = Reading(file, recognise(file))
        except ValidationError:
            return
        assert len(list(reading)) == reading.report.voters

    @given(
        st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), max_size=20),
        st.sampled_from([",", ";", "\t"]),
        st.sampled_from(["\r\n", "\n", "\r"]),
    )
    def test_loses_no_row(self, rows: list[tuple[str, str]], separator: str, end: str) -> None:
        """Each row becomes a voter or a problem, whatever is in its cells."""
        cells = [tuple('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
        text = "".join(separator.join(("17", *row)) + end for row in cells)
        file = io.BytesIO(text.encode("utf-8", "replace").replace(b"\0", b""))
        reading = Reading(file, Layout("utf-8-sig", separator, 0, (M, None, None)))
        voters = len(list(reading))
        repeated = max(voters - 1, 0)
        assert voters + reading.report.problems.count - repeated == len(rows)
