"""Samples of audits that the server has opened, and those of one that lies."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from office.certify_acts import Certify
from office.sample_acts import DrawSample, PrepareAudit
from polls.models import Election
from record import recorder
from record.models import Sample
from record.sampling import opening
from record.sampling.links import Links, make_links
from record.sampling.sample_file import write_sample
from results.record_export import export
from tally.drain import drain_all
from tally.models import CountedBallot
from tests.tally.test_certification import finish

DICE = "16354216354216354216"
Fault = Callable[..., str]


@pytest.fixture
def final(make_election: Callable[..., Election], cast: Any) -> Election:
    """Twelve ballots on two contests, of which one was replaced."""
    drink = make_election(contests=2)
    for number in range(12):
        one, other = ("nesquik", "cola-cao") if number % 3 else ("cola-cao", "nesquik")
        cast(drink, f"v{number}", f"q1={one};q2={other if number % 2 else one}")
    drain_all()
    cast(drink, "v0", "q1=nesquik;q2=nesquik")
    finish(drink)
    recorder.keep_logs()
    return drink


@pytest.fixture
def taken(final: Election, tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """Return a function that audits, and returns the folder of the record and the file of the sample."""

    def take(draws: int = 50) -> tuple[Path, Path]:
        PrepareAudit(final).perform(by=None)
        sample = DrawSample(final, DICE, draws, "0.05").perform(by=None)  # type: ignore[arg-type]
        export(final, tmp_path / "record", print)
        return tmp_path / "record", write(tmp_path / "sample.json", json.loads(write_sample(sample)))

    return take


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def change(path: Path, change: Callable[[Any], object]) -> Path:
    """Write a sample that is changed beside the true one."""
    content = json.loads(path.read_text())
    change(content)
    return write(path.with_name("changed.json"), content)


class TestTrueSample:
    @pytest.mark.parametrize("draws", [1, 7, 50])
    def test_holds_before_the_ballots_are_published_and_after(self, final, taken, verify, tmp_path, draws):
        folder, file = taken(draws)
        told = verify(folder, "--sample", str(file))
        opened = Sample.objects.get().opened.count()
        assert f"ok   sample: {draws} draws by the dice {DICE}, {opened} entries open" in told
        assert "sample: ballots.json is not there: compare again once it is published" in told
        Certify(final).perform(by=None)
        export(final, tmp_path / "certified", print)
        told = verify(tmp_path / "certified", "--sample", str(file))
        assert "ok   manifest: ballots.json is the file that was fixed before the dice were thrown" in told
        assert "ok   sample: each is the published ballot that was fixed for it" in told
        assert "compare again" not in told


class TestLiar:
    """A server that publishes other ballots than those of the entries, and hides it as well as it can."""

    def test_that_counts_a_ballot_as_another_is_found_at_its_entry(self, final, taken, fault):
        changed = CountedBallot.objects.filter(marking="q1=cola-cao;q2=nesquik").first()
        CountedBallot.objects.filter(pk=changed.pk).update(marking="q1=nesquik;q2=nesquik")
        folder, file = taken()
        told = fault(folder, "--sample", str(file))
        assert "it says 'cola-cao' of weight 1 in q1, and ballot" in told
        assert "which is published for it, is 'nesquik' of weight 1" in told

    def test_that_lets_two_entries_share_a_ballot_is_found_at_the_one_that_is_not_led_back_to(
        self, final, taken, fault, monkeypatch
    ):
        """By links alone it would not be: each entry is linked with a ballot that says the same."""

        def shared(*arguments: Any) -> Links:
            links = make_links(*arguments)
            one = links.contests["q1"]
            [first, second] = [entry for entry in one.entry_of if one.kinds[one.kind_of[entry]][0] == "nesquik"][:2]
            one.number_of[second] = one.number_of[first]
            return links

        monkeypatch.setattr(opening, "make_links", shared)
        folder, file = taken()
        assert Sample.objects.get().unequal == 0
        assert "two entries share it" in fault(folder, "--sample", str(file))

    def test_that_says_afterwards_that_the_ballot_is_of_both_has_no_path(self, final, taken, fault, monkeypatch):
        def shared(*arguments: Any) -> Links:
            links = make_links(*arguments)
            one = links.contests["q1"]
            [first, second] = [entry for entry in one.entry_of if one.kinds[one.kind_of[entry]][0] == "nesquik"][:2]
            one.number_of[second] = one.number_of[first]
            return links

        monkeypatch.setattr(opening, "make_links", shared)
        folder, file = taken()

        def lie(sample: Any) -> None:
            for one in sample["entries"]:
                for ballot in one["ballots"]:
                    ballot["entry"] = one["entry"]

        assert "does not lead to the root" in fault(folder, "--sample", str(change(file, lie)))

    def test_that_publishes_other_ballots_in_the_end_is_found(self, final, taken, fault, tmp_path):
        _folder, file = taken()
        Certify(final).perform(by=None)
        export(final, tmp_path / "certified", print)
        path = tmp_path / "certified" / "ballots.json"
        path.write_text(path.read_text().replace('\n "title"', '\n  "title"'))
        told = fault(tmp_path / "certified", "--sample", str(file))
        assert told.startswith("ballots.json: its SHA-256 is ")
        assert told.endswith("other ballots were fixed")


def at_first(name: str, value: Any) -> Callable[[Any], None]:
    return lambda sample: sample["entries"][0].__setitem__(name, value)


def of_counting(change: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda sample: change(next(one for one in sample["entries"] if one["ballots"]))


def of_replaced(change: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda sample: change(next(one for one in sample["entries"] if not one["ballots"]))


CHANGES: dict[str, tuple[Callable[[Any], object], str]] = {
    "other dice": (lambda sample: sample.update(dice=DICE[::-1], draws=5), "not just those that its dice draw"),
    "no dice": (lambda sample: sample.update(dice="123"), "its dice are not 20 to 200 digits"),
    "no draws": (lambda sample: sample.update(draws=0), "it has no number of draws"),
    "fewer entries": (lambda sample: sample["entries"].pop(), "not just those that its dice draw"),
    "another order": (lambda sample: sample["entries"].reverse(), "not just those that its dice draw"),
    "another field": (lambda sample: sample.update(more=1), "is no sample with"),
    "another format": (lambda sample: sample.update(format="urna-sample/2"), "it is no sample of the format"),
    "another marking": (at_first("marking", "q1=;q2="), "it does not open so"),
    "another weight": (at_first("weight", 2), "it does not open so"),
    "no weight": (at_first("weight", "1"), "it has no weight and no marking"),
    "another salt": (at_first("salt", "00" * 32), "it does not open so"),
    "no salt": (at_first("salt", "x"), "is no 32 bytes in hex"),
    "no fate": (at_first("fate", "lost"), "its fate is not 'lost'"),
    "another fate": (of_counting(lambda one: one.update(fate="replaced")), "its fate is not 'replaced'"),
    "no ballot": (of_counting(lambda one: one.update(ballots=[])), "its ballots are not those of its link"),
    "a ballot too many": (of_replaced(lambda one: one.update(ballots=[1])), "it does not count, and has a ballot"),
    "another link": (
        of_counting(lambda one: one["link"]["ballots"].update(q1=(one["link"]["ballots"]["q1"] + 1) % 12)),
        "its link: its path does not lead",
    ),
    "no link": (of_counting(lambda one: one["link"].update(ballots=None)), "its link: its path does not lead"),
    "another salt of the link": (of_counting(lambda one: one["link"].update(salt="00" * 32)), "does not lead to the"),
    "a short path": (of_counting(lambda one: one["link"]["path"].pop()), "its path has 3 hashes, and has to have"),
    "another path": (of_counting(lambda one: one["ballots"][0]["path"].reverse()), "does not lead to the root"),
    "another published marking": (
        of_counting(lambda one: one["ballots"][0].update(marking="ant")), "which is published for it, is 'ant'",
    ),
}  # fmt: skip


class TestChangedSample:
    @pytest.mark.parametrize("name", CHANGES)
    def test_is_refused(self, taken, fault, name):
        folder, file = taken()
        how, told = CHANGES[name]
        assert told in fault(folder, "--sample", str(change(file, how)))

    def test_of_another_manifest_is_refused(self, taken, fault):
        folder, file = taken()

        def forge(sample: Any) -> None:
            sample["manifest"] = sample["manifest"].replace("q1=12", "q1=13")

        assert "is wrong" in fault(folder, "--sample", str(change(file, forge)))

    def test_that_is_missing_is_named(self, taken, fault, tmp_path):
        folder, _file = taken()
        assert fault(folder, "--sample", str(tmp_path / "none")).endswith("the file is missing")


class TestManifest:
    def test_of_another_record_is_refused(self, taken, fault, tmp_path):
        folder, _file = taken()
        text = (folder / "manifest").read_text()
        (folder / "manifest").write_text(text.replace("entries 13", "entries 14"))
        assert fault(folder).startswith("manifest: the signature of")

    def test_that_is_none_is_refused(self, taken, fault):
        folder, _file = taken()
        (folder / "manifest").write_text((folder / "checkpoint").read_text())
        assert fault(folder) == "manifest: it is no manifest of six lines"
