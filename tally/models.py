"""The count, as PostgreSQL keeps it. Only store.py and audit/ write rows.

An election that has rows here is not deleted: the database refuses it. Django is not to look for such rows before
(DO_NOTHING), because the office, which deletes drafts, may not read markings.
"""

from typing import Any

from django.db import models
from django.db.models import ExpressionWrapper, F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from polls.labels import LONGEST_EXPLANATION, LONGEST_KEY
from polls.models import Election


class CastRecord(models.Model):
    """One accepted ballot; append-only. Its place in the box is (epoch, shard, serial).

    The table is divided by election (partitions.py). `id` tells the order of counting, and no index of the database
    holds it: what identifies a row is the unique constraint.
    """

    # PostgreSQL would look the election up for each row: the tally, written with it, refers to the election instead.
    election = models.ForeignKey(
        Election, models.DO_NOTHING, verbose_name=_("election"), db_constraint=False, db_index=False
    )
    voter_key = models.CharField(_("voter key"), max_length=22)
    ballot_id = models.UUIDField(_("ballot id"))
    marking = models.TextField(_("marking"))
    epoch = models.CharField(_("epoch"), max_length=32)
    shard = models.PositiveSmallIntegerField(_("shard"))
    serial = models.PositiveBigIntegerField(_("serial"))
    accepted_at = models.DateTimeField(_("accepted"))
    # The last release does not write it; all of its ballots weigh 1.
    weight = models.PositiveBigIntegerField(_("weight"), db_default=1)

    class Meta:
        verbose_name = _("cast record")
        verbose_name_plural = _("cast records")
        constraints = [
            # Exactly-once rests on this: the same ballot, delivered again, finds its own record.
            models.UniqueConstraint(fields=["election", "voter_key", "ballot_id"], name="cast_record_once_per_ballot"),
            # After the migration a worker of the first release, whose markings name no contest, must not go on.
            models.CheckConstraint(name="cast_record_names_contests", condition=Q(marking__contains="=")),
        ]
        indexes = [models.Index(fields=["election", "epoch", "shard", "serial"], name="cast_record_by_serial")]

    def __str__(self) -> str:
        return f"{self.election_id}:{self.shard} #{self.serial}"


class CountedBallot(models.Model):
    """The ballot that counts now for one voter key. The table is divided by election, as that of cast records."""

    # As for cast records.
    election = models.ForeignKey(
        Election, models.DO_NOTHING, verbose_name=_("election"), db_constraint=False, db_index=False
    )
    voter_key = models.CharField(_("voter key"), max_length=22)
    ballot_id = models.UUIDField(_("ballot id"))
    marking = models.TextField(_("marking"))
    shard = models.PositiveSmallIntegerField(_("shard"))
    weight = models.PositiveBigIntegerField(_("weight"), db_default=1)

    class Meta:
        verbose_name = _("counted ballot")
        verbose_name_plural = _("counted ballots")
        constraints = [models.UniqueConstraint(fields=["election", "voter_key"], name="counted_ballot_once_per_voter")]

    def __str__(self) -> str:
        return f"{self.election_id}: {self.voter_key}"


class Count(models.Model):
    """An additive total: how often `key` was counted in one shard of an election, by the weight of each ballot."""

    election = models.ForeignKey(Election, models.DO_NOTHING, verbose_name=_("election"))
    shard = models.PositiveSmallIntegerField(_("shard"))
    key = models.TextField(_("key"))
    n = models.PositiveBigIntegerField(_("number"), default=0)

    class Meta:
        verbose_name = _("count")
        verbose_name_plural = _("counts")
        constraints = [models.UniqueConstraint(fields=["election", "shard", "key"], name="count_once_per_key")]

    def __str__(self) -> str:
        return f"{self.election_id}:{self.shard} {self.key} = {self.n}"


class Tally(models.Model):
    """The state of the count of one election and shard; an election's version and ballots are sums of these.

    `ballots` counts voters. Their ballots weigh `extra_weight` above 1 each, also where the last release counts them.
    """

    election = models.ForeignKey(Election, models.PROTECT, verbose_name=_("election"))
    shard = models.PositiveSmallIntegerField(_("shard"))
    version = models.PositiveBigIntegerField(_("version"), default=0)
    ballots = models.PositiveBigIntegerField(_("ballots"), default=0)
    extra_weight = models.PositiveBigIntegerField(_("weight above 1 each"), db_default=0)
    epoch = models.CharField(_("epoch"), max_length=32, blank=True)
    last_serial = models.PositiveBigIntegerField(_("last serial"), default=0)
    # The version that is in the outcome that is shown, where results go in steps (steps.py).
    shown_version = models.PositiveBigIntegerField(db_default=0)

    class Meta:
        verbose_name = _("tally")
        verbose_name_plural = _("tallies")
        constraints = [models.UniqueConstraint(fields=["election", "shard"], name="tally_once_per_shard")]

    def __str__(self) -> str:
        return f"{self.election_id}:{self.shard} version {self.version}"


