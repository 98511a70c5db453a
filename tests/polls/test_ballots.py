"""Ballot ids and the wire format."""

from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polls.ballots import Ballot, NewerWireVersion, UnreadableEntry, new_ballot_id, place_from_wire, sign, unsign

ENTRY = {
    b"v": b"2",
    b"epoch": b"e0",
    b"serial": b"7",
    b"at": b"1795339000123",
    b"voter": b"A" * 22,
    b"ballot": b"0199f2a0-0000-7000-8000-000000000001",
    b"design": b"ab12" * 8,
    b"marking": b"cola-cao",
}


class TestNewBallotId:
    @given(st.integers(min_value=0, max_value=2**48 - 1))
    def test_is_a_uuid_of_version_7_with_its_time(self, now):
        ballot_id = new_ballot_id(now)
        assert (ballot_id.version, ballot_id.variant) == (7, "specified in RFC 4122")
        assert ballot_id.int >> 80 == now

    @given(st.integers(min_value=0, max_value=2**47), st.integers(min_value=0, max_value=2**47))
    def test_is_higher_than_the_voters_last_even_if_the_clock_went_back(self, then, now):
        last = new_ballot_id(then)
        later = new_ballot_id(now, after=last)
        assert later > last
        # The scripts compare the text.
        assert str(later) > str(last)


class TestSign:
    def test_reads_back_what_it_wrote(self):
        ballot_id = new_ballot_id(1795339000123)
        assert unsign(sign(ballot_id)) == ballot_id

    @pytest.mark.parametrize("text", ["", "x", str(UUID(int=5)), f"{UUID(int=5)}:forged", "é:ñ"])
    def test_refuses_what_it_did_not_write(self, text):
        with pytest.raises(ValueError, match="not one of ours"):
            unsign(text)


class TestFromWire:
    def test_reads_an_entry(self):
        ballot = Ballot.from_wire(ENTRY)
        assert (ballot.epoch, ballot.serial, ballot.marking) == ("e0", 7, "cola-cao")

    @pytest.mark.parametrize("name", sorted(ENTRY))
    @pytest.mark.parametrize("value", [None, b"", b"\xff", b"a\x00b"])
    def test_refuses_a_missing_or_malformed_field(self, name, value):
        entry = {key: text for key, text in ENTRY.items() if key != name} | ({} if value is None else {name: value})
        with pytest.raises(UnreadableEntry, match=name.decode()):
            Ballot.from_wire(entry)

    def test_leaves_a_newer_version_to_a_newer_worker(self):
        with pytest.raises(NewerWireVersion):
            Ballot.from_wire(ENTRY | {b"v": b"3", b"marking": b""})

    def test_reads_what_the_first_release_wrote(self):
        entry = {name: value for name, value in ENTRY.items() if name != b"design"} | {b"v": b"1"}
        ballot = Ballot.from_wire(entry)
        assert (ballot.serial, ballot.marking, ballot.design) == (7, "q1=cola-cao", "")

    @given(st.dictionaries(st.sampled_from(sorted(ENTRY)), st.binary(max_size=50)))
    def test_never_fails_in_another_way(self, changes):
        with suppress(UnreadableEntry, NewerWireVersion):
            Ballot.from_wire(ENTRY | changes)

    def test_tells_the_place_of_any_version(self):
        assert place_from_wire(ENTRY | {b"v": b"9"}) == ("e0", 7)
        assert place_from_wire({b"serial": b"7"}) is None
