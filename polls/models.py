"""Elections, as PostgreSQL keeps them. What `vote` sees of them is the definition (see definition.py)."""

import datetime as dt
import itertools
import secrets
import zoneinfo
from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length, Lower
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from . import methods
from .labels import (
    LONGEST_EMOJI,
    LONGEST_EXPLANATION,
    LONGEST_KEY,
    LONGEST_LABEL,
    LONGEST_LANGUAGE,
    LONGEST_TITLE,
)
from .life import ARCHIVABLE, COUNTED, HAS_RESULT, Phase, State, phase_of
from .methods import OptionOnBallot

# Characters that OpenID Connect allows a provider for its name of somebody.
LONGEST_SUBJECT = 255

# Keys travel in stream entries and in canonical markings, where commas and colons separate them.
validate_key = RegexValidator(
    r"\A[a-z0-9]+(-[a-z0-9]+)*\Z", _("Use small letters, digits and single hyphens, as in “cola-cao”.")
)

# As browsers and HTML have them.
validate_language = RegexValidator(
    r"\A[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z", _("Write a language as its code, as in “es” or “pt-BR”.")
)


def new_secret() -> str:
    """Make a secret of an election: 32 random bytes, as hex."""
    return secrets.token_hex(32)


def default_time_zone() -> str:
    return settings.TIME_ZONE


def default_shards() -> int:
    return settings.BALLOT_BOX_SHARDS


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless `name` is in the IANA time zone database."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValidationError(
            _("There is no time zone “%(name)s”. Write it as Europe/Madrid."), params={"name": name}
        ) from error


# Ballots in a step of live results, at most.
LARGEST_STEP = 1000
# Bytes of a picture of an option; the ballot box holds all of them in memory.
LARGEST_PICTURE = 8000
# First parts of addresses that belong to the site itself.
RESERVED_SLUGS = {"admin", "healthz", "language", "readyz", "static", "ws"}


def validate_slug_case(slug: str) -> None:
    """Raise ValidationError for a slug with capitals: people would type two addresses as one."""
    if slug != slug.lower():
        raise ValidationError(_("Write the address in small letters, as “%(slug)s”."), params={"slug": slug.lower()})


def validate_slug_is_free(slug: str) -> None:
    """Raise ValidationError for a slug that the site itself answers to."""
    if slug in RESERVED_SLUGS:
        raise ValidationError(_("“%(slug)s” is an address of the site itself. Choose another."), params={"slug": slug})


def _agree(time: str, states: Iterable[State]) -> Q:
    """Return the condition that a time is set in exactly these states."""
    return Q((f"{time}__isnull", False), state__in=states) | Q((f"{time}__isnull", True), ~Q(state__in=states))


class Eligibility(models.TextChoices):
    """Who may vote."""

    OPEN = "open", _("everybody who opens the page, once for each browser")
    ROLL = "roll", _("those on its roll, each with a code")


class Shows(models.TextChoices):
    """What results pages show, and when; what they do not show yet is absent."""

    LIVE = "live", _("everything, while people vote")
    TURNOUT = "turnout", _("until the close only how many have voted")
    HIDDEN = "hidden", _("nothing before an organiser releases it")


class TieBreak(models.TextChoices):
    """What decides a tie that the method's own rule leaves open. Papers of earlier releases have none: a tie stays."""

    NONE = "", _("nothing")
    DRAW = "draw", _("a draw from a secret that is fixed when the election is published")
    LOT = "lot", _("a lot drawn in public")


class ElectionQuerySet(models.QuerySet["Election"]):
    def published(self) -> "ElectionQuerySet":
        return self.exclude(state=State.DRAFT)

    def current(self) -> "ElectionQuerySet":
        """Published and not archived."""
        return self.published().filter(archived_at=None)

    def listed(self) -> "ElectionQuerySet":
        """What stands on the public lists."""
        return self.current().filter(unlisted=False)

    def not_final(self) -> "ElectionQuerySet":
        """Published, with ballots that may still wait to be counted."""
        return self.filter(state__in=COUNTED)

    def unsealed(self) -> "ElectionQuerySet":
        return self.filter(state=State.PUBLISHED)

    def awaiting_last_ballots(self) -> "ElectionQuerySet":
        """Sealed, but not yet known to be counted to the last ballot."""
        return self.filter(state=State.CLOSED)

    def open_unnoticed(self, now: dt.datetime) -> "ElectionQuerySet":
        """Open by the clock, and not yet noted as open."""
        return self.unsealed().filter(opened_at=None, opens_at__lte=now)