class StoredOutcome(models.Model):
    """The outcome of an election at one version of its count; results pages read nothing else of the count.

    `contests` has for each contest of the paper with this `design` its key, ballots, blank ballots, entitled votes, and
    its outcome as plain JSON (outcomes.py, tabulation/outcome.py). It is None if none can be computed from the counts,
    or while it is withheld: what may not be seen yet is not here, since others than the worker read this row.
    """

    election = models.OneToOneField(Election, models.PROTECT, primary_key=True, related_name="outcome")
    design = models.CharField(max_length=32)
    version = models.PositiveBigIntegerField()
    ballots = models.PositiveBigIntegerField()
    contests = models.JSONField(null=True)
    # Whole seconds in which no other outcome is made, because this one took long. The last release does not write it.
    rest = models.PositiveIntegerField(db_default=0)
    # Set to the version of the count where no outcome was made of it yet, because the last one took long.
    counted_version = models.PositiveBigIntegerField(db_default=0)
    # The election's `result_revision` of which it has the lots, the draw and the withdrawals.
    result_revision = models.PositiveIntegerField(db_default=0)
    # What the ballots weigh together, where voters have different weights; nor does the last release write this.
    weight = models.PositiveBigIntegerField(null=True)
    # The contests as snapshots have them, as JSON that is read at once; it belongs to the version, result revision and
    # design beside it. The last release writes neither.
    shown = models.TextField(db_default="")
    shown_of = models.CharField(max_length=60, db_default="")
    turnout = models.JSONField(null=True)  # voted and entitled, where there is a roll
    # How many ballots were counted when (pace.py); None where even their number is hidden. The last release leaves it.
    pace = models.JSONField(null=True)
    # The results rule that keeps the contests back, "" for none. The last release knows no such rule.
    withheld = models.CharField(max_length=10, blank=True, db_default="")

    class Meta:
        db_table = "tally_outcome"

    def __str__(self) -> str:
        return f"{self.election_id} version {self.version}"

    @property
    def is_behind(self) -> bool:
        """Whether ballots are known to be counted that are not in this outcome."""
        return self.counted_version > self.version


class Heartbeat(models.Model):
    """The one row that the worker writes every second, so that a copy of the database can tell its age.

    `at` is by the clock of the PostgreSQL that is written to, and `box_time`, in ms, by Redis's, read just before it.
    """

    ROW = 1

    id = models.PositiveSmallIntegerField(primary_key=True)
    at = models.DateTimeField()
    box_time = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return f"heartbeat {self.at}"


class UnshownVoter(models.Model):
    """A voter whose counted ballot is not in the outcome that is shown, where results go in steps (steps.py).

    `version` is that of the shard's tally with the voter's newest ballot.
    """

    election = models.ForeignKey(Election, models.DO_NOTHING, related_name="+", db_index=False)
    voter_key = models.CharField(max_length=22)
    shard = models.PositiveSmallIntegerField()
    version = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["election", "voter_key"], name="unshown_voter_once")]

    def __str__(self) -> str:
        return f"{self.election_id}: {self.voter_key}"


class PublicLot(models.Model):
    """A lot that people have drawn for a tie: the tied options of a contest and round in order, the first one first.

    `note` says who drew it, and where. Rows are added, and never changed.
    """

    election = models.ForeignKey(Election, models.DO_NOTHING, related_name="lots")
    contest = models.CharField(max_length=LONGEST_KEY)
    round_number = models.PositiveIntegerField()
    order = models.JSONField()
    note = models.TextField(max_length=LONGEST_EXPLANATION)
    entered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.election_id} {self.contest}, round {self.round_number}: {', '.join(self.order)}"


class Withdrawal(models.Model):
    """An option that has withdrawn after the close: a second result is counted without it."""

    election = models.ForeignKey(Election, models.DO_NOTHING, related_name="withdrawals")
    contest = models.CharField(max_length=LONGEST_KEY)
    option = models.CharField(max_length=LONGEST_KEY)
    reason = models.TextField(max_length=LONGEST_EXPLANATION)
    entered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["election", "contest", "option"], name="withdrawal_once_per_option")
        ]

    def __str__(self) -> str:
        return f"{self.election_id} {self.contest} without {self.option}"


