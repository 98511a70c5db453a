"""The file of a sample, which observers take away: the dice draw just these entries, and each is what is published."""

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from .ballots import Piles
from .entries import Entries
from .fates import COUNTS, REASONS, REPLACED, Fates
from .manifest import Manifest
from .markings import split_paper
from .paper import Paper
from .report import Malformed
from .tree_path import leaf_hash, require_in_tree
from .values import HASH_BYTES, is_number, read_json, shorten

FORMAT = "urna-sample/1"
_DICE = re.compile(r"[1-6]{20,200}", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_FATES = {COUNTS.decode(), REPLACED.decode(), *(f"set-aside {reason}" for reason in REASONS)}
_PARTS = {
    "sample": {"format", "manifest", "dice", "draws", "entries"},
    "entry": {"entry", "salt", "weight", "marking", "fate", "link", "ballots"},
    "link": {"ballots", "salt", "path"},
    "ballot": {"contest", "number", "entry", "salt", "path", "marking", "weight"},
}


def read_sample(data: bytes) -> dict[str, Any]:
    """Read the file of a sample; raises Malformed for what is none."""
    sample = _require(read_json(data), "sample")
    if sample["format"] != FORMAT or not isinstance(sample["manifest"], str):
        raise Malformed(f"it is no sample of the format {FORMAT}")
    if not isinstance(sample["dice"], str) or not _DICE.fullmatch(sample["dice"]):
        raise Malformed("its dice are not 20 to 200 digits from 1 to 6")
    if not is_number(sample["draws"], least=1) or not isinstance(sample["entries"], list):
        raise Malformed("it has no number of draws, or no list of entries")
    return sample


def draw(manifest: Manifest, dice: str, draws: int) -> list[int]:
    """Return the entries that dice draw, each once, in the order in which they are drawn first."""
    if draws >= manifest.entries:
        return list(range(manifest.entries))
    seeds = (f"{manifest.sha256},{dice},{number}" for number in range(1, draws + 1))
    drawn = (int.from_bytes(sha256(seed.encode()).digest(), "big") % manifest.entries for seed in seeds)
    return list(dict.fromkeys(drawn))


class Checker:
    """Checks the entries of a sample against record, manifest, fates and, where they are there, published ballots."""

    def __init__(
        self, manifest: Manifest, entries: Entries, paper: Paper, fates: Fates | None, ballots: dict[str, Piles] | None
    ) -> None:
        self._manifest, self._entries, self._paper, self._fates = manifest, entries, paper, fates
        self._ballots = None if ballots is None else {key: _Numbered(pile) for key, pile in ballots.items()}

    def check(self, sample: dict[str, Any]) -> int:
        """Return how many entries were opened; raises Malformed at the first thing that does not hold."""
        drawn = draw(self._manifest, sample["dice"], sample["draws"])
        opened = [_require(one, "entry") for one in sample["entries"]]
        if [one["entry"] for one in opened] != drawn:
            raise Malformed("its entries are not just those that its dice draw, in their order")
        for one in opened:
            try:
                self._check_entry(one)
            except Malformed as error:
                raise Malformed(f"entry {one['entry']:,}: {error}") from error
        return len(opened)

    def _check_entry(self, told: dict[str, Any]) -> None:
        entry, weight, marking = told["entry"], told["weight"], told["marking"]
        if not (isinstance(marking, str) and is_number(weight, least=1)):
            raise Malformed("it has no weight and no marking")
        ballot = f"{self._entries.election}\n{self._entries.design}\n{weight}\n{marking}"
        place = entry * HASH_BYTES
        commitment = self._entries.commitments[place : place + HASH_BYTES]
        if sha256(_read_hash(told["salt"]) + ballot.encode(errors="replace")).digest() != commitment:
            raise Malformed("it does not open so: it has another salt, weight or marking")
        counts = told["fate"] == COUNTS.decode()
        if told["fate"] not in _FATES or (self._fates and bool(self._fates.counts[entry]) != counts):
            raise Malformed(f"its fate is not {shorten(told['fate'])}")
        numbers = self._check_link(entry, _require(told["link"], "link"))
        if not counts:
            if numbers is not None or told["ballots"]:
                raise Malformed("it does not count, and has a ballot")
            return
        said = split_paper(marking, self._paper.contests)
        if numbers is None or list(numbers) != list(said) or not isinstance(told["ballots"], list):
            raise Malformed("it counts, and has no ballot in each of its contests")
        found = [_require(one, "ballot") for one in told["ballots"]]
        if [(one["contest"], one["number"]) for one in found] != list(numbers.items()):
            raise Malformed("its ballots are not those of its link")
        for one in found:
            self._check_ballot(entry, one)
            if (one["marking"], one["weight"]) != (said[one["contest"]], weight):
                ballot = f"{shorten(one['marking'])} of weight {one['weight']}"
                raise Malformed(
                    f"it says {shorten(said[one['contest']])} of weight {weight} in {one['contest']}, and ballot "
                    f"{one['number']:,}, which is published for it, is {ballot}"
                )

    def _check_link(self, entry: int, link: dict[str, Any]) -> dict[str, int] | None:
        numbers: dict[str, int] | None = link["ballots"]
        written = "none"
        if numbers is not None:
            if not isinstance(numbers, dict) or not all(is_number(number) for number in numbers.values()):
                raise Malformed("its link has no numbers of ballots")
            written = ";".join(f"{key}={number}" for key, number in numbers.items())
        leaf = leaf_hash(f"urna-link/1\n{entry}\n{written}\n{_write_salt(link['salt'])}\n".encode())
        try:
            require_in_tree(_read_path(link["path"]), leaf, entry, self._manifest.entries, self._manifest.links)
        except Malformed as error:
            raise Malformed(f"its link: {error}") from error
        return numbers

    def _check_ballot(self, entry: int, ballot: dict[str, Any]) -> None:
        contest, number = ballot["contest"], ballot["number"]
        if contest not in self._manifest.ballots or not number < self._manifest.ballots[contest]:
            raise Malformed(f"there is no ballot {number:,} in {shorten(contest)}")
        if ballot["entry"] != entry:
            raise Malformed(f"ballot {number:,} in {contest} is that of entry {ballot['entry']}: two entries share it")
        keys = list(self._manifest.ballots)
        place = sum(self._manifest.ballots[key] for key in keys[: keys.index(contest)]) + number
        leaf = leaf_hash(f"urna-ballot/1\n{contest}\n{number}\n{entry}\n{_write_salt(ballot['salt'])}\n".encode())
        size = sum(self._manifest.ballots.values())
        try:
            require_in_tree(_read_path(ballot["path"]), leaf, place, size, self._manifest.ballots_root)
        except Malformed as error:
            raise Malformed(f"ballot {number:,} in {contest}: {error}") from error
        if self._ballots is not None:
            published = self._ballots[contest][number]
            if (ballot["marking"], ballot["weight"]) != published:
                raise Malformed(f"ballot {number:,} in {contest} is {shorten(published[0])} in ballots.json")


class _Numbered:
    """The ballots of a contest by number: those of the first pile first."""

    def __init__(self, piles: Piles) -> None:
        self._kinds = list(self._expand(piles))

    @staticmethod
    def _expand(piles: Piles) -> Iterator[tuple[int, tuple[str, int]]]:
        end = 0
        for kind, number in piles.items():
            end += number
            yield end, kind

    def __getitem__(self, number: int) -> tuple[str, int]:
        return next(kind for end, kind in self._kinds if number < end)


def _require(value: Any, part: str) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != _PARTS[part]:
        raise Malformed(f"{shorten(value)} is no {part} with {', '.join(sorted(_PARTS[part]))} alone")
    return value


def _read_hash(value: Any) -> bytes:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise Malformed(f"{shorten(value)} is no 32 bytes in hex")
    return bytes.fromhex(value)


def _write_salt(value: Any) -> str:
    return b64encode(_read_hash(value)).decode()


def _read_path(value: Any) -> list[bytes]:
    if not isinstance(value, list):
        raise Malformed(f"{shorten(value)} is no path")
    return [_read_hash(one) for one in value]
