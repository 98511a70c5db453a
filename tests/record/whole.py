"""Check a whole record by what `result` serves of it, beside the ballots that the database has."""

from typing import Any

from django.test import Client

from polls.models import Election
from record.entry import Entry
from record.event import Event
from record.formats.checkpoint import Checkpoint, open_checkpoint
from record.formats.keys import VerifierKey
from record.formats.note import NoteVerifier
from record.formats.tiles import Bundle, read_bundle, tile_width, tiles_between
from record.formats.tree import leaf_hash, root_hash
from record.logs import INSTALLATION
from record.models import Log, LogSecret
from record.openings import Opener, cast_records, rejected_ballots


def serve(path: str) -> Any:
    """Answer as the results pages do."""
    response = Client().get(path)
    assert response.status_code == 200, (path, response.content)
    return response


def files_of(slug: str) -> str:
    """Return the address of the files of an election's record, or of the installation's log."""
    return f"/{slug}" if slug == INSTALLATION else f"/{slug}/record"


def read_head(slug: str) -> Checkpoint:
    """Return the newest checkpoint, once its signature is checked."""
    key = VerifierKey.parse(serve(f"{files_of(slug)}/key").content.decode().strip())
    signed = serve(f"{files_of(slug)}/checkpoint").content
    return open_checkpoint(signed, origin=key.name, logs=[NoteVerifier(key)]).checkpoint


def read_entries(slug: str, size: int) -> list[bytes]:
    """Return the first `size` entries out of bundles."""
    entries: list[bytes] = []
    while len(entries) < size:
        index = len(entries) // 256
        bundle = Bundle(index, tile_width(0, index, size))
        entries += read_bundle(serve(f"{files_of(slug)}/{bundle.path}").content, bundle.width)
    return entries


def check_whole(election: Election) -> list[Entry]:
    """Check tree, tiles and signature, and that the entries are those of the ballots; return them."""
    election.refresh_from_db()
    head = read_head(election.slug)
    entries = read_entries(election.slug, head.size)
    leaves = [leaf_hash(entry) for entry in entries]
    assert root_hash(leaves) == head.root
    check_tiles(election.slug, leaves)
    first = Log.objects.get(election=election).first_ballot
    parsed = [Entry.parse(entry) for entry in entries[first:]]
    commitments = [entry.commitment for entry in parsed]
    assert len(set(commitments)) == len(commitments)
    assert set(commitments) == commitments_of(election)
    assert {(entry.election, entry.design) for entry in parsed} <= {(election.slug, election.in_force)}
    return parsed


def check_installation() -> list[Event]:
    """Check tree, tiles and signature of the installation's log; return its events."""
    head = read_head(INSTALLATION)
    entries = read_entries(INSTALLATION, head.size)
    leaves = [leaf_hash(entry) for entry in entries]
    assert root_hash(leaves) == head.root
    check_tiles(INSTALLATION, leaves)
    return [Event.parse(entry) for entry in entries]


def check_tiles(slug: str, leaves: list[bytes]) -> None:
    """Check each tile of the tree against its leaves."""
    rows = [leaves]
    for tile in tiles_between(0, len(leaves)):
        while len(rows) <= tile.level:
            below = rows[-1]
            full = range(0, len(below) // 256 * 256, 256)
            rows.append([root_hash(below[place : place + 256]) for place in full])
        wanted = b"".join(rows[tile.level][tile.index * 256 : tile.index * 256 + tile.width])
        assert serve(f"{files_of(slug)}/{tile.path}").content == wanted, tile.path


def commitments_of(election: Election) -> set[bytes]:
    """Return what each ballot of an election is committed to by."""
    secret = LogSecret.objects.get(election=election)
    opener = Opener(bytes(secret.salt_secret), election.slug, election.in_force)
    found = {opener.commit_to(one) for one in cast_records(election.pk)}
    return found | {opener.commit_to_rejected(one) for one in rejected_ballots(election.pk)}