class Turnout(models.Model):
    """Who is entitled to vote in an election with a roll, as of the last pass over its entries (turnout.py).

    `weight` are the votes of all, and `contests` those entitled to each contest that is for some groups only.
    """

    election = models.OneToOneField(Election, models.PROTECT, primary_key=True, related_name="turnout")
    is_known = models.BooleanField(default=False)
    entitled = models.PositiveBigIntegerField(default=0)
    weight = models.PositiveBigIntegerField(default=0)
    is_weighted = models.BooleanField(default=False)
    contests = models.JSONField(default=dict)
    groups = models.JSONField(default=list)  # of which the turnout is shown
    # The newest pass: what it found when it began, the entry that it has come to, None at its end, and its seconds.
    began_at = models.DateTimeField(null=True)
    version = models.PositiveBigIntegerField(default=0)
    design = models.CharField(max_length=32, blank=True)
    roll = models.CharField(max_length=120, blank=True)
    after = models.IntegerField(null=True)
    seconds = models.FloatField(default=0)

    def __str__(self) -> str:
        return f"{self.election_id} {self.entitled} entitled"

    @property
    def shown(self) -> list[Any]:
        """Return all that results pages have of it."""
        return [self.is_known, self.entitled, self.weight, self.is_weighted, self.contests, self.groups, self.design]


class RollComparison(models.Model):
    """When the roll in the ballot box was last compared with the database, line by line (audit/rolls.py)."""

    election = models.OneToOneField(Election, models.DO_NOTHING, primary_key=True, related_name="+")
    revision = models.PositiveIntegerField()
    compared_at = models.DateTimeField()
    seconds = models.FloatField()

    def __str__(self) -> str:
        return f"of {self.election_id}, revision {self.revision}"


class Certification(models.Model):
    """The certification of an election: who asked for it, and how far the worker is.

    The office writes it up to the step `asked`, and the worker from there on.
    """

    class Step(models.TextChoices):
        WAITING = "waiting", _("waits for another manager")
        ASKED = "asked", _("waits for the worker")
        CHECKING = "checking", _("the account is being checked")
        COUNTING = "counting", _("the ballots are being counted again")
        SEPARATING = "separating", _("what links ballots to voters is being destroyed")
        DONE = "done", _("done")
        REFUSED = "refused", _("not certified")

    # At which a worker is needed, also one that follows another that died.
    UNDER_WAY = (Step.ASKED, Step.CHECKING, Step.COUNTING, Step.SEPARATING)

    class Problem(models.TextChoices):
        NOT_FINAL = "not-final", _("The election is not final. Close it, and wait for its last ballot.")
        WITHHELD = "withheld", _("Its result is hidden. Release it first.")
        ACCOUNT = "account", _("Its account does not balance, and nobody has taken note of that.")
        TIE = "tie", _("A tie waits for its lot. Draw it in public, and enter it.")
        SET_ASIDE = "set-aside", _("Another number of ballots is set aside than you took note of. Look at them again.")
        COUNT = (
            "count",
            _("Counted again from its records, it gives another result. Its operator has to run “recount”."),
        )
        RECORD = (
            "record",
            _("Its public record has another number of entries than it has ballots. Its operator has to look why."),
        )
        WITNESSES = (
            "witnesses",
            _("Too few witnesses have cosigned its public record. The page of the witnesses says who is missing."),
        )

    election = models.OneToOneField(Election, models.PROTECT, primary_key=True, related_name="certification")
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField(db_default=Now())
    # The second of two managers, where it takes two.
    confirmed_by = models.CharField(max_length=150, blank=True)
    # How many ballots set aside whoever asked has taken note of.
    set_aside = models.PositiveIntegerField(default=0)
    step = models.CharField(max_length=10, choices=Step, default=Step.ASKED)
    problem = models.CharField(max_length=10, choices=Problem, blank=True)
    # Sentences in English, as `reconcile` and `recount` have them.
    details = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.election_id}: {self.step}"


class CertifiedResult(models.Model):
    """The result of an election as it was certified: canonical JSON, and its SHA-256 as hex. Never changed."""

    election = models.OneToOneField(Election, models.PROTECT, primary_key=True, related_name="certified")
    text = models.TextField()
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return self.hash


