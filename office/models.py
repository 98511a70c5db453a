"""Organisations, their members and elections, and what organisers have done, as PostgreSQL keeps it."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Organisation(models.Model):
    """Somebody who holds elections. One is there from the start."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    # What the pages of its elections show. The accent colour is as it was chosen, #rrggbb; the logo is a data URI.
    public_name = models.CharField(max_length=100, blank=True, editable=False)
    accent = models.CharField(max_length=7, blank=True, editable=False)
    logo = models.TextField(blank=True, editable=False)
    # Whether its members may do nothing before they have a second factor.
    demands_second_factor = models.BooleanField(default=False, editable=False)
    # Whether it takes two managers to certify a result.
    two_certify = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class MemberRole(models.TextChoices):
    """What a member does for an organisation; access.py says what that allows."""

    MANAGER = "manager", _("manager: writes, publishes and runs elections")
    OPERATOR = "operator", _("operator: runs elections that are published")
    AUDITOR = "auditor", _("auditor: reads everything, changes nothing")
    CHAIR = "chair", _("chair: shows elections on the screen")


class Membership(models.Model):
    """One person's role in one organisation."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=MemberRole, default=MemberRole.MANAGER)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [models.UniqueConstraint(fields=["organisation", "user"], name="one_role_in_an_organisation")]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display()}"


class SecondFactor(models.Model):
    """Something besides the password by which somebody shows who signs in; `sign_in/factors.py` says what is valid.

    `data` is by kind: of an app its key (in base 32) and the last step for which a code was taken; of a passkey its
    public part, the host that it belongs to, and how often it signed; of recovery codes their hashes.
    """

    class Kind(models.TextChoices):
        APP = "app", _("app that shows codes")
        PASSKEY = "passkey", _("passkey")
        RECOVERY = "recovery", _("recovery codes")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="second_factors")
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(_("name"), max_length=60, blank=True)
    data = models.JSONField()
    made_at = models.DateTimeField(db_default=Now())
    used_at = models.DateTimeField(null=True)
    # Wrong codes since the last right one, from whichever address, and the last of them.
    wrong = models.PositiveSmallIntegerField(default=0)
    wrong_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind"], condition=~models.Q(kind="passkey"), name="one_app_and_one_set_of_codes"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.user}"


class OutsideIdentity(models.Model):
    """Who somebody is at a provider of OpenID Connect: its number for a person, which never changes."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="outside_identities")
    issuer = models.CharField(max_length=300)
    subject = models.CharField(max_length=255)
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="one_account_for_an_identity")]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class Holding(models.Model):
    """Which organisation holds an election."""

    election = models.OneToOneField("polls.Election", models.CASCADE, primary_key=True, related_name="holding")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="holdings")

    def __str__(self) -> str:
        return f"{self.election} of {self.organisation}"


class ActName(models.TextChoices):
    """What can be done with an election or an organisation, as the log says it."""

    PUBLISH = "publish", _("published")
    CANCEL = "cancel", _("cancelled")
    CLOSE = "close", _("closed")
    RELEASE = "release", _("result released")
    PREPARE_AUDIT = "prepare-audit", _("audit by sample prepared")
    DRAW_SAMPLE = "draw-sample", _("sample of an audit drawn")
    NOTE_SAMPLE = "note-sample", _("note on a sample written")
    CERTIFY = "certify", _("certification ordered")
    WITHDRAW_CERTIFY = "withdraw-certify", _("certification withdrawn")
    ARCHIVE = "archive", _("archived")
    DUPLICATE = "duplicate", _("made as a copy")
    MEND = "mend", _("text mended")
    TAKE_BACK = "take-back", _("taken back, because voting had begun")
    ENTER_LOT = "enter-lot", _("lot entered")
    WITHDRAW = "withdraw", _("option withdrawn")
    ADD_MEMBER = "add-member", _("member added")
    CHANGE_ROLE = "change-role", _("role of a member changed")
    REMOVE_MEMBER = "remove-member", _("member removed")
    MAKE_LINK = "make-link", _("link to a first password made")
    CHANGE_LOOK = "change-look", _("look changed")
    DEMAND_FACTOR = "demand-factor", _("rule on the second factor changed")
    RESET_FACTOR = "reset-factor", _("second factor of a member reset")
    IMPORT_ROLL = "import-roll", _("roll imported")
    COPY_ROLL = "copy-roll", _("roll copied")
    ADD_VOTER = "add-voter", _("voter added")
    CHANGE_VOTER = "change-voter", _("voter changed")
    STRIKE_VOTER = "strike-voter", _("voter struck off the roll")
    REISSUE_CODE = "reissue-code", _("new code for a voter")
    REISSUE_CODES = "reissue-codes", _("new codes for all voters")
    CHANGE_CERTIFYING = "change-certifying", _("number of managers who certify changed")
    SEND_INVITATIONS = "send-invitations", _("invitations ordered")
    SEND_REMINDERS = "send-reminders", _("reminders ordered")
    SEND_RESULT = "send-result", _("mails with the result ordered")
    SEND_AGAIN = "send-again", _("mails ordered again")
    STOP_MAIL = "stop-mail", _("waiting mails stopped")
    OPEN_KIOSK = "open-kiosk", _("kiosk opened")
    END_KIOSK = "end-kiosk", _("kiosk ended")
    ADD_WITNESS = "add-witness", _("witness of the record added")
    REMOVE_WITNESS = "remove-witness", _("witness of the record removed")
    CHANGE_QUORUM = "change-quorum", _("number of witnesses required changed")
    BEGIN_RECORD_ANEW = "begin-record-anew", _("record begun anew")
    DELETE_ROLL = "delete-roll", _("voters deleted from the roll")


