"""Folders with records of elections, made by the code of the server: what the verifier has to find right."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from polls import methods
from polls.design import Paper, hash_paper
from polls.markings import count_keys
from polls.methods import ContestOnBallot
from record.ballot_piles import ballots_json
from record.entry import Entry, OpenBallot, derive_salt
from record.formats.checkpoint import Checkpoint
from record.formats.cosignature import Cosigner
from record.formats.keys import SignatureType, SignerKey
from record.formats.note import NoteSigner, sign_note
from record.formats.tiles import Bundle, grow, write_bundle
from record.formats.tree import Frontier, leaf_hash, root_hash
from tabulation import canonical_json
from tabulation.contest import Contest
from tabulation.draw import Draw, SecretDraw
from tally.outcomes import tabulate
from tally.withdrawals import Recounted, without
from tests.conftest import contest

ELECTION = "assembly"
ORIGIN = f"urna.example/{ELECTION}"
LOG = SignerKey(ORIGIN, SignatureType.ED25519, bytes([1] * 32))
OTHER_LOG = SignerKey(ORIGIN, SignatureType.ED25519, bytes([2] * 32))
WITNESSES = {
    name: SignerKey(f"witness.example/{name}", SignatureType.COSIGNATURE, bytes([100 + place] * 32))
    for place, name in enumerate(("w1", "w2", "w3"))
}
SECRET = "a secret of the draw"
ANIMALS = ("ant", "bee", "cat", "dog")
RULES: dict[str, dict[str, Any]] = {
    "approval": {"max_choices": 3, "min_choices": 1, "blank": True},
    "motion": {"yes": "ant", "no": "bee", "abstain": "cat", "quorum": 10},
    "score": {"max_score": 10},
    "stv": {"variant": "meek", "random_order": True},
}
PAPER = Paper(
    "Assembly",
    "What we “decide”.",
    False,
    tuple(
        contest(
            name.replace("-", ""),
            ANIMALS[:3] if name == "motion" else ANIMALS,
            method=name,
            version=method.version,
            seats=2 if method.fills_seats and name != "plurality" else 1,
            rules=RULES.get(name, {}),
            groups=("staff",) if name == "borda" else (),
        )
        for name, method in methods.METHODS.items()
    ),
    eligibility="roll",
    tie_break="draw",
    draw_hash=SecretDraw(SECRET).commitment,
)


@dataclass(frozen=True)
class Cast:
    """A ballot as it was cast, and what became of it."""

    marking: str
    weight: int = 1
    fate: str = "counts"


@dataclass(frozen=True)
class Record:
    """All that a folder is made of; a test changes a part, and writes the rest anew."""

    cast: tuple[Cast, ...]
    paper: Paper = PAPER
    draw: Draw | None = field(default_factory=lambda: SecretDraw(SECRET))
    # Options that have withdrawn, by contest.
    gone: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def design(self) -> str:
        return hash_paper(self.paper.write())

    def salts(self) -> list[bytes]:
        return [derive_salt(bytes([9] * 32), "A" * 22, str(number)) for number in range(len(self.cast))]

    def entries(self) -> list[bytes]:
        pairs, design = zip(self.cast, self.salts(), strict=True), self.design
        return [Entry.of(OpenBallot(ELECTION, design, one.marking, one.weight), salt).to_bytes() for one, salt in pairs]

    def counting(self) -> list[Cast]:
        return [one for one in self.cast if one.fate == "counts"]

    def piles(self) -> dict[str, Counter[tuple[str, int]]]:
        piles: dict[str, Counter[tuple[str, int]]] = {one.key: Counter() for one in self.paper.contests}
        for cast in self.counting():
            for part in cast.marking.split(";"):
                key, _, own = part.partition("=")
                piles[key][own, cast.weight] += 1
        return piles

    def write(self, folder: Path) -> Path:
        """Write all files of the folder but earlier checkpoints and a policy."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "key").write_text(f"{LOG.verifier_key}\n")
        (folder / "paper.json").write_text(self.paper.write(), encoding="utf-8")
        (folder / "fates").write_text("".join(f"{one.fate}\n" for one in self.cast))
        ballots = ballots_json(ELECTION, self.design, self.paper, self.piles())
        (folder / "ballots.json").write_text(ballots, encoding="utf-8")
        (folder / "certified.json").write_text(canonical_json.write(self.certified()), encoding="utf-8")
        lines = zip(self.salts(), self.cast, strict=True)
        (folder / "audit").write_text(
            "".join(f"{salt.hex()} {one.weight} {json.dumps(one.marking)}\n" for salt, one in lines)
        )
        write_log(folder, self.entries())
        return folder

    def certified(self) -> dict[str, Any]:
        counting = self.counting()
        votes = sum(one.weight for one in counting)
        counts: Counter[str] = Counter()
        for one in counting:
            for key in count_keys(one.marking, self.paper.contests):
                counts[key] += one.weight
        entitled = {one.key: votes + 5 for one in self.paper.contests}
        outcomes = [
            one._replace(recounted=self._recount(one.key)) if one.key in self.gone else one
            for one in tabulate(self.paper, counts, votes, entitled, self.draw)
        ]
        fates = Counter(one.fate for one in self.cast)
        fields = {
            "format": 1,
            "election": ELECTION,
            "design": self.design,
            "paper": json.loads(self.paper.write()),
            "opened_at": "2026-05-04T10:00:00Z",
            "closed_at": "2026-05-04T12:00:00Z",
            "certified_at": "2026-05-04T13:00:00Z",
            "ballots": len(counting),
            "votes": votes,
            "account": {"accepted": len(self.cast), "ballots": {"counted": len(counting)}, "known_problems": []},
            "set_aside": {
                fate.removeprefix("set-aside "): n for fate, n in fates.items() if fate.startswith("set-aside")
            },
            "contests": [one.as_dict() for one in outcomes],
            "draw": {"sha256": self.paper.draw_hash, "secret": SECRET} if self.paper.draw_hash else None,
        }
        plain: dict[str, Any] = json.loads(json.dumps(fields))
        return plain

    def _recount(self, key: str) -> Recounted:
        """Count a contest without the options that have withdrawn, as `tally.withdrawals` does from its rows."""
        [whole] = [one for one in self.paper.contests if one.key == key]
        method, left = methods.get(whole.method), without(whole, set(self.gone[key]))
        counts: Counter[str] = Counter()
        ballots = blank = 0
        for (marking, weight), number in self.piles()[key].items():
            votes = weight * number
            for option in self.gone[key]:
                marking = marking and method.strike(marking, option, whole)
            ballots += votes
            blank += 0 if marking else votes
            for one in method.count_keys(marking, left) if marking else ():
                counts[one] += votes
        given = Contest(left.keys, left.seats, left.counting_rules, ballots, blank, key=key, draw=self.draw)
        outcome = method.tabulate(given, counts)
        return Recounted(self.gone[key], tuple("ill" for _ in self.gone[key]), blank, outcome)


