"""What an audit by sample fixes before the dice are thrown: the manifest, and the leaves of its two trees.

The manifest names a tree of links, with a leaf for each entry: which published ballots it is, by contest; and a tree
of ballots, with a leaf for each published ballot: which entry it is. Both are needed. By links alone a server could let
two entries be one ballot, and so have ballots left that are no entry's. Where a sampled entry leads to a ballot, and
that leads back to it, no other entry can have this ballot.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ..formats.encodings import write_base64
from ..formats.tree import leaf_hash

VERSION = "urna-manifest/1"
LINK_VERSION, BALLOT_VERSION = "urna-link/1", "urna-ballot/1"
NO_BALLOT = "none"


@dataclass(frozen=True)
class Manifest:
    """What is fixed: the record by its root, both trees, and the file of published ballots by its SHA-256 as hex.

    `entries` is how many entries of ballots the record has.

    `ballots` is the number of published ballots by contest, in the order of the paper. Their tree has those of the
    first contest first, and of each contest in the order of the file.
    """

    origin: str
    entries: int
    root: bytes
    links: bytes
    ballots: Mapping[str, int]
    ballots_root: bytes
    file: str

    @property
    def text(self) -> str:
        """The only text of the manifest, which the key of the record signs."""
        return (
            f"{VERSION}\n{self.origin}\n"
            f"entries {self.entries} {write_base64(self.root)}\n"
            f"links {write_base64(self.links)}\n"
            f"ballots {write_numbers(self.ballots)} {write_base64(self.ballots_root)}\n"
            f"file {self.file}\n"
        )


def write_numbers(by_contest: Mapping[str, int]) -> str:
    """Write a number for each contest, as `q1=12;q2=10`."""
    return ";".join(f"{key}={number}" for key, number in by_contest.items())


def hash_link(entry: int, ballots: Mapping[str, int] | None, salt: bytes) -> bytes:
    """Return the leaf hash of an entry's link: its ballot in each contest, None if the entry does not count."""
    numbers = NO_BALLOT if ballots is None else write_numbers(ballots)
    return leaf_hash(f"{LINK_VERSION}\n{entry}\n{numbers}\n{write_base64(salt)}\n".encode())


def hash_ballot(contest: str, number: int, entry: int, salt: bytes) -> bytes:
    """Return the leaf hash of a published ballot: its number in its contest, from 0 on, and the entry that it is."""
    return leaf_hash(f"{BALLOT_VERSION}\n{contest}\n{number}\n{entry}\n{write_base64(salt)}\n".encode())
