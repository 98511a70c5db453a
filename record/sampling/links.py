"""Which published ballot each entry is: made anew each time from the ballots and the secret of the record.

The link goes by what is counted for the voter of an entry, and so a ballot that is counted as something else than its
entry says shows itself as just that. Among equal ballots of a contest the numbers are given by chance: in the order of
hashes under the secret of the record, so that they tell nothing, and are the same ones each time.
"""

from array import array
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b, sha256

from polls.design import Paper
from polls.models import Design, Election
from tally.models import CountedBallot
from tally.recorder import Contradiction

from ..ballot_piles import ballots_json, pile_up, split_by_contest
from ..entry import SALT_BYTES
from ..fates import COUNTS, read_in_places
from ..formats.tree import Frontier, root_hash
from ..models import Log
from ..openings import Opener, Opening
from .manifest import Manifest, hash_ballot, hash_link

# Of a BLAKE2b of its own, so that none of its hashes is the salt of an entry.
_PERSON = b"urna-sampling"
_NONE = -1


@dataclass
class ContestLinks:
    """The published ballots of one contest: what each is, and whose entry.

    `kinds` are the different ballots, as marking and weight; `kind_of` has for each entry the place of its own there,
    -1 for none. `entry_of` has the entry of each ballot, by number, and `number_of` the other way round.
    """

    kinds: list[tuple[str, int]]
    kind_of: "array[int]"
    entry_of: "array[int]"
    number_of: "array[int]"


class Links:
    """All links of one final election; `opened` are the openings of those entries that were asked for."""

    def __init__(
        self,
        secret: bytes,
        size: int,
        contests: Mapping[str, ContestLinks],
        counting: bytes,
        opened: dict[int, Opening],
    ) -> None:
        self._secret = secret
        self.size = size
        self.contests = contests
        self._counting = counting
        self.opened = opened

    def ballots_of(self, entry: int) -> dict[str, int] | None:
        """Return the number of an entry's ballot in each contest; None if it does not count."""
        if not self._counting[entry]:
            return None
        return {key: one.number_of[entry] for key, one in self.contests.items() if one.number_of[entry] != _NONE}

    def salt_of_link(self, entry: int) -> bytes:
        return _keyed(self._secret, f"link {entry}")

    def salt_of_ballot(self, contest: str, number: int) -> bytes:
        return _keyed(self._secret, f"ballot {contest} {number}")

    @cached_property
    def link_leaves(self) -> list[bytes]:
        """The leaf hash of each entry's link."""
        return [hash_link(entry, self.ballots_of(entry), self.salt_of_link(entry)) for entry in range(self.size)]

    @cached_property
    def ballot_leaves(self) -> list[bytes]:
        """The leaf hash of each ballot, those of the first contest first."""
        return [
            hash_ballot(key, number, entry, self.salt_of_ballot(key, number))
            for key, one in self.contests.items()
            for number, entry in enumerate(one.entry_of)
        ]

    def place_of_ballot(self, contest: str, number: int) -> int:
        """Return where a ballot's leaf stands in the tree of ballots."""
        place = number
        for key, one in self.contests.items():
            if key == contest:
                return place
            place += len(one.entry_of)
        raise KeyError(contest)


def read_paper(election: Election) -> Paper:
    """Return the paper by which an election is counted."""
    return Paper.read(Design.objects.get(election=election, hash=election.in_force).paper)


def make_links(election: Election, log: Log, secret: bytes, wanted: Collection[int] = ()) -> Links:
    """Link each entry of a final election; raises Contradiction where ballots, entries and fates do not fit.

    It costs a look at each ballot, and some 100 bytes of memory for each entry and contest.
    """
    opener = Opener(secret, log.slug, election.in_force)
    fates = bytes(log.fates or b"")
    counting = bytearray(log.ballots)
    kinds: dict[str, dict[tuple[str, int], int]] = {one.key: {} for one in read_paper(election).contests}
    kind_of = {key: array("q", [_NONE]) * log.ballots for key in kinds}
    opened: dict[int, Opening] = {}
    for entry, ballot in read_in_places(election.pk, opener, log.ballots):
        if ballot.fate[0] != fates[entry]:
            raise Contradiction(f"entry {entry} has another fate than was published")
        if entry in wanted:
            opened[entry] = ballot.opening
        if ballot.counted:
            counting[entry] = 1
            marking, weight = ballot.counted
            for key, own in split_by_contest(marking):
                kind_of[key][entry] = kinds[key].setdefault((own, weight), len(kinds[key]))
    if (counted := CountedBallot.objects.filter(election=election).count()) != sum(counting):
        raise Contradiction(f"{counted} ballots are counted, and {sum(counting)} entries count")
    assert fates.count(COUNTS) == sum(counting)
    contests = {key: _number(key, list(kinds[key]), kind_of[key], secret) for key in kinds}
    return Links(secret, log.ballots, contests, bytes(counting), opened)


def _number(contest: str, kinds: list[tuple[str, int]], kind_of: "array[int]", secret: bytes) -> ContestLinks:
    """Give each ballot of a contest its number: in the order of the file, and by chance among equal ones."""
    rank = {place: number for number, place in enumerate(sorted(range(len(kinds)), key=kinds.__getitem__))}
    entries = [entry for entry, kind in enumerate(kind_of) if kind != _NONE]
    entries.sort(key=lambda entry: (rank[kind_of[entry]], _keyed(secret, f"order {contest} {entry}")))
    number_of = array("q", [_NONE]) * len(kind_of)
    for number, entry in enumerate(entries):
        number_of[entry] = number
    return ContestLinks(kinds, kind_of, array("q", entries), number_of)


def write_manifest(election: Election, log: Log, links: Links) -> Manifest:
    """Return what is fixed before the dice are thrown."""
    paper = read_paper(election)
    rows = CountedBallot.objects.filter(election=election).values_list("marking", "weight")
    piles = pile_up(((marking, weight, 1) for marking, weight in rows.iterator(chunk_size=5000)), paper)
    file = ballots_json(election.slug, election.in_force, paper, piles)
    return Manifest(
        origin=log.origin,
        entries=log.ballots,
        root=Frontier.from_bytes(bytes(log.frontier)).root,
        links=root_hash(links.link_leaves),
        ballots={key: len(one.entry_of) for key, one in links.contests.items()},
        ballots_root=root_hash(links.ballot_leaves),
        file=sha256(file.encode()).hexdigest(),
    )


def _keyed(secret: bytes, text: str) -> bytes:
    return blake2b(text.encode(), key=secret, digest_size=SALT_BYTES, person=_PERSON).digest()
