"""Logs as PostgreSQL keeps them: the record of each election, and the log of the installation.

The record of an election has no row for each entry: all entries of a batch are in one row, which is written in the
transaction that counts the batch. The log of the installation has few entries, and a row for each.
Tiles and witnesses are of both kinds: those without an election are of the installation.
"""

from collections.abc import Iterator

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from polls.models import Election

from .formats.tree import split_hashes
from .sampling.picks import MOST_DICE, MOST_DRAWS, hash_manifest

# The longest origin: an address of a site, and that of an election.
LONGEST_ORIGIN = 250
# The longest name of a witness's key, and the longest address of a witness.
LONGEST_WITNESS = 250
LONGEST_ADDRESS = 500


class SignedLog(models.Model):
    """What grows of any log, and its newest signed checkpoint.

    `frontier` is the right edge of the tree of all entries that have a place, as `formats.tree.Frontier` writes it.
    """

    # None for that of the installation.
    election_id: int | None

    origin = models.CharField(max_length=LONGEST_ORIGIN)
    # As C2SP signed-note writes it.
    verifier_key = models.CharField(max_length=LONGEST_ORIGIN + 60)
    size = models.PositiveBigIntegerField(default=0)
    frontier = models.BinaryField()
    checkpoint = models.TextField()
    signed_at = models.DateTimeField(db_default=Now())
    # The text of a checkpoint of this log that its tree does not begin with any more (served_heads.py), "" if there is
    # none, and when that was noticed.
    other_head = models.TextField(blank=True)
    other_head_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.origin} of {self.size}"

    @property
    def slug(self) -> str:
        """Return the last part of the origin: the address of the election, as its entries have it."""
        return self.origin.rpartition("/")[2]


class Log(SignedLog):
    """The log of one election; `finished_at` is set once the election is final and has all its entries."""

    election = models.OneToOneField(Election, models.DO_NOTHING, primary_key=True, related_name="log")
    # When all ballots that had been counted before the log began had their entries.
    completed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # What has become of each ballot's entry, a byte each, in order (fates.py). Written at the end.
    fates = models.BinaryField(null=True)
    # The first entry of a log that was begun anew (reference.py), which is of no ballot; "" for all others.
    reference = models.TextField(blank=True)

    @property
    def slug(self) -> str:
        """Return the address of the election, as entries have it: behind it, a log that was begun anew has a number."""
        return self.origin.split("/")[-2] if self.reference else super().slug

    @property
    def first_ballot(self) -> int:
        """Return the place in the tree of the first ballot's entry."""
        return 1 if self.reference else 0

    @property
    def ballots(self) -> int:
        """Return how many entries are of ballots."""
        return max(self.size - self.first_ballot, 0)


class EndedLog(models.Model):
    """A log in the place of which another one was begun (begun_anew.py), as it was at its end. Rows are only added.

    `number` counts the logs of an election, from 1 on. `checkpoint` is the last head, signed by `verifier_key`;
    `other_head` is the text of the head that had been lost, "" if only a witness knows it.
    """

    election = models.ForeignKey(Election, models.DO_NOTHING, related_name="ended_logs", db_index=False)
    number = models.PositiveSmallIntegerField()
    origin = models.CharField(max_length=LONGEST_ORIGIN)
    verifier_key = models.CharField(max_length=LONGEST_ORIGIN + 60)
    checkpoint = models.TextField()
    other_head = models.TextField(blank=True)
    ended_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["election", "number"], name="record_ended_once")]

    def __str__(self) -> str:
        return f"{self.origin}, which has ended"


class LogSecret(models.Model):
    """What a log signs with, and what the salts of its entries are derived from. Deleted when it is certified."""

    election = models.OneToOneField(Election, models.DO_NOTHING, primary_key=True, related_name="+")
    signer_key = models.CharField(max_length=LONGEST_ORIGIN + 80)
    salt_secret = models.BinaryField()

    def __str__(self) -> str:
        return f"of {self.election_id}"


class Batch(models.Model):
    """The entries of one round of the count; their commitments, 32 bytes each, in ascending order.

    Commitments are salted hashes, so that their order tells nothing. `first` is the place of the first one in the tree,
    None until the sequencer has given it.
    """

    election = models.ForeignKey(Election, models.DO_NOTHING, related_name="+", db_index=False)
    shard = models.PositiveSmallIntegerField()
    version = models.PositiveBigIntegerField()
    design = models.CharField(max_length=32)
    commitments = models.BinaryField()
    first = models.PositiveBigIntegerField(null=True)

    class Meta:
        constraints = [
            # A round has one version, and writes its entries once.
            models.UniqueConstraint(fields=["election", "shard", "version"], name="record_batch_once_per_round"),
            # No fork: each place is given once.
            models.UniqueConstraint(fields=["election", "first"], name="record_batch_once_per_place"),
        ]
        indexes = [
            models.Index(fields=["election", "id"], name="record_batch_without_place", condition=Q(first=None)),
        ]

    def __str__(self) -> str:
        return f"{self.election_id}:{self.shard} version {self.version}"


def read_commitments(batches: models.QuerySet[Batch]) -> Iterator[bytes]:
    """Yield the commitments of batches, one after the other."""
    for commitments in batches.values_list("commitments", flat=True).iterator(chunk_size=20):
        yield from split_hashes(bytes(commitments))


class Tile(models.Model):
    """A tile of hashes, 32 bytes each, above level 0: the hashes of level 0 follow from the entries."""

    election = models.ForeignKey(Election, models.DO_NOTHING, null=True, related_name="+", db_index=False)
    level = models.PositiveSmallIntegerField()
    index = models.PositiveBigIntegerField()
    hashes = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["election", "level", "index"], name="record_tile_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.election_id or 'installation'}: tile/{self.level}/{self.index}"


