"""The command `python -m tests.oracles.record`: notes, tiles and proofs of the record, checked by Go's sumdb.

Go's `golang.org/x/mod/sumdb` is the log behind Go's checksums. Debian has it as golang-golang-x-mod-dev; it is built
without any network. Random logs are written here and read there, and each verdict has to be the same on both sides.
"""

import argparse
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from record.formats.checkpoint import Checkpoint, open_checkpoint
from record.formats.cosignature import CosignatureVerifier, Cosigner
from record.formats.encodings import Malformed
from record.formats.keys import SignatureType, SignerKey, VerifierKey
from record.formats.note import Note, NoteSigner, NoteVerifier, open_note, sign_note
from record.formats.policy import Policy
from record.formats.tiles import (
    TILE_WIDTH,
    Bundle,
    Growth,
    HashesInTiles,
    Tile,
    grow,
    parse_path,
    tiles_between,
    write_bundle,
)
from record.formats.tree import EMPTY_ROOT, Frontier, leaf_hash
from record.formats.tree_proofs import (
    prove_consistency,
    prove_inclusion,
    verify_consistency,
    verify_inclusion,
)

SOURCES = Path("/usr/share/gocode")
PROGRAM = Path(__file__).parent / "sumdb/main.go"
# Around the ends of tiles, and one of three levels.
SIZES = (1, 2, 3, 255, 256, 257, 511, 512, 513, 66_000)

Ask = Callable[..., dict[str, Any]]


class Differs(AssertionError):
    """Something on which the two programs do not agree."""


def main() -> int:
    """Compare random logs and notes; return 1 at the first difference, 2 if Go or its sumdb is not installed."""
    parser = argparse.ArgumentParser(prog="record", description=__doc__)
    parser.add_argument("--logs", type=int, default=30, metavar="N", help="random logs, beside those of special sizes")
    parser.add_argument("--notes", type=int, default=2000, metavar="N", help="random notes, half of them damaged")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="instead of all that, read the record that export_record wrote here"
    )
    options = parser.parse_args()
    chance = Random(options.seed)
    if not shutil.which("go") or not (SOURCES / "src/golang.org/x/mod/sumdb").is_dir():
        sys.stdout.write("record: NOT COMPARED, golang-go or golang-golang-x-mod-dev is not installed\n")
        return 2
    with sumdb() as ask:
        try:
            if options.folder:
                size, names = read_exported(ask, chance, options.folder)
                sys.stdout.write(f"record: Go reads the {size} entries of {options.folder}, signed by {names}\n")
                return 0
            for size in (*SIZES, *(chance.randrange(1, 3000) for _ in range(options.logs))):
                compare_log(ask, chance, size)
            damaged = sum(compare_note(ask, chance) for _ in range(options.notes))
            paths = sum(compare_path(ask, chance) for _ in range(options.notes))
        except Differs as difference:
            sys.stdout.write(f"record: {difference}\n")
            return 1
    sys.stdout.write(
        f"record: {len(SIZES) + options.logs} logs and {options.notes} notes ({damaged} of them refused) agree, and "
        f"{options.notes} paths of tiles ({paths} refused)\n"
    )
    return 0