class Election(models.Model):
    """A ballot paper with contests, a window and rules."""

    title = models.CharField(_("title"), max_length=LONGEST_TITLE)
    slug = models.SlugField(
        _("address"), max_length=60, unique=True, validators=[validate_slug_is_free, validate_slug_case],
        help_text=_("The last part of the page's address. It is never used again."),
    )  # fmt: skip
    description = models.TextField(
        _("explanation"),
        blank=True,
        max_length=LONGEST_EXPLANATION,
        help_text=_("Shown on the ballot, under the title."),
    )
    votes_final = models.BooleanField(
        _("votes are final"),
        default=False,
        help_text=_("If not, a voter may change the vote until the election closes."),
    )
    eligibility = models.CharField(
        _("who may vote"), max_length=10, choices=Eligibility, default=Eligibility.OPEN,
        help_text=_(
            "Without a roll somebody with two browsers can vote twice: good for a poll, and for nothing that binds. "
            "With a roll each code votes once, and what it cannot prevent is that somebody gives a code away."
        ),
    )  # fmt: skip
    # The providers at which voters sign in, in place of a code. It is no part of the paper: whoever is on the roll
    # stays the same voter, so that codes can take the place of a provider that is lost while people vote.
    providers = models.JSONField(
        _("voters sign in with"), default=list, blank=True,
        help_text=_("With none of them each voter on the roll has a code."),
    )  # fmt: skip
    shows = models.CharField(_("results show"), max_length=10, choices=Shows, default=Shows.LIVE)
    step = models.PositiveSmallIntegerField(
        _("ballots in a step"), default=1, validators=[MinValueValidator(1), MaxValueValidator(LARGEST_STEP)],
        help_text=_(
            "How many ballots live results wait for before they change; 1: they change with each ballot. With 10, they "
            "change by the ballots of ten voters at once, and nobody sees what one ballot alone has changed. The rest "
            "is shown after the close."
        ),
    )  # fmt: skip
    checkable = models.BooleanField(
        _("voters can check what their receipt’s entry says"),
        default=False,
        help_text=_(
            "Each voter can then see what the record says of the own ballot, and can show it to others. For meetings "
            "in which nobody buys or forces votes."
        ),
    )
    tie_break = models.CharField(
        _("ties end by"), max_length=10, choices=TieBreak, blank=True, default=TieBreak.DRAW,
        help_text=_("Only ties that the counting rule itself leaves open."),
    )  # fmt: skip
    # SHA-256 as hex of the secret from which ties are drawn, and the secret itself once it is revealed.
    draw_hash = models.CharField(max_length=64, blank=True, editable=False)
    draw_secret = models.CharField(max_length=64, blank=True, editable=False)
    shows_who_voted = models.BooleanField(
        _("organisers see who has voted"), default=False, help_text=_("Not what, and not when.")
    )
    opens_at = models.DateTimeField(_("opens"), null=True, blank=True, help_text=_("Empty: once it is published."))
    closes_at = models.DateTimeField(
        _("closes"), null=True, blank=True, help_text=_("Empty: open until it is closed by hand.")
    )
    time_zone = models.CharField(
        _("time zone"), max_length=50, default=default_time_zone, validators=[validate_time_zone],
        help_text=_("Times are entered and shown in this zone, for example Europe/Madrid."),
    )  # fmt: skip
    proof_of_work = models.BooleanField(
        _("ask for proof of work"),
        default=False,
        help_text=_(
            "Each ballot costs the voter's device a short computation, a fraction of a second to some seconds on an "
            "old phone. It makes votes by robots dearer, and needs JavaScript. It can be changed while people vote."
        ),
    )
    # That of the texts, as a code.
    language = models.CharField(_("language"), max_length=LONGEST_LANGUAGE, blank=True, validators=[validate_language])
    # Other languages of the texts, as `polls.design.Paper` has them; contests and options have their own.
    translations = models.JSONField(default=dict, blank=True, editable=False)
    unlisted = models.BooleanField(
        _("unlisted"), default=False, help_text=_("Left off the public lists; who has its address finds it.")
    )
    # What people type to find it: see short_address.py. A draft has none.
    short_code = models.CharField(_("short address"), max_length=12, blank=True, editable=False)
    shards = models.PositiveSmallIntegerField(_("shards"), default=default_shards, editable=False)
    # How its organisation looks, as `polls.look.Look` has it.
    look = models.JSONField(default=dict, editable=False)
    # Each as `polls.kiosk.device.Kiosk` has it, and whether it is `ended`; numbers are not used again.
    kiosks = models.JSONField(default=list, editable=False)
    # Raised by each publication: a definition in Redis is replaced only by one of a higher revision.
    revision = models.PositiveIntegerField(_("revision"), default=0, editable=False)
    # The last revision that the ballot box is known to have taken.
    taken = models.PositiveIntegerField(default=0, editable=False)
    # The design that voters see, because the ballot box has taken it; and one that it has not taken yet, if any.
    in_force = models.CharField(max_length=32, blank=True, editable=False)
    offered = models.CharField(max_length=32, blank=True, editable=False)
    # The last edit that the ballot box refused because the election had begun, with the time of the refusal.
    refused_edit = models.JSONField(null=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT, editable=False)
    opened_at = models.DateTimeField(_("opened"), null=True, editable=False)
    sealed_at = models.DateTimeField(_("sealed"), null=True, editable=False)
    final_at = models.DateTimeField(_("final"), null=True, editable=False)
    certified_at = models.DateTimeField(_("certified"), null=True, editable=False)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, editable=False)
    cancel_reason = models.TextField(_("reason"), blank=True, max_length=LONGEST_EXPLANATION, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, editable=False)
    # When an organiser has released results that are hidden until then.
    released_at = models.DateTimeField(_("released"), null=True, editable=False)
    # How many witnesses of its record have to have cosigned the last head before its result is certified. It is no part
    # of the paper. The highest number since the opening is kept, so that nobody lowers it unseen.
    witness_quorum = models.PositiveSmallIntegerField(_("witnesses required"), default=0, db_default=0, editable=False)
    highest_witness_quorum = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    # Raised by what changes the result without a ballot: a lot, the secret of a draw, an option that has withdrawn.
    result_revision = models.PositiveIntegerField(default=0, editable=False)
    # When a text was mended after the opening, before the first ballot; the pages say so.
    mended_at = models.DateTimeField(_("mended"), null=True, editable=False)

    objects = ElectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("election")
        verbose_name_plural = _("elections")
        ordering = ["-opens_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="election_closes_after_it_opens",
                condition=Q(closes_at=None) | Q(closes_at__gt=F("opens_at")),
                violation_error_message=_(
                    "The election closes before it opens. Put the closing time after the opening time."
                ),
            ),
            models.UniqueConstraint(
                fields=["short_code"], condition=~Q(short_code=""), name="election_short_code_unique"
            ),
            models.CheckConstraint(name="election_has_a_shard", condition=Q(shards__gt=0)),
            models.CheckConstraint(
                name="election_steps_are_of_live_results",
                condition=Q(step=1) | Q(step__range=(2, LARGEST_STEP), shows="live"),
                violation_error_message=_(
                    "Only results that show everything while people vote can go in steps. Write 1 as the ballots in "
                    "a step, or let the results show everything."
                ),
            ),
            models.CheckConstraint(
                name="election_opens_unless_it_is_a_draft", condition=Q(opens_at__isnull=False) | Q(state=State.DRAFT)
            ),
            *(
                models.CheckConstraint(name=f"election_{time}_agrees_with_its_state", condition=_agree(time, states))
                for time, states in (
                    ("sealed_at", (State.CLOSED, *HAS_RESULT)),
                    ("final_at", HAS_RESULT),
                    ("certified_at", (State.CERTIFIED,)),
                    ("cancelled_at", (State.CANCELLED,)),
                )
            ),
            models.CheckConstraint(
                name="election_archived_at_agrees_with_its_state",
                condition=Q(archived_at=None) | Q(state__in=ARCHIVABLE),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def phase(self, now: dt.datetime) -> Phase:
        """Tell the phase at `now`."""
        return phase_of(self.state, self.opens_at, self.closes_at, now)

    @property
    def opening(self) -> dt.datetime:
        """Return when a published election opens; a draft may not say it yet."""
        if self.opens_at is None:
            raise ValueError(f"{self.slug} opens when it is published")
        return self.opens_at

    def is_frozen(self, now: dt.datetime) -> bool:
        """Tell whether the paper must stay as it is: voters may have seen it, or it is cancelled."""
        if self.state == State.CANCELLED:
            return True
        return self.state != State.DRAFT and (self.opened_at is not None or self.opening <= now)


class VoterSecret(models.Model):
    """What an election's voter keys are derived from; made when it is first offered to the ballot box.

    In a table of its own, which the role that people sign in to cannot read. Drafts have none, so that deleting one
    needs no right here; the database itself refuses to delete an election that has one. Certification destroys it.
    """

    election = models.OneToOneField(Election, models.DO_NOTHING, primary_key=True, related_name="+")
    value = models.CharField(max_length=64, default=new_secret)

    def __str__(self) -> str:
        return f"of {self.election_id}"


class DrawSecret(models.Model):
    """What an election's ties are drawn from, under its SHA-256; made when the election is published.

    The role that people sign in to adds it, and cannot read it. An edit may leave one behind that no paper names.
    """

    hash = models.CharField(max_length=64, primary_key=True)
    election = models.ForeignKey(Election, models.DO_NOTHING, related_name="+")
    value = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"of {self.election_id}"


class Design(models.Model):
    """What voters see of an election, as it was published and hashed; written once, and never changed."""

    election = models.ForeignKey(Election, models.CASCADE, related_name="designs")
    hash = models.CharField(max_length=32)
    scheme = models.PositiveSmallIntegerField()
    paper = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["election", "hash"], name="design_once_in_election")]

    def __str__(self) -> str:
        return self.hash


