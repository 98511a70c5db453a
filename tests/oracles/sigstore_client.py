"""The command `python -m tests.oracles.sigstore_client`: heads and receipts of records, checked by sigstore-python.

It is a client of Rekor, whose logs have C2SP's checkpoints and tiles, and has code of its own for signed notes and
inclusion. The two functions asked here are internal ones: the package offers none that takes a single proof.
"""

import argparse
import importlib.util
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from record.formats.checkpoint import Checkpoint
from record.formats.cosignature import Cosigner
from record.formats.keys import SignatureType, SignerKey, VerifierKey
from record.formats.note import NoteSigner, sign_note
from record.formats.proof import Proof
from record.formats.tiles import TILE_WIDTH, Bundle, HashesInTiles, read_bundle, tile_width
from record.formats.tree_proofs import prove_inclusion

from .record import SIZES, Differs, Log, damaged_proofs, require

Accepts = Callable[[Proof, VerifierKey], bool]


def main() -> int:
    """Compare random logs, or read a record; return 1 at the first difference, 2 if sigstore is not installed."""
    parser = argparse.ArgumentParser(prog="sigstore_client", description=__doc__)
    parser.add_argument("--logs", type=int, default=30, metavar="N", help="random logs, beside those of special sizes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="instead of all that, read the record that export_record wrote here"
    )
    options = parser.parse_args()
    if importlib.util.find_spec("sigstore") is None:
        sys.stdout.write("sigstore: NOT COMPARED, it is not installed\n")
        return 2
    chance, accepts = Random(options.seed), make_client()
    try:
        if options.folder:
            number = read_record(accepts, chance, options.folder)
            sys.stdout.write(f"sigstore: takes {number} receipts of {options.folder}\n")
            return 0
        sizes = (*SIZES, *(chance.randrange(1, 3000) for _ in range(options.logs)))
        taken, refused = map(sum, zip(*(compare_log(accepts, chance, size) for size in sizes), strict=True))
    except Differs as difference:
        sys.stdout.write(f"sigstore: {difference}\n")
        return 1
    sys.stdout.write(f"sigstore: {len(sizes)} logs agree: {taken} receipts are taken, {refused} damaged ones refused\n")
    return 0


def make_client() -> Accepts:
    """Return a function that tells whether sigstore takes a receipt, which brings its entry, under a key."""
    from sigstore._internal.merkle import verify_merkle_inclusion
    from sigstore._internal.rekor.checkpoint import verify_checkpoint
    from sigstore._internal.trust import Keyring
    from sigstore.errors import VerificationError
    from sigstore_models.common import v1

    def accepts(receipt: Proof, key: VerifierKey) -> bool:
        public = Ed25519PublicKey.from_public_bytes(key.public_key)
        der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        keyring = Keyring([SimpleNamespace(raw_bytes=der, key_details=v1.PublicKeyDetails.PKIX_ED25519)])
        head = Checkpoint.parse(receipt.checkpoint.decode().partition("\n\n")[0] + "\n")
        proof = SimpleNamespace(
            log_index=receipt.index,
            tree_size=head.size,
            root_hash=head.root,
            hashes=list(receipt.hashes),
            checkpoint=SimpleNamespace(envelope=receipt.checkpoint.decode()),
        )
        entry: Any = SimpleNamespace(
            _inner=SimpleNamespace(
                inclusion_proof=proof, canonicalized_body=receipt.extra, log_id=SimpleNamespace(key_id=key.key_id)
            )
        )
        try:
            verify_checkpoint(keyring, entry)
            verify_merkle_inclusion(entry)
        except VerificationError:
            return False
        return True

    return accepts


def compare_log(accepts: Accepts, chance: Random, size: int) -> tuple[int, int]:
    """Write a log, and have receipts out of it checked, also damaged ones; return how many were taken and refused."""
    key = SignerKey("urna.example/log", SignatureType.ED25519, chance.randbytes(32))
    witness = SignerKey("witness.example", SignatureType.COSIGNATURE, chance.randbytes(32))
    entries = [chance.randbytes(chance.randrange(1, 40)) for _ in range(size)]
    with tempfile.TemporaryDirectory() as folder:
        log = Log(Path(folder))
        log.append(entries)
        head = Checkpoint(key.name, size, log.frontier.root)
        note = sign_note(head.text, NoteSigner(key))
        note = note.with_signatures([Cosigner(witness).cosign(head.text, chance.randrange(1, 2**40))])
        places = sorted({0, size - 1, *(chance.randrange(size) for _ in range(5))})
        refused = 0
        for place in places:
            proof = prove_inclusion(place, size, HashesInTiles(size, log.read))
            receipt = Proof(place, tuple(proof), note.to_bytes(), extra=entries[place])
            require(Proof.parse(receipt.to_bytes()) == receipt, f"a receipt of {place} in {size} as a file")
            require(accepts(receipt, key.verifier_key), f"a receipt of {place} in {size}")
            for wrong in damaged_receipts(chance, receipt, size):
                require(not accepts(wrong, key.verifier_key), f"a damaged receipt of {place} in {size}: {wrong}")
                refused += 1
    return len(places), refused


def damaged_receipts(chance: Random, receipt: Proof, size: int) -> Iterator[Proof]:
    """Yield a receipt with other hashes, of another entry, and under a head that nobody has signed."""
    for hashes in damaged_proofs(chance, list(receipt.hashes)):
        yield Proof(receipt.index, tuple(hashes), receipt.checkpoint, receipt.extra)
    assert receipt.extra is not None
    yield Proof(receipt.index, receipt.hashes, receipt.checkpoint, receipt.extra + b"x")
    yield Proof(
        receipt.index,
        receipt.hashes,
        receipt.checkpoint.replace(f"\n{size}\n".encode(), b"\n999999\n", 1),
        receipt.extra,
    )


def read_record(accepts: Accepts, chance: Random, folder: Path) -> int:
    """Have receipts of a whole record checked, made of its tiles; return how many."""
    [key] = map(VerifierKey.parse, (folder / "key").read_text().splitlines())
    checkpoint = (folder / "checkpoint").read_bytes()
    head = Checkpoint.parse(checkpoint.decode().partition("\n\n")[0] + "\n")
    hashes = HashesInTiles(head.size, lambda tile: (folder / tile.path).read_bytes())
    places = {0, head.size - 1, *(chance.randrange(head.size) for _ in range(100))}
    for place in places:
        bundle = Bundle(place // TILE_WIDTH, tile_width(0, place // TILE_WIDTH, head.size))
        entry = read_bundle((folder / bundle.path).read_bytes(), bundle.width)[place % TILE_WIDTH]
        receipt = Proof(place, tuple(prove_inclusion(place, head.size, hashes)), checkpoint, extra=entry)
        require(accepts(receipt, key), f"the receipt of entry {place}")
    return len(places)


if __name__ == "__main__":
    sys.exit(main())