class MailOrder(models.Model):
    """Mails of one kind to people on the roll of an election, as an organiser ordered them; see docs/mail.md.

    The worker that sends them has no request, so that the address stands here; and `sender` is the name under which.
    """

    class Kind(models.TextChoices):
        INVITATION = "invitation", _("Invitations")
        REMINDER = "reminder", _("Reminders")
        RESULT = "result", _("Mails with the result")

    election = models.ForeignKey("polls.Election", models.CASCADE, related_name="mail_orders")
    kind = models.CharField(max_length=10, choices=Kind)
    # Whether each mail makes its voter a new code.
    with_code = models.BooleanField(default=False)
    language = models.CharField(_("language"), max_length=10)
    sender = models.CharField(max_length=100)
    reply_to = models.EmailField(_("address for answers"), blank=True)
    address = models.CharField(max_length=500)
    ordered_at = models.DateTimeField(db_default=Now())
    # When the worker began its last turn with it; what kept it from sending, and until when it waits for that.
    turn_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)
    paused_until = models.DateTimeField(null=True)
    # Of reminders, which are deleted once they are done: together they would tell who had voted when.
    sent = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.election}"


class MailMessage(models.Model):
    """One mail of an order, to the roll entry with this number; it has neither the code nor the address."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        # Committed before the mail server gets it, and found only where a worker is at it, or has died.
        SENDING = "sending", _("being sent")
        UNSURE = "unsure", _("perhaps sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("not sent")
        # Another mail server reported later that it could not be delivered.
        RETURNED = "returned", _("came back")
        # It had become superfluous: struck, voted, without an address, or too late.
        SKIPPED = "skipped", _("left out")

    # What an organiser has to look at, and can send again.
    STUCK = (State.FAILED, State.RETURNED, State.UNSURE)

    order = models.ForeignKey(MailOrder, models.CASCADE, related_name="messages")
    # None once the reminder of somebody has failed: that it was needed tells who had not voted.
    number = models.PositiveIntegerField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    # What a mail server said.
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "number"], name="one_mail_of_an_order_for_a_voter")]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                condition=models.Q(state__in=("waiting", "sending")),
                name="mail_to_be_sent",
            )
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.get_state_display()}"


class RollList(models.Model):
    """A voter list that waits to be imported, in parts; see roll_list.py."""

    election = models.ForeignKey("polls.Election", models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    size = models.PositiveIntegerField()
    made_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.size} bytes for {self.election_id}"


class RollListPart(models.Model):
    """A part of a voter list, as it was uploaded."""

    list = models.ForeignKey(RollList, models.CASCADE, related_name="parts")
    place = models.PositiveSmallIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["list", "place"], name="one_part_at_a_place")]

    def __str__(self) -> str:
        return f"part {self.place} of {self.list_id}"


class LoggedAct(models.Model):
    """One act: who did what to which election or organisation, or to the installation, when, and what it changed.

    No role may change or delete a row. `changes` maps the name of a field, or of a member, to its old and its new
    value, as texts or None. An election is named by its number and its address, an organisation by its number, so that
    the row stays when a draft is deleted.
    """

    at = models.DateTimeField(_("time"), db_default=Now())
    actor = models.CharField(_("who"), max_length=150)
    act = models.CharField(_("act"), max_length=20, choices=ActName)
    election = models.PositiveBigIntegerField(null=True)
    organisation = models.PositiveBigIntegerField(null=True)
    slug = models.CharField(_("address"), max_length=60, blank=True)
    changes = models.JSONField(_("changes"), default=dict)

    class Meta:
        db_table = "office_act"
        verbose_name = _("act")
        verbose_name_plural = _("acts")
        ordering = ["-id"]
        indexes = [models.Index(fields=["election", "id"], name="act_by_election")]
        constraints = [
            models.CheckConstraint(
                name="act_on_one_election_or_organisation_or_none",
                condition=models.Q(election=None) | models.Q(organisation=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.slug or self.organisation or 'installation'}: {self.get_act_display()}, {self.actor}"