def free_slug(title: str) -> str:
    """Make a slug from a title, with a number behind it if it is taken; from 'election' if the title gives none."""
    base = slugify(title)[:50].strip("-") or "election"
    candidates = itertools.chain([base], (f"{base}-{number}" for number in itertools.count(2)))
    return next(slug for slug in candidates if not Election.objects.filter(slug=slug).exists())


class Contest(models.Model):
    """One question on the paper of an election; `key` names it on the wire and in counts."""

    election = models.ForeignKey(Election, models.CASCADE, related_name="contests", verbose_name=_("election"))
    key = models.CharField(_("key"), max_length=LONGEST_KEY, validators=[validate_key])
    title = models.CharField(
        _("question"),
        max_length=LONGEST_TITLE,
        blank=True,
        help_text=_("An election with one question may leave this empty."),
    )
    description = models.TextField(_("explanation"), blank=True, max_length=LONGEST_EXPLANATION)
    method = models.CharField(_("method"), max_length=20, default="plurality", choices=methods.choices)
    seats = models.PositiveSmallIntegerField(_("seats"), default=1)
    # Which groups of the roll have this question on their paper; none means everybody.
    groups = models.JSONField(_("groups"), default=list, blank=True)
    translations = models.JSONField(default=dict, blank=True, editable=False)
    # Only the method knows which rules there are, and what they mean.
    rules = models.JSONField(_("rules"), default=dict, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("contest")
        verbose_name_plural = _("contests")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["election", "key"],
                name="contest_key_unique_in_election",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(name="contest_has_a_seat", condition=Q(seats__gt=0)),
        ]

    def __str__(self) -> str:
        return self.title or self.key


