"""Ballot ids and the wire format."""

from contextlib import suppress
from functools import reduce
from operator import and_, or_
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polls.ballots import Ballot, NewerWireVersion, UnreadableEntry, new_ballot_id, place_from_wire, sign, unsign

ENTRY = {
    b"v": b"3",
    b"epoch": b"e0",
    b"serial": b"7",
    b"at": b"1795339000123",
    b"voter": b"A" * 22,
    b"ballot": b"0199f2a0-0000-7000-8000-000000000001",
    b"design": b"ab12" * 8,
    b"marking": b"cola-cao",
    b"weight": b"12",
}


class TestNewBallotId:
    @given(st.integers(min_value=0, max_value=2**48 - 1))
    def test_is_a_uuid_of_version_7_with_its_time(self, now):
        ballot_id = new_ballot_id(now)
        assert (ballot_id.version, ballot_id.variant) == (7, "specified in RFC 4122")
        assert ballot_id.int >> 80 == now

    def test_has_74_bits_that_nobody_can_guess(self):
        guessable = 0xF << 76 | 0b11 << 62
        ids = [new_ballot_id(0).int for _ in range(200)]
        assert reduce(or_, ids) | guessable == (1 << 80) - 1
        assert reduce(and_, ids) & ~guessable == 0

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
        with pytest.raises(ValueError, match=r"^the ballot id is not one of ours$"):
            unsign(text)


class TestFromWire:
    def test_reads_an_entry(self):
        ballot = Ballot.from_wire(ENTRY)
        assert ballot == Ballot(
            voter_key="A" * 22,
            ballot_id="0199f2a0-0000-7000-8000-000000000001",
            design="ab12" * 8,
            marking="cola-cao",
            epoch="e0",
            serial=7,
            accepted_at=1795339000123,
            weight=12,
        )
        assert ballot.place == ("e0", 7)

    @pytest.mark.parametrize("name", sorted(ENTRY))
    @pytest.mark.parametrize("value", [None, b"", b"\xff", b"a\x00b"])
    def test_refuses_a_missing_or_malformed_field(self, name, value):
        entry = {key: text for key, text in ENTRY.items() if key != name} | ({} if value is None else {name: value})
        with pytest.raises(UnreadableEntry, match=name.decode()):
            Ballot.from_wire(entry)

    def test_leaves_a_newer_version_to_a_newer_worker(self):
        with pytest.raises(NewerWireVersion, match="wire version 4; this release reads up to 3"):
            Ballot.from_wire(ENTRY | {b"v": b"4", b"marking": b""})

    @pytest.mark.parametrize("weight", [b"0", b"-1", b"1.5", b"01", b"1e3", b"12345678901"])
    def test_refuses_a_weight_that_is_no_whole_number_from_one_on(self, weight):
        with pytest.raises(UnreadableEntry, match="field 'weight' is malformed"):
            Ballot.from_wire(ENTRY | {b"weight": weight})

    def test_reads_what_the_first_release_wrote(self):
        entry = {name: value for name, value in ENTRY.items() if name not in (b"design", b"weight")} | {b"v": b"1"}
        ballot = Ballot.from_wire(entry)
        assert ballot == Ballot.from_wire(ENTRY)._replace(marking="q1=cola-cao", design="", weight=1)

    def test_gives_what_the_second_version_wrote_the_weight_of_one_voter(self):
        entry = {name: value for name, value in ENTRY.items() if name != b"weight"} | {b"v": b"2"}
        assert Ballot.from_wire(entry) == Ballot.from_wire(ENTRY)._replace(weight=1)

    @given(st.dictionaries(st.sampled_from(sorted(ENTRY)), st.binary(max_size=50)))
    def test_never_fails_in_another_way(self, changes):
        with suppress(UnreadableEntry, NewerWireVersion):
            Ballot.from_wire(ENTRY | changes)

    def test_tells_the_place_of_any_version(self):
        assert place_from_wire(ENTRY | {b"v": b"9"}) == ("e0", 7)
        assert place_from_wire({b"serial": b"7"}) is None


GOOD = [part for field in ENTRY.items() for part in field]


class TestFromGoodWire:
    def test_reads_what_this_release_writes(self):
        assert Ballot.from_good_wire(GOOD) == Ballot.from_wire(ENTRY)

    def test_leaves_an_earlier_version_and_another_order_to_the_other_reader(self):
        assert Ballot.from_good_wire([*GOOD[:1], b"2", *GOOD[2:-2]]) is None
        assert Ballot.from_good_wire([*GOOD[2:], *GOOD[:2]]) is None
        assert Ballot.from_good_wire([]) is None

    def test_lets_no_value_bring_another_field_in(self):
        assert Ballot.from_good_wire([*GOOD[:-3], b"cola-cao\0weight\x0012"]) is None
        assert Ballot.from_good_wire([*GOOD[:-3], b"cola-cao\nweight\n9", b"weight", b"12"]).weight == 12

    @given(
        st.dictionaries(st.sampled_from(sorted(ENTRY)), st.binary(max_size=50) | st.from_regex(rb"[0-9a-z=\0]{1,40}"))
    )
    def test_reads_nothing_that_the_other_reader_reads_in_another_way(self, changes):
        fields = ENTRY | changes
        ballot = Ballot.from_good_wire([part for field in fields.items() for part in field])
        if ballot is None:
            with pytest.raises((UnreadableEntry, NewerWireVersion)):
                Ballot.from_wire(fields)
        else:
            assert ballot == Ballot.from_wire(fields)