class InstallationLog(SignedLog):
    """The log of the installation, of which there is one (installation.py)."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    election_id = None

    class Meta:
        constraints = [models.CheckConstraint(name="record_one_installation", condition=Q(id=1))]


class InstallationSecret(models.Model):
    """What the log of the installation signs with. Never deleted."""

    log = models.OneToOneField(InstallationLog, models.DO_NOTHING, primary_key=True, related_name="+")
    signer_key = models.CharField(max_length=LONGEST_ORIGIN + 80)

    def __str__(self) -> str:
        return f"of {self.log_id}"


class InstallationEvent(models.Model):
    """An entry of the log of the installation, as event.py writes it; `place` is its place in the tree.

    `subject` tells apart what an election can have several of: of a paper its design and time, of a checkpoint its
    origin and size, else "".
    """

    place = models.PositiveBigIntegerField(primary_key=True)
    election = models.ForeignKey(Election, models.DO_NOTHING, related_name="+", db_index=False)
    kind = models.CharField(max_length=10)
    subject = models.CharField(max_length=LONGEST_ORIGIN + 60, blank=True)
    entry = models.TextField()
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["election", "kind", "subject"], name="record_event_once"),
        ]
        indexes = [models.Index(fields=["election", "kind", "place"], name="record_event_newest")]

    def __str__(self) -> str:
        return f"{self.place}: {self.kind} {self.election_id}"


class Witness(models.Model):
    """Somebody else's server that cosigns the heads of a log, and how far it has come with that (witnesses.py)."""

    election = models.ForeignKey(Election, models.DO_NOTHING, null=True, related_name="witnesses")
    # That of its key.
    name = models.CharField(max_length=LONGEST_WITNESS)
    # As C2SP signed-note writes it.
    verifier_key = models.CharField(max_length=LONGEST_WITNESS + 60)
    # What `/add-checkpoint` comes behind.
    address = models.CharField(max_length=LONGEST_ADDRESS)
    # The head that it cosigned last.
    size = models.PositiveBigIntegerField(default=0)
    cosigned_at = models.DateTimeField(null=True)
    # Why it has not cosigned the last one that it was sent; how often in a row; and when it is asked again.
    problem = models.TextField(blank=True)
    failures = models.PositiveIntegerField(default=0)
    try_at = models.DateTimeField(db_default=Now())
    # Whether it has cosigned what the log does not have: an alarm was raised.
    contradicts = models.BooleanField(default=False)

    class Meta:
        constraints = [
            # The name is a part of the key, so that no key is there twice either.
            models.UniqueConstraint(fields=["election", "name"], name="record_witness_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.election_id or 'the installation'}"


class Cosignature(models.Model):
    """The newest cosignature of a witness: a signature line of the checkpoint of this size."""

    witness = models.OneToOneField(Witness, models.CASCADE, primary_key=True, related_name="cosignature")
    size = models.PositiveBigIntegerField()
    line = models.TextField()

    def __str__(self) -> str:
        return f"{self.witness_id} at {self.size}"


class Audit(models.Model):
    """The audit by sample of one election: asked for by the office, and made ready by a worker (sampling/)."""

    election = models.OneToOneField(Election, models.DO_NOTHING, primary_key=True, related_name="audit")
    asked_at = models.DateTimeField(db_default=Now())
    # A signed note (sampling/manifest.py), "" until a worker has made it; and why it could not.
    manifest = models.TextField(blank=True)
    problem = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"of {self.election_id}"

    @property
    def manifest_text(self) -> str:
        """What the key of the record has signed: the manifest without its signature."""
        return self.manifest.rpartition("\n\n")[0] + "\n"

    @property
    def manifest_sha256(self) -> str:
        """The SHA-256 of that text, as hex, with which the seed of each sample begins."""
        return hash_manifest(self.manifest_text)


class Sample(models.Model):
    """Entries that were drawn with one set of dice. It stays, also when it was not liked: rows are never deleted."""

    audit = models.ForeignKey(Audit, models.DO_NOTHING, related_name="samples")
    dice = models.CharField(max_length=MOST_DICE)
    # Of 1, how large a chance is taken that a wrong outcome is not noticed; what it was planned for.
    risk_limit = models.DecimalField(max_digits=3, decimal_places=2)
    draws = models.PositiveIntegerField()
    entered_by = models.CharField(max_length=150)
    entered_at = models.DateTimeField(db_default=Now())
    opened_at = models.DateTimeField(null=True)
    # Of the entries that were opened, how many are not what is published.
    unequal = models.PositiveIntegerField(default=0)
    # Why a worker could not open it.
    problem = models.TextField(blank=True)
    # What was found out about a difference.
    note = models.TextField(blank=True)
    noted_by = models.CharField(max_length=150, blank=True)
    noted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["audit", "dice", "draws"], name="record_sample_once"),
            models.CheckConstraint(condition=Q(draws__range=(1, MOST_DRAWS)), name="record_sample_is_bounded"),
        ]

    def __str__(self) -> str:
        return f"{self.draws} of {self.audit_id} by {self.dice}"

    @property
    def is_open(self) -> bool:
        """Whether it found a difference of which nobody has taken note."""
        return bool(self.unequal or self.problem) and not self.note


class OpenedEntry(models.Model):
    """An entry of a sample as it was opened: for observers alone, and deleted with certification.

    `opening` is what sampling/sample_file.py hands out of it.
    """

    sample = models.ForeignKey(Sample, models.CASCADE, related_name="opened")
    entry = models.PositiveBigIntegerField()
    commitment = models.BinaryField()
    opening = models.JSONField()
    is_equal = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sample", "entry"], name="record_opened_once")]

    def __str__(self) -> str:
        return f"entry {self.entry} of sample {self.sample_id}"