class Option(models.Model):
    """One possible answer; `key` names it on the wire and in counts."""

    contest = models.ForeignKey(Contest, models.CASCADE, related_name="options", verbose_name=_("contest"))
    label = models.CharField(_("label"), max_length=LONGEST_LABEL)
    key = models.CharField(_("key"), max_length=LONGEST_KEY, validators=[validate_key])
    description = models.TextField(_("explanation"), blank=True, max_length=LONGEST_EXPLANATION)
    # As `polls.methods.OptionOnBallot` has them.
    emoji = models.CharField(_("emoji"), max_length=LONGEST_EMOJI, blank=True)
    colour = models.CharField(_("colour"), max_length=7, blank=True)
    picture = models.CharField(max_length=64, blank=True, editable=False)
    translations = models.JSONField(default=dict, blank=True, editable=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("option")
        verbose_name_plural = _("options")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["contest", "key"],
                name="option_key_unique_in_contest",
                violation_error_message=_("Two options have the same key. Give each its own."),
                # One save may swap the keys of two options, or their labels.
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(
                fields=["contest", "label"],
                name="option_label_unique_in_contest",
                violation_error_message=_("Two options have the same label. Voters could not tell them apart."),
                deferrable=models.Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def on_ballot(self) -> OptionOnBallot:
        """Return the option as it is printed on the ballot."""
        return OptionOnBallot(**{name: getattr(self, name) for name in OptionOnBallot.__dataclass_fields__})


class Picture(models.Model):
    """A picture of an option, as it is published: small, and drawn anew from what was sent (redrawing.py)."""

    election = models.ForeignKey(Election, models.CASCADE, related_name="pictures")
    hash = models.CharField(max_length=64)
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["election", "hash"], name="picture_once_in_election"),
            models.CheckConstraint(
                name="picture_is_small", condition=LessThanOrEqual(Length("content"), LARGEST_PICTURE)
            ),
        ]

    def __str__(self) -> str:
        return self.hash


