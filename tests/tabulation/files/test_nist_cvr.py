"""Cast vote records by NIST SP 1500-103."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabulation.files import nist_cvr
from tabulation.files.content import Content, Kind
from tabulation.files.sentences import NotWritable

from .contents import contents

GENERATED = "2026-05-01T12:00:00Z"
EXPECTED = Path(__file__).with_name("nist_cvr.json").read_text(encoding="utf-8")


def report(content: Content) -> dict:
    return json.loads("".join(nist_cvr.write(content, GENERATED)))


def selections(record: dict) -> list[dict]:
    [snapshot] = record["CVRSnapshot"]
    assert snapshot["@id"] == record["CurrentSnapshotId"]
    [contest] = snapshot["CVRContest"]
    return contest["CVRContestSelection"]


class TestWrite:
    def test_is_as_it_was(self):
        content = Content(("Ana", "Bé"), Kind.RANKINGS, {((1,), (0,)): 2, (): 1}, "Board", 2)
        assert "".join(nist_cvr.write(content, GENERATED)) == EXPECTED

    def test_elects_one_unless_the_file_says_otherwise(self):
        [election] = report(Content(("Ana",), Kind.RANKINGS, {}))["Election"]
        assert election["Contest"][0]["NumberElected"] == 1

    def test_has_what_the_schema_requires(self):
        written = report(Content(("Ana", "Bea"), Kind.RANKINGS, {((0,),): 1}, "Board", 2))
        assert written["@type"] == "CVR.CastVoteRecordReport"
        assert (written["Version"], written["GeneratedDate"]) == ("1.0.0", GENERATED)
        [election] = written["Election"]
        [scope] = written["GpUnit"]
        assert election["ElectionScopeId"] == scope["@id"]
        assert written["ReportGeneratingDeviceIds"] == [device["@id"] for device in written["ReportingDevice"]]
        [contest] = election["Contest"]
        assert (contest["Name"], contest["NumberElected"], contest["VoteVariation"]) == ("Board", 2, "rcv")
        candidates = [[one["@id"]] for one in election["Candidate"]]
        assert [one["CandidateIds"] for one in contest["ContestSelection"]] == candidates
        assert [candidate["Name"] for candidate in election["Candidate"]] == ["Ana", "Bea"]

    def test_has_a_record_for_each_ballot_with_its_ranks(self):
        written = report(Content(("Ana", "Bea", "Carlo"), Kind.RANKINGS, {((1,), (), (0, 2)): 2, (): 1}))
        ranks = [[(one["ContestSelectionId"], one["Rank"]) for one in selections(record)] for record in written["CVR"]]
        assert ranks == [*2 * [[("selection-2", 1), ("selection-1", 3), ("selection-3", 3)]], []]
        assert [record["UniqueId"] for record in written["CVR"]] == ["1", "2", "3"]

    def test_has_scores_as_numbers_of_votes(self):
        written = report(Content(("Ana", "Bea", "Carlo"), Kind.SCORES, {(5, None, 0): 1}))
        [record] = written["CVR"]
        votes = [(one["ContestSelectionId"], one["SelectionPosition"][0]["NumberVotes"]) for one in selections(record)]
        assert votes == [("selection-1", 5), ("selection-3", 0)]
        assert not any("Rank" in one or "Rank" in one["SelectionPosition"][0] for one in selections(record))
        assert written["Election"][0]["Contest"][0]["VoteVariation"] == "range"

    @given(data=st.data(), kind=st.sampled_from(Kind))
    def test_is_one_json_object_whatever_the_names(self, data, kind):
        content = data.draw(contents(kind))
        few = Content(content.names, kind, dict.fromkeys(content.ballots, 2), content.title)
        written = report(few)
        assert len(written["CVR"]) == few.total
        assert [one["Name"] for one in written["Election"][0]["Candidate"]] == list(few.names)

    def test_takes_as_many_ballots_as_can_be_written_one_by_one(self, monkeypatch):
        monkeypatch.setattr(nist_cvr, "MOST_RECORDS", 2)
        assert len(report(Content(("Ana",), Kind.RANKINGS, {((0,),): 2}))["CVR"]) == 2

    def test_is_refused_for_more_ballots_than_can_be_written_one_by_one(self):
        with pytest.raises(NotWritable, match="there are 10000001 ballots, and at most 10000000"):
            list(nist_cvr.write(Content(("Ana",), Kind.RANKINGS, {((0,),): 10_000_001}), GENERATED))
