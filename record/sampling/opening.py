"""What a worker does for audits by sample: it makes the manifest, and opens the entries of a sample.

The office, which asks for both, may read neither markings nor secrets.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from polls.life import State
from polls.models import Election
from tally import store
from tally.recorder import Contradiction

from ..ballot_piles import split_by_contest
from ..fates import WORDS, commitments_in_order
from ..formats.keys import SignerKey
from ..formats.note import NoteSigner, sign_note
from ..formats.tree_proofs import hashes_over, prove_inclusion
from ..models import Audit, Log, LogSecret, OpenedEntry, Sample
from ..openings import Opening
from ..recorder import guarded
from . import picks
from .links import Links, make_links, write_manifest

logger = logging.getLogger(__name__)

# The advisory lock of sampling; those of the count, completing and witnesses have the others.
SAMPLING_LOCK = (0, 5)
STOPS = "its audit by sample goes no further"


def carry_out_all() -> None:
    """Make the manifests and open the samples that were asked for, unless another worker is at it.

    What a worker began that died is begun anew: nothing of a manifest or of a sample is stored before it is whole.
    """
    audits = Audit.objects.filter(
        manifest="", problem="", election__state=State.FINAL, election__log__fates__isnull=False
    )
    samples = Sample.objects.filter(opened_at=None, problem="", audit__election__state=State.FINAL)
    if not (audits.exists() or samples.exists()):
        return
    with store.alone(*SAMPLING_LOCK) as alone:
        if not alone:
            return
        for audit in audits.select_related("election"):
            with guarded(STOPS, audit.election.slug):
                make_ready(audit)
        for sample in samples.select_related("audit__election").order_by("pk"):
            with guarded(STOPS, sample.audit.election.slug):
                open_sample(sample)


def make_ready(audit: Audit) -> None:
    """Store the manifest of an audit, signed by the key of the record, or why there is none."""
    election = audit.election
    log, secret = _read_log(election)
    try:
        manifest = write_manifest(election, log, make_links(election, log, bytes(secret.salt_secret)))
    except Contradiction as problem:
        logger.error("ALARM %s: it cannot be audited by a sample: %s", election.slug, problem)
        Audit.objects.filter(pk=audit.pk).update(problem=str(problem))
        return
    note = sign_note(manifest.text, NoteSigner(SignerKey.parse(secret.signer_key)))
    # Never a second one: whoever has thrown dice knows the first.
    Audit.objects.filter(pk=audit.pk, manifest="").update(manifest=note.to_bytes().decode())


def open_sample(sample: Sample) -> None:
    """Open the entries of a sample, or store why they cannot be opened."""
    election = sample.audit.election
    log, secret = _read_log(election)
    seed = picks.write_seed(sample.audit.manifest_text, sample.dice)
    drawn = list(dict.fromkeys(picks.draw(seed, sample.draws, log.ballots)))
    try:
        if sample.audit.samples.filter(pk__lt=sample.pk).count() >= picks.MOST_SAMPLES:
            raise Contradiction(f"there are more than {picks.MOST_SAMPLES} samples, which the office does not allow")
        links = make_links(election, log, bytes(secret.salt_secret), set(drawn))
        if write_manifest(election, log, links).text != sample.audit.manifest_text:
            raise Contradiction("the ballots or the entries are not those any more of which the manifest was made")
    except Contradiction as problem:
        logger.error("ALARM %s: it cannot be audited by a sample: %s", election.slug, problem)
        Sample.objects.filter(pk=sample.pk).update(problem=str(problem))
        return
    rows = _open(sample, drawn, links, log)
    unequal = [row.entry for row in rows if not row.is_equal]
    if unequal:
        logger.error("ALARM %s: %s entries of a sample are not what is published", election.slug, len(unequal))
    with transaction.atomic():
        OpenedEntry.objects.bulk_create(rows, batch_size=500)
        Sample.objects.filter(pk=sample.pk).update(opened_at=timezone.now(), unequal=len(unequal))


def _read_log(election: Election) -> tuple[Log, LogSecret]:
    return Log.objects.get(pk=election.pk), LogSecret.objects.get(election=election)


def _open(sample: Sample, drawn: Sequence[int], links: Links, log: Log) -> list[OpenedEntry]:
    wanted = set(drawn)
    commitments = {entry: one for entry, one in enumerate(commitments_in_order(log.pk)) if entry in wanted}
    read_link, read_ballot = hashes_over(links.link_leaves), hashes_over(links.ballot_leaves)
    number = len(links.ballot_leaves)
    rows = []
    for entry in drawn:
        opening, linked = links.opened[entry], links.ballots_of(entry)
        ballots = [
            _tell_ballot(links, contest, ballot)
            | {"path": _write(prove_inclusion(links.place_of_ballot(contest, ballot), number, read_ballot))}
            for contest, ballot in (linked or {}).items()
        ]
        told = {
            "entry": entry,
            "salt": opening.salt.hex(),
            "weight": opening.weight,
            "marking": opening.marking,
            "fate": WORDS[bytes(log.fates or b"")[entry : entry + 1]],
            "link": {
                "ballots": linked,
                "salt": links.salt_of_link(entry).hex(),
                "path": _write(prove_inclusion(entry, links.size, read_link)),
            },
            "ballots": ballots,
        }
        is_equal = linked is None or is_published(opening, ballots)
        rows.append(
            OpenedEntry(sample=sample, entry=entry, commitment=commitments[entry], opening=told, is_equal=is_equal)
        )
    return rows


def _tell_ballot(links: Links, contest: str, number: int) -> dict[str, Any]:
    """Return a published ballot as a sample has it, without its path."""
    one = links.contests[contest]
    entry = one.entry_of[number]
    marking, weight = one.kinds[one.kind_of[entry]]
    salt = links.salt_of_ballot(contest, number).hex()
    return {"contest": contest, "number": number, "entry": entry, "salt": salt, "marking": marking, "weight": weight}


def is_published(opening: Opening, ballots: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether published ballots are by contest just what an entry says, each with its weight."""
    said = {key: (own, opening.weight) for key, own in split_by_contest(opening.marking)}
    return said == {one["contest"]: (one["marking"], one["weight"]) for one in ballots}


def _write(hashes: Sequence[bytes]) -> list[str]:
    return [one.hex() for one in hashes]
