"""What the benchmark holds a run to."""

import struct
from pathlib import Path

import pytest

from bench.figure import Figure, in_turn, percentile
from bench.reference import AGAIN, commit_ratios, fallen, measure_until_believed
from bench.sockets import has_results, pings


def figure(value: float, *, less_is_better: bool = False) -> Figure:
    return Figure("votes", value, "1/s", 100.0, "ceiling", less_is_better=less_is_better, goal="0.5")


class TestHasResults:
    HEARTBEAT, PING = b"\x81\x03{7}", b"\x89\x01x"

    @pytest.mark.parametrize("results", [b"\xc1\x02ab", b"\x81\x7e\x00\xc8" + b"x" * 200, b"\x81\x7e\x00"])
    def test_finds_them_behind_other_frames(self, results: bytes):
        assert has_results(results)
        assert has_results(self.HEARTBEAT + self.PING + results)

    @pytest.mark.parametrize("others", [b"", HEARTBEAT, PING, HEARTBEAT * 50 + PING, HEARTBEAT[:3]])
    def test_finds_none_where_there_are_none(self, others: bytes):
        assert not has_results(others)


class TestPings:
    @pytest.mark.parametrize("size", [3, 125, 126, 70_000])
    def test_are_found_behind_frames_of_any_length(self, size: int):
        if size < 126:
            length = bytes([size])
        else:
            length = b"\x7e" + struct.pack("!H", size) if size < 2**16 else b"\x7f" + struct.pack("!Q", size)
        before = b"\x81" + length + b"x" * size
        assert list(pings(before + b"\x89\x01a" + before + b"\x89\x01b" + before[:-1])) == [b"a", b"b"]


class TestFallen:
    @pytest.mark.parametrize(("value", "names"), [(80, 0), (54, 0), (53, 1), (0.1, 1)])
    def test_is_a_ratio_under_two_thirds_of_the_committed_one(self, tmp_path: Path, value, names):
        file = tmp_path / "reference.json"
        commit_ratios([figure(80)], quick=True, file=file)
        found = fallen([figure(value)], quick=True, file=file)
        assert len(found) == names
        assert all("votes: the ratio is" in line for line in found)

    def test_is_no_absolute_value(self, tmp_path: Path):
        file = tmp_path / "reference.json"
        commit_ratios([figure(80)], quick=True, file=file)
        slow = Figure("votes", 0.8, "1/s", 1.0, "ceiling")
        assert fallen([slow], quick=True, file=file) == []

    def test_is_told_where_less_is_better(self, tmp_path: Path):
        file = tmp_path / "reference.json"
        commit_ratios([figure(100, less_is_better=True)], quick=False, file=file)
        assert fallen([figure(149, less_is_better=True)], quick=False, file=file) == []
        assert len(fallen([figure(151, less_is_better=True)], quick=False, file=file)) == 1

    def test_is_nothing_that_was_never_committed(self, tmp_path: Path):
        assert fallen([figure(1)], quick=True, file=tmp_path / "none.json") == []


class TestMeasureUntilBelieved:
    @pytest.mark.parametrize(("values", "times"), [([80], 1), ([10, 80], 2), ([10, 10, 10], 1 + AGAIN)])
    def test_measures_only_what_fell_again(self, tmp_path: Path, values, times):
        file = tmp_path / "reference.json"
        commit_ratios([figure(80)], quick=True, file=file)
        coming, asked = iter(values), []

        def measure(names):
            asked.append(names)
            return {name: [figure(next(coming))] if name == "votes" else [] for name in names}

        found = measure_until_believed(measure, ["votes", "others"], quick=True, file=file)
        assert asked == [["votes", "others"], *[["votes"]] * (times - 1)]
        assert found == {"votes": [figure(values[-1])], "others": []}


class TestCommitRatios:
    def test_passes_over_what_only_compares(self, tmp_path: Path):
        file = tmp_path / "reference.json"
        other = Figure("elsewhere", 80, "1/s", 100.0)
        commit_ratios([other], quick=True, file=file)
        assert fallen([Figure("elsewhere", 1, "1/s", 100.0)], quick=True, file=file) == []

    def test_leaves_what_was_not_measured(self, tmp_path: Path):
        file = tmp_path / "reference.json"
        other = Figure("pages", 30, "1/s", 100.0, goal="0.3")
        commit_ratios([figure(80), other], quick=True, file=file)
        commit_ratios([figure(90)], quick=True, file=file)
        assert fallen([figure(58), other], quick=True, file=file) == ["votes: the ratio is 0.58, and was 0.9"]


def test_figures_are_measured_in_turn_and_their_median_counts():
    order: list[str] = []
    values = {"a": [3.0, 99.0, 1.0], "b": [5.0, 5.0, 5.0]}

    def measure(name: str) -> float:
        order.append(name)
        return values[name].pop()

    assert in_turn(3, lambda: measure("a"), lambda: measure("b")) == [3.0, 5.0]
    assert order == list("ababab")


def test_a_percentile_is_one_of_the_values():
    assert [percentile([4, 1, 3, 2, 5], share) for share in (0, 0.5, 1)] == [1, 3, 5]
    with pytest.raises(ValueError, match="nothing was measured"):
        percentile([], 0.5)
