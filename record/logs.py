"""Begin the log of an election: its origin, its key, and the checkpoint of the empty tree."""

import secrets
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from .entry import SALT_BYTES
from .formats.checkpoint import Checkpoint
from .formats.keys import SignatureType, SignerKey
from .formats.note import NoteSigner, sign_note
from .formats.tree import Frontier
from .models import Log, LogSecret

# The seed of an Ed25519 key.
SEED_BYTES = 32


def begin(election: int, slug: str) -> None:
    """Begin the log of an election that has opened, if it has none; in a transaction of its own, or in an open one."""
    with transaction.atomic():
        key = SignerKey(origin_of(slug), SignatureType.ED25519, secrets.token_bytes(SEED_BYTES))
        secret = LogSecret(
            election_id=election, signer_key=key.to_secret_text(), salt_secret=secrets.token_bytes(SALT_BYTES)
        )
        frontier = Frontier()
        log = Log(
            election_id=election,
            origin=key.name,
            verifier_key=str(key.verifier_key),
            frontier=frontier.to_bytes(),
            checkpoint=sign(key, frontier),
        )
        # Two workers that begin at once: the second one waits, and leaves what the first one has written.
        LogSecret.objects.bulk_create([secret], ignore_conflicts=True)
        if LogSecret.objects.filter(election=election, signer_key=secret.signer_key).exists():
            log.save(force_insert=True)


def read_secret(election: int, slug: str) -> LogSecret:
    """Return the secrets of a log, which begins now if it has not yet.

    They are read anew for each drain, and outside of its transactions: one that was kept could be that of a transaction
    that was rolled back, or of a database that has been replaced by its backup.
    """
    found = LogSecret.objects.filter(election=election).first()
    if found is None:
        begin(election, slug)
        found = LogSecret.objects.get(election=election)
    return found


def origin_of(slug: str) -> str:
    """Return the name of an election's log and of its key: the address of its results without the scheme."""
    site = urlsplit(settings.RESULT_URL)
    name = f"{site.netloc}{site.path.rstrip('/')}" or f"localhost:{settings.RESULT_PORT}"
    return f"{name}/{slug}"


def sign(key: SignerKey, frontier: Frontier) -> str:
    """Return the signed checkpoint of a tree."""
    checkpoint = Checkpoint(key.name, frontier.size, frontier.root)
    return sign_note(checkpoint.text, NoteSigner(key)).to_bytes().decode()
