"""Entries: their bytes, what they commit to, and that they tell nothing without the salt."""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from record.entry import SALT_BYTES, Committer, Entry, OpenBallot, derive_salt, write_entries
from record.formats.encodings import Malformed

BALLOT = OpenBallot("nesquik-vs-cola-cao", "0123456789abcdef" * 2, "q1=nesquik;q2=", 3)
SECRET, SALT = b"s" * 32, b"\x01" * 32
ENTRY = Entry.of(BALLOT, SALT)

addresses = st.text("abcXYZ019_-", min_size=1, max_size=50)
designs = st.text("0123456789abcdef", min_size=16, max_size=64)
markings = st.text(st.characters(exclude_categories=["Cs"]))
ballots = st.builds(OpenBallot, addresses, designs, markings, st.integers(1, 10**10))
salts = st.binary(min_size=32, max_size=32)


class TestBytes:
    def test_are_four_lines(self):
        commitment = hashlib.sha256(SALT + BALLOT.to_bytes()).digest()
        assert ENTRY.commitment == commitment
        assert ENTRY.to_bytes().split(b"\n")[:3] == [b"urna-entry/1", b"nesquik-vs-cola-cao", BALLOT.design.encode()]
        assert ENTRY.to_bytes().count(b"\n") == 4
        assert BALLOT.to_bytes() == f"nesquik-vs-cola-cao\n{BALLOT.design}\n3\nq1=nesquik;q2=".encode()

    @given(ballots, salts)
    def test_are_read_as_they_were_written(self, ballot, salt):
        entry = Entry.of(ballot, salt)
        assert Entry.parse(entry.to_bytes()) == entry
        assert entry.opens_as(ballot, salt)

    @given(ballots, ballots)
    def test_of_two_ballots_are_the_same_only_if_these_are(self, one, other):
        assert (one.to_bytes() == other.to_bytes()) == (one == other)

    @pytest.mark.parametrize(
        "change",
        [
            lambda data: b"",
            lambda data: data[:-1],
            lambda data: data + b"\n",
            lambda data: data + b"x",
            lambda data: data.replace(b"\n", b"\r\n"),
            lambda data: data.replace(b"entry/1", b"entry/2"),
            lambda data: data.replace(b"nesquik", "ñesquik".encode()),
            lambda data: data.replace(b"nesquik-vs-cola-cao", b""),
            lambda data: data.replace(b"nesquik-vs", b"nesquik vs"),
            lambda data: data.replace(b"abcdef\n", b"ABCDEF\n"),
            lambda data: data.replace(b"=\n", b"\n"),
            lambda data: data[:-10] + data[-5:],
        ],
    )
    def test_of_anything_else_are_refused(self, change):
        with pytest.raises(Malformed):
            Entry.parse(change(ENTRY.to_bytes()))

    @pytest.mark.parametrize(
        "changes",
        [
            {"election": ""}, {"election": "a b"}, {"election": "a\n"}, {"election": "x" * 61}, {"election": "ñ"},
            {"design": ""}, {"design": "0" * 15}, {"design": "0" * 65}, {"design": "g" * 16},
            {"design": "0" * 16 + "\n"}, {"weight": 0}, {"weight": -1},
        ],
    )  # fmt: skip
    def test_of_what_no_ballot_has_cannot_be_made(self, changes):
        with pytest.raises(Malformed):
            replace(BALLOT, **changes)

    def test_need_a_commitment_of_32_bytes_and_whole_characters(self):
        for commitment in (b"", b"x" * 31, b"x" * 33):
            with pytest.raises(Malformed):
                replace(ENTRY, commitment=commitment)
        with pytest.raises(Malformed):
            Entry.of(replace(BALLOT, marking="q1=\ud800"), SALT)


class TestOpening:
    @pytest.mark.parametrize(
        "changes",
        [
            {"election": "other"}, {"design": "f" * 32}, {"marking": "q1=cola-cao;q2="}, {"weight": 1},
            {"marking": "q1=nesquik;q2=\n"},
        ],
    )  # fmt: skip
    def test_is_of_one_ballot_alone(self, changes):
        assert not ENTRY.opens_as(replace(BALLOT, **changes), SALT)

    def test_needs_the_salt(self):
        assert not ENTRY.opens_as(BALLOT, b"\x02" + SALT[1:])
        for salt in (b"", SALT[1:], SALT + b"\x01"):
            with pytest.raises(ValueError, match="32 bytes"):
                ENTRY.opens_as(BALLOT, salt)


