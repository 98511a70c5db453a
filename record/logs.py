"""Begin the log of an election, and that of the installation: origin, key, and the checkpoint of the empty tree."""

import secrets
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from .entry import SALT_BYTES
from .formats.checkpoint import Checkpoint
from .formats.keys import SignatureType, SignerKey
from .formats.note import NoteSigner, sign_note
from .formats.tree import Frontier
from .models import InstallationLog, InstallationSecret, Log, LogSecret, SignedLog

# The seed of an Ed25519 key.
SEED_BYTES = 32
# The last part of the address of the installation's log. No address of an election has a dot.
INSTALLATION = "installation.log"


def begin(election: int, slug: str) -> None:
    """Begin the log of an election that has opened, if it has none; in a transaction of its own, or in an open one."""
    with transaction.atomic():
        key = _make_key(slug)
        secret = LogSecret(
            election_id=election, signer_key=key.to_secret_text(), salt_secret=secrets.token_bytes(SALT_BYTES)
        )
        log = Log(election_id=election, **_begin_with(key))
        # Two workers that begin at once: the second one waits, and leaves what the first one has written.
        LogSecret.objects.bulk_create([secret], ignore_conflicts=True)
        if LogSecret.objects.filter(election=election, signer_key=secret.signer_key).exists():
            log.save(force_insert=True)


def begin_installation() -> None:
    """Begin the log of the installation, if there is none."""
    key = _make_key(INSTALLATION)
    with transaction.atomic():
        # Two workers that begin at once: the second one waits, and leaves what the first one has written.
        InstallationLog.objects.bulk_create([InstallationLog(**_begin_with(key))], ignore_conflicts=True)
        if (log := InstallationLog.objects.get()).verifier_key == str(key.verifier_key):
            InstallationSecret.objects.create(log=log, signer_key=key.to_secret_text())


def find(election: int | None) -> SignedLog:
    """Return the log of an election, or that of the installation; raises ObjectDoesNotExist."""
    if election is None:
        return InstallationLog.objects.defer("frontier").get()
    return Log.objects.defer("frontier", "fates").get(pk=election)


def _make_key(last: str) -> SignerKey:
    return SignerKey(origin_of(last), SignatureType.ED25519, secrets.token_bytes(SEED_BYTES))


def _begin_with(key: SignerKey) -> dict[str, Any]:
    frontier = Frontier()
    return {
        "origin": key.name,
        "verifier_key": str(key.verifier_key),
        "frontier": frontier.to_bytes(),
        "checkpoint": sign(key, frontier),
    }


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


def origin_of(last: str) -> str:
    """Return the name of a log and of its key: its address on the site of results, without the scheme."""
    site = urlsplit(settings.RESULT_URL)
    name = f"{site.netloc}{site.path.rstrip('/')}" or f"localhost:{settings.RESULT_PORT}"
    return f"{name}/{last}"


def sign(key: SignerKey, frontier: Frontier) -> str:
    """Return the signed checkpoint of a tree."""
    checkpoint = Checkpoint(key.name, frontier.size, frontier.root)
    return sign_note(checkpoint.text, NoteSigner(key)).to_bytes().decode()