def write_log(folder: Path, entries: Sequence[bytes], *, signer: SignerKey = LOG) -> None:
    """Write entries as bundles and hash tiles, and the checkpoint over them."""
    for index in range(0, len(entries), 256):
        width = min(len(entries) - index, 256)
        write(folder, Bundle(index // 256, width).path, write_bundle(entries[index : index + 256]))
    frontier, growths = grow(Frontier(), list(map(leaf_hash, entries)))
    for growth in growths:
        write(folder, growth.tile.path, b"".join(growth.hashes))
    write(folder, "checkpoint", checkpoint(entries, signer=signer))
    assert frontier.size == len(entries)


def checkpoint(entries: Sequence[bytes], *, signer: SignerKey = LOG, witnesses: Iterable[str] = ()) -> bytes:
    """Return the signed checkpoint over some entries, cosigned by witnesses."""
    head = Checkpoint(signer.name, len(entries), root_hash(list(map(leaf_hash, entries))))
    note = sign_note(head.text, NoteSigner(signer))
    cosigned = [Cosigner(WITNESSES[name]).cosign(head.text, 1_700_000_000) for name in witnesses]
    return note.with_signatures(cosigned).to_bytes()


def policy(quorum: str, *lines: str) -> bytes:
    """Return a policy with the log and all witnesses."""
    witnesses = [f"witness {name} {key.verifier_key}" for name, key in WITNESSES.items()]
    return "".join(f"{line}\n" for line in (f"log {LOG.verifier_key}", *witnesses, *lines, f"quorum {quorum}")).encode()


def write(folder: Path, name: str, data: bytes) -> None:
    """Write a file of a folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def invent(paper: Paper, number: int, *, seed: int = 1, weights: Sequence[int] = (1, 1, 1, 3)) -> tuple[Cast, ...]:
    """Return ballots that could have been cast: most of them count, some are replaced, one was set aside."""
    chance = Random(seed)
    cast = []
    for place in range(number):
        on_paper = [one for one in paper.contests if not one.groups or chance.random() < 0.3]
        marking = ";".join(f"{one.key}={_invent(one, chance)}" for one in on_paper)
        fate = "set-aside already-counted" if place == 7 else "replaced" if place % 10 == 3 else "counts"
        cast.append(Cast(marking, chance.choice(weights), fate))
    return tuple(cast)


def _invent(one: ContestOnBallot, chance: Random) -> str:
    if one.may_be_blank and chance.random() < 0.1:
        return ""
    marking = methods.get(one.method).invent(one, chance)
    # What is invented has no equals.
    return marking.replace(">", "=", 1) if one.method == "schulze" and marking.startswith("ant>bee") else marking


def with_contests(*contests: ContestOnBallot, **changes: Any) -> Paper:
    """Return a paper of other contests, whose ties stay open."""
    return replace(PAPER, contests=contests, tie_break="", draw_hash="", **changes)


def sha256(path: Path) -> str:
    """Return the hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
