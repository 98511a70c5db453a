"""The log of what organisers have done."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class ActName(models.TextChoices):
    """What can be done with an election, as the log says it."""

    PUBLISH = "publish", _("published")
    CANCEL = "cancel", _("cancelled")
    CLOSE = "close", _("closed")
    ARCHIVE = "archive", _("archived")
    DUPLICATE = "duplicate", _("made as a copy")


class LoggedAct(models.Model):
    """One act: who did what to which election, when, and what it changed. No role may change or delete a row.

    `changes` maps the name of a field to its old and its new value, as texts or None. The election is named by its
    number and its address, so that the row stays when a draft is deleted.
    """

    at = models.DateTimeField(_("time"), db_default=Now())
    actor = models.CharField(_("who"), max_length=150)
    act = models.CharField(_("act"), max_length=20, choices=ActName)
    election = models.PositiveBigIntegerField()
    slug = models.CharField(_("address"), max_length=60)
    changes = models.JSONField(_("changes"), default=dict)

    class Meta:
        db_table = "office_act"
        verbose_name = _("act")
        verbose_name_plural = _("acts")
        ordering = ["-id"]
        indexes = [models.Index(fields=["election", "id"], name="act_by_election")]

    def __str__(self) -> str:
        return f"{self.slug}: {self.act} by {self.actor}"