@contextmanager
def sumdb() -> Iterator[Ask]:
    """Build the program in Go, and yield a function that asks it."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "GO111MODULE": "off",
            "GOPATH": str(SOURCES),
            "GOFLAGS": "",
            "GOPROXY": "off",
            "GOTOOLCHAIN": "local",
            "GOCACHE": f"{folder}/cache",
        }
        built = f"{folder}/sumdb"
        subprocess.run(["go", "build", "-o", built, str(PROGRAM)], env=environment, cwd=folder, check=True)
        with subprocess.Popen([built], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:

            def ask(kind: str, **question: Any) -> dict[str, Any]:
                assert process.stdin
                assert process.stdout
                process.stdin.write(json.dumps({"Kind": kind, **question}, default=as_base64).encode() + b"\n")
                process.stdin.flush()
                answer: dict[str, Any] = json.loads(process.stdout.readline())
                return answer

            yield ask


def as_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@dataclass
class Log:
    """A log in a folder, as a server would keep it, and the roots that it had."""

    folder: Path
    frontier: Frontier = field(default_factory=Frontier)
    leaves: list[bytes] = field(default_factory=list)
    heads: dict[int, bytes] = field(default_factory=lambda: {0: EMPTY_ROOT})
    _bundle: list[bytes] = field(default_factory=list)

    def append(self, entries: list[bytes]) -> None:
        hashes = [leaf_hash(entry) for entry in entries]
        size = self.frontier.size
        self.frontier, growths = grow(self.frontier, hashes)
        require([one.tile for one in growths] == list(tiles_between(size, self.frontier.size)), "tiles that changed")
        for growth in growths:
            self._widen(growth)
        self.leaves += hashes
        self.heads[self.frontier.size] = self.frontier.root
        for entry in entries:
            self._bundle.append(entry)
            if len(self._bundle) == TILE_WIDTH:
                self._write_bundle(size // TILE_WIDTH)
                self._bundle.clear()
            size += 1
        if self._bundle:
            self._write_bundle(size // TILE_WIDTH)

    def read(self, tile: Tile) -> bytes:
        return (self.folder / tile.path).read_bytes()

    def _widen(self, growth: Growth) -> None:
        old = self.read(replace(growth.tile, width=growth.old_width)) if growth.old_width else b""
        self._write(growth.tile.path, old + b"".join(growth.hashes))

    def _write_bundle(self, index: int) -> None:
        self._write(Bundle(index, len(self._bundle)).path, write_bundle(self._bundle))

    def _write(self, path: str, data: bytes) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(data)


def read_exported(ask: Ask, chance: Random, folder: Path) -> tuple[int, str]:
    """Have Go read a whole record with its policy; return the number of entries, and who has signed the head."""
    policy = Policy.parse((folder / "policy").read_bytes())
    keys = [str(one.verifier.key) for one in (*policy.logs, *policy.witnesses.values())]
    opened = ask("open", Note=(folder / "checkpoint").read_bytes(), VKeys=keys)
    require(not opened["error"] and len(opened["verified"] or []) == len(keys), f"the head: {opened}")
    origin, size, root = opened["text"].splitlines()
    require(origin in opened["verified"], f"the key of {origin}")
    of_log = {"Folder": str(folder), "Size": int(size), "Root": base64.b64decode(root)}
    answer = ask("read_log", **of_log)
    require(not answer["error"] and answer["Leaves"] == int(size), f"the entries: {answer}")
    for index in {0, int(size) - 1, *(chance.randrange(int(size)) for _ in range(100))}:
        answer = ask("prove_record", Index=index, **of_log)
        require(not answer["error"], f"the proof of entry {index}: {answer}")
    return int(size), " and ".join(opened["verified"])


def compare_log(ask: Ask, chance: Random, size: int) -> None:
    """Write a log in batches, and have its checkpoint, tiles, entries and proofs checked."""
    with tempfile.TemporaryDirectory() as folder:
        log = Log(Path(folder))
        while log.frontier.size < size:
            batch = min(chance.choice((1, 7, 300, 20_000)), size - log.frontier.size)
            log.append([chance.randbytes(chance.randrange(40)) for _ in range(batch)])
        compare_checkpoint(ask, chance, log)
        of_log = {"Folder": folder, "Size": size, "Root": log.frontier.root}
        answer = ask("read_log", **of_log)
        require(not answer["error"] and answer["Leaves"] == size, f"a log of {size} entries: {answer['error']}")
        compare_inclusions(ask, chance, log, of_log)
        compare_consistencies(ask, chance, log, of_log)


def compare_checkpoint(ask: Ask, chance: Random, log: Log) -> None:
    key = SignerKey("urna.example/log", SignatureType.ED25519, chance.randbytes(32))
    witness = SignerKey("witness.example", SignatureType.COSIGNATURE, chance.randbytes(32))
    head = Checkpoint(key.name, log.frontier.size, log.frontier.root)
    cosignature = Cosigner(witness).cosign(head.text, chance.randrange(1, 2**40))
    note = sign_note(head.text, NoteSigner(key)).with_signatures([cosignature])
    keys = [str(key.verifier_key), str(witness.verifier_key)]
    answer = ask("open", Note=note.to_bytes(), VKeys=keys)
    require(answer["text"] == head.text and answer["verified"] == [key.name, witness.name], f"checkpoint: {answer}")
    verifiers = [NoteVerifier(key.verifier_key)], [CosignatureVerifier(witness.verifier_key)]
    opened = open_checkpoint(note.to_bytes(), origin=key.name, logs=verifiers[0], witnesses=verifiers[1])
    require(opened.checkpoint == head, "our own checkpoint")


def compare_inclusions(ask: Ask, chance: Random, log: Log, of_log: dict[str, Any]) -> None:
    size, root = log.frontier.size, log.frontier.root
    for index in sorted({0, size - 1, *(chance.randrange(size) for _ in range(5))}):
        proof = prove_inclusion(index, size, HashesInTiles(size, log.read))
        theirs = ask("prove_record", Index=index, **of_log)
        require([as_base64(one) for one in proof] == (theirs["proof"] or []), f"proof of {index} in {size}: {theirs}")
        for some in (proof, *damaged_proofs(chance, proof)):
            question = {"Index": index, "Leaf": log.leaves[index], "Proof": some, "Size": size, "Root": root}
            ours = accepts(verify_inclusion, some, index, size, root, log.leaves[index])
            require(ours == (not ask("check_record", **question)["error"]) == (some == proof), f"inclusion: {question}")


def compare_consistencies(ask: Ask, chance: Random, log: Log, of_log: dict[str, Any]) -> None:
    size, root = log.frontier.size, log.frontier.root
    # Go knows no consistency with the empty tree.
    heads = sorted(log.heads.items())[1:]
    for old_size, old_root in sorted({heads[0], heads[-1], *(chance.choice(heads) for _ in range(5))}):
        proof = prove_consistency(old_size, size, HashesInTiles(size, log.read))
        theirs = ask("prove_tree", OldSize=old_size, **of_log)
        require([as_base64(one) for one in proof] == (theirs["proof"] or []), f"from {old_size} to {size}: {theirs}")
        for some in (proof, *damaged_proofs(chance, proof)):
            question = {"OldSize": old_size, "OldRoot": old_root, "Proof": some, "Size": size, "Root": root}
            ours = accepts(verify_consistency, some, old_size, old_root, size, root)
            require(ours == (not ask("check_tree", **question)["error"]) == (some == proof), f"consistency: {question}")


def damaged_proofs(chance: Random, proof: list[bytes]) -> Iterator[list[bytes]]:
    """Yield a proof with a hash too many, too few, flipped, and with two swapped."""
    yield [*proof, chance.randbytes(32)]
    if proof:
        place = chance.randrange(len(proof))
        yield [*proof[:place], *proof[place + 1 :]]
        yield [*proof[:place], bytes(one ^ 1 for one in proof[place]), *proof[place + 1 :]]
    if len(proof) > 1 and proof[0] != proof[-1]:
        yield [proof[-1], *proof[1:-1], proof[0]]


def compare_note(ask: Ask, chance: Random) -> bool:
    """Open a note that Go has signed, or a damaged copy of it; return whether both refuse it."""
    text = "".join(chance.choice(["a", "é", " ", "\n", "\n\n", "— ", "+", "="]) for _ in range(chance.randrange(30)))
    made = ask("sign", Name=chance.choice(["a", "é/x", "go.example"]), Text=text + "\n", Seed=chance.randbytes(32))
    data = base64.b64decode(made["note"])
    key = SignerKey.parse(made["skey"])
    require(str(key.verifier_key) == made["vkey"] and key.to_secret_text() == made["skey"], f"key: {made['vkey']}")
    require(sign_note(text + "\n", NoteSigner(key)).to_bytes() == data, f"note: {data!r}")
    if chance.random() < 0.5:
        data = damaged(chance, data)
    theirs = ask("open", Note=data, VKeys=[made["vkey"]])
    try:
        ours = open_note(data, [NoteVerifier(VerifierKey.parse(made["vkey"]))]).text
        require(Note.parse(data).to_bytes() == data, f"written otherwise: {data!r}")
    except ValueError as error:
        # Go takes base64 with bits that mean nothing.
        is_stricter = isinstance(error, Malformed) and "no canonical base64" in str(error)
        require(bool(theirs["error"]) or is_stricter, f"refused here alone: {data!r}: {error}")
        return True
    require(ours == theirs["text"], f"taken here alone: {data!r}: {theirs['error']}")
    return False


def damaged(chance: Random, data: bytes) -> bytes:
    """Return bytes of which one is gone, another one, or doubled, or that are cut."""
    place = chance.randrange(len(data))
    return chance.choice(
        (
            data[:place],
            data[:place] + data[place + 1 :],
            data[:place] + bytes([chance.choice(b"\n\r\0 =+A\xff")]) + data[place + 1 :],
            data[:place] + data[place : place + 1] + data[place:],
            data + data[place:],
        )
    )


def compare_path(ask: Ask, chance: Random) -> bool:
    """Compare the path of a tile, and whether a damaged copy of it is one; return whether both refuse it."""
    level = chance.randrange(5)
    tile = Tile(level, chance.randrange(10 ** chance.randrange(1, 7)), chance.randrange(1, TILE_WIDTH + 1))
    theirs = ask("path", Level=level, Index=tile.index, Width=tile.width)["path"]
    require(theirs == tile.path and parse_path(theirs) == tile, f"path: {tile} {theirs}")
    path = damaged(chance, theirs.encode()).decode(errors="replace")
    is_one = accepts(parse_path, path)
    # Go has no limit of the size, and other names for bundles.
    require(is_one <= (not ask("parse_path", Path=path)["error"]), f"path: {path!r}")
    return not is_one


def accepts(check: Callable[..., object], *arguments: object) -> bool:
    try:
        check(*arguments)
    except ValueError:
        return False
    return True


def require(agrees: bool, what: str) -> None:
    if not agrees:
        raise Differs(what)


if __name__ == "__main__":
    sys.exit(main())