class AnonymousBallots(models.Model):
    """Equal ballots of a certified election, and how many they are: all that is kept of who voted how.

    Rows are written in the order of their markings, so that nothing tells when a ballot was cast.
    """

    election = models.ForeignKey(Election, models.PROTECT)
    marking = models.TextField()
    weight = models.PositiveIntegerField(default=1)
    number = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["election", "marking", "weight"], name="anonymous_ballots_once_per_kind")
        ]

    def __str__(self) -> str:
        return f"{self.election_id}: {self.number} × {self.marking}"


class RejectedBallot(models.Model):
    """A stream entry that is not counted, with the reason."""

    class Reason(models.TextChoices):
        UNREADABLE = "unreadable", _("cannot be read")
        INVALID = "invalid", _("marking is not valid")
        OTHER_DESIGN = "other-design", _("cast on another paper")
        DUPLICATE = "duplicate", _("same ballot accepted twice")
        ALREADY_COUNTED = "already-counted", _("votes are final, and this voter's first is counted")

    election = models.ForeignKey(Election, models.DO_NOTHING, verbose_name=_("election"))
    epoch = models.CharField(_("epoch"), max_length=32, blank=True)
    shard = models.PositiveSmallIntegerField(_("shard"))
    serial = models.PositiveBigIntegerField(_("serial"), null=True)
    entry = models.CharField(_("stream entry"), max_length=48)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices)
    detail = models.TextField(_("detail"), blank=True)
    voter_key = models.CharField(_("voter key"), max_length=22, blank=True)
    ballot_id = models.UUIDField(_("ballot id"), null=True)
    payload = models.JSONField(_("as found"), default=dict)
    rejected_at = models.DateTimeField(_("set aside"), auto_now_add=True)

    class Meta:
        verbose_name = _("ballot set aside")
        verbose_name_plural = _("ballots set aside")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["election", "epoch", "shard", "serial"], name="rejected_ballot_once_per_serial"
            ),
            # `cast.lua` did not write an entry without a serial, so that only its stream id identifies it.
            models.UniqueConstraint(
                fields=["election", "shard", "entry"], condition=Q(serial=None), name="rejected_ballot_once_per_entry"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.election_id}:{self.shard} #{self.serial} {self.reason}"


def _since(name: str) -> ExpressionWrapper:
    return ExpressionWrapper(Now() - F(name), models.DurationField())


class ReconciliationQuerySet(models.QuerySet["Reconciliation"]):
    def with_age(self) -> "ReconciliationQuerySet":
        """Annotate `age` since the last look and `balanced_age`, by PostgreSQL's clock, which also noted them."""
        return self.annotate(age=_since("checked_at"), balanced_age=_since("balanced_at"))


class Reconciliation(models.Model):
    """The newest account of one election, epoch and shard (see audit/accounts.py).

    `worker` writes the rows; `admin` reads them and writes the three fields of an acknowledgement; no other role needs
    them. `problems` and `acknowledged` are lists of sentences in English, as logs and `reconcile` have them.
    """

    election = models.ForeignKey(Election, models.PROTECT)
    epoch = models.CharField(max_length=32)
    shard = models.PositiveSmallIntegerField()
    # The highest serial that any look at the box has seen; an emptied box does not know it any more.
    given = models.PositiveBigIntegerField(default=0)
    accepted = models.PositiveBigIntegerField(default=0)
    ballots = models.JSONField(default=dict)
    problems = models.JSONField(default=list)
    # `accepted`, `ballots` and `problems` are as of `balanced_at`; balancing took `seconds`.
    balanced_at = models.DateTimeField()
    seconds = models.FloatField(default=0)
    # The last look, with or without the whole account, and what it saw.
    checked_at = models.DateTimeField()
    suspected = models.BooleanField(default=False)
    tables = models.CharField(max_length=200, blank=True)
    acknowledged = models.JSONField(default=list)
    acknowledged_by = models.CharField(max_length=150, blank=True)
    acknowledged_at = models.DateTimeField(null=True)

    objects = ReconciliationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["election", "shard", "epoch"], name="reconciliation_once_per_account")
        ]

    def __str__(self) -> str:
        return f"{self.election_id}:{self.shard} {self.epoch}: {'; '.join(self.problems) or 'balances'}"

    @property
    def is_acknowledged(self) -> bool:
        """Whether somebody has acknowledged exactly these problems."""
        return bool(self.problems) and self.problems == self.acknowledged

    @property
    def is_alarming(self) -> bool:
        """Whether there are problems that nobody has acknowledged yet."""
        return bool(self.problems) and not self.is_acknowledged