class TestSalt:
    def test_is_a_keyed_hash(self):
        expected = hashlib.blake2b(b"voter\nballot", key=SECRET, digest_size=32).digest()
        assert derive_salt(SECRET, "voter", "ballot") == expected
        assert len(expected) == SALT_BYTES

    def test_is_another_one_for_each_ballot_voter_and_secret(self):
        made = {
            derive_salt(secret, voter, ballot)
            for secret in (SECRET, b"t" * 32)
            for voter in ("ana", "an", "bea")
            for ballot in ("1", "a1", "2")
        }
        assert len(made) == 18

    @pytest.mark.parametrize("secret", [b"", b"short", b"x" * 31, b"x" * 65])
    def test_needs_a_secret_that_is_long_and_a_key(self, secret):
        with pytest.raises(ValueError, match="32 to 64 bytes"):
            derive_salt(secret, "voter", "ballot")


class TestMany:
    """What writes many entries at once, beside what writes one."""

    def test_commitments_are_those_of_each_ballot(self):
        for marking, weight in (("q1=nesquik", 1), ("q1=ana>bea;q2=", 12), ("q1=" + "ñ😀" * 20, 3)):
            ballot = OpenBallot(BALLOT.election, BALLOT.design, marking, weight)
            salt = derive_salt(SECRET, "voter", "ballot")
            made = Committer(SECRET, ballot.election, ballot.design).commit("voter", "ballot", weight, marking)
            assert made == Entry.of(ballot, salt).commitment

    def test_entries_are_those_of_each_commitment(self):
        commitments = [bytes([number]) * 32 for number in range(5)]
        written = write_entries(BALLOT.election, BALLOT.design, commitments)
        assert written == [Entry(BALLOT.election, BALLOT.design, one).to_bytes() for one in commitments]

    def test_refuse_what_no_entry_has(self):
        with pytest.raises(Malformed):
            write_entries("a b", BALLOT.design, [])
        with pytest.raises(Malformed):
            Committer(SECRET, BALLOT.election, "no design")


class TestGame:
    """Somebody without salts sees entries, and guesses which of two known ballots was committed to."""

    ROUNDS = 2000
    CHOICES = ("q1=nesquik", "q1=cola-cao")

    def guess_by_trying(self, entry: Entry, ballots: Sequence[OpenBallot], seen: Sequence[tuple[Entry, int]]) -> int:
        """Try the ballots with no salt, and with those that others might forget."""
        tried = (bytes(32), SALT, SECRET, hashlib.sha256(SECRET).digest())
        return next((at for at, one in enumerate(ballots) for salt in tried if entry.opens_as(one, salt)), 0)

    def guess_by_likeness(self, entry: Entry, ballots: Sequence[OpenBallot], seen: Sequence[tuple[Entry, int]]) -> int:
        """Take what an earlier entry with the most equal bits turned out to be."""
        whole = int.from_bytes(entry.commitment)
        nearest = min(seen, key=lambda one: (whole ^ int.from_bytes(one[0].commitment)).bit_count(), default=(entry, 0))
        return nearest[1]

    def guess_by_length(self, entry: Entry, ballots: Sequence[OpenBallot], seen: Sequence[tuple[Entry, int]]) -> int:
        return len(entry.to_bytes()) % 2

    @pytest.mark.parametrize("way", ["guess_by_trying", "guess_by_likeness", "guess_by_length"])
    def test_is_won_as_often_as_by_tossing_a_coin(self, way):
        guess: Callable[..., int] = getattr(self, way)
        chance = random.Random(16)
        secret = chance.randbytes(32)
        both = [replace(BALLOT, marking=one) for one in self.CHOICES]
        seen: list[tuple[Entry, int]] = []
        won = 0
        for number in range(self.ROUNDS):
            chosen = chance.randrange(2)
            entry = Entry.of(both[chosen], derive_salt(secret, f"voter {number}", f"ballot {number}"))
            won += guess(entry, both, seen[-200:]) == chosen
            seen.append((entry, chosen))
        # Five standard deviations.
        assert abs(won - self.ROUNDS / 2) < 5 * (self.ROUNDS / 4) ** 0.5
        assert len({len(entry.to_bytes()) for entry, _chosen in seen}) == 1
        assert len({entry.commitment for entry, _chosen in seen}) == self.ROUNDS