class Roll(models.Model):
    """How often the roll of an election was changed; locked by whoever changes it.

    At the revision `since` entries were removed last: a ballot box that is older gets the roll anew. Numbers are not
    used again, so that what somebody had from an entry that was removed is of no use.
    """

    election = models.OneToOneField(Election, models.CASCADE, primary_key=True, related_name="roll_state")
    revision = models.PositiveIntegerField(default=0)
    since = models.PositiveIntegerField(default=0)
    last_number = models.PositiveIntegerField(default=0)
    # How many entries there were when all were deleted, since nobody needed them any more, and when that was.
    deleted = models.PositiveIntegerField(db_default=0)
    deleted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"of {self.election_id}, revision {self.revision}"


class RollEntry(models.Model):
    """One who may vote in an election with a roll.

    `number` is the entry's identity: the voter key is derived from it, whatever happens to name or code. `code_hash` is
    the keyed hash of the code that finds the entry, and `issue` counts its codes: what an earlier one opened is void.
    No row here leads to a ballot, but through the election's voter secret.
    """

    election = models.ForeignKey(Election, models.CASCADE, related_name="roll", verbose_name=_("election"))
    number = models.PositiveIntegerField(_("number"))
    name = models.CharField(_("name"), max_length=LONGEST_TITLE, blank=True)
    groups = models.JSONField(_("groups"), default=list, blank=True)
    weight = models.PositiveIntegerField(_("weight"), default=1)
    email = models.EmailField(_("e-mail"), blank=True)
    member_number = models.CharField(_("member number"), max_length=60, blank=True)
    # Who that is at the provider where voters sign in; an entry with a subject is not found by its e-mail.
    subject = models.CharField(_("subject"), max_length=LONGEST_SUBJECT, blank=True)
    code_hash = models.CharField(max_length=64, blank=True, editable=False)
    issue = models.PositiveIntegerField(default=0, editable=False)
    struck_at = models.DateTimeField(_("struck"), null=True, editable=False)
    # That of the roll at the last act that changed the entry.
    revision = models.PositiveIntegerField(default=0, editable=False)
    # Without a time, so that no ballot can be found by it.
    voted = models.BooleanField(_("has voted"), default=False, editable=False)

    class Meta:
        verbose_name = _("roll entry")
        verbose_name_plural = _("roll entries")
        ordering = ["number"]
        indexes = [
            models.Index(fields=["election", "revision"], name="roll_entry_by_revision"),
            models.Index("election", Lower("email"), condition=~Q(email=""), name="roll_entry_by_email"),
            models.Index(fields=["election", "subject"], condition=~Q(subject=""), name="roll_entry_by_subject"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["election", "number"], name="roll_entry_number_unique_in_election"),
            models.UniqueConstraint(
                fields=["election", "member_number"],
                # That of somebody who was struck is free: it may be given to the same person, added anew.
                condition=~Q(member_number="") & Q(struck_at=None),
                name="roll_entry_member_number_unique_in_election",
            ),
            models.UniqueConstraint(
                fields=["election", "code_hash"],
                condition=~Q(code_hash=""),
                name="roll_entry_code_unique_in_election",
            ),
            models.CheckConstraint(name="roll_entry_has_a_weight", condition=Q(weight__gt=0)),
        ]

    def __str__(self) -> str:
        return self.name or self.member_number or str(self.number)


class Epoch(models.Model):
    """One life of the ballot box; a Redis that lost its data starts another."""

    name = models.CharField(_("name"), max_length=32, unique=True)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    # When a ballot came with the place of another ballot of this epoch: the box had come back with older data.
    reused_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("epoch")
        verbose_name_plural = _("epochs")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name
