"""Sizes of paper."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from reportlab.lib import pagesizes


class Paper(TextChoices):
    """What a printer is loaded with."""

    A4 = "a4", _("A4")
    LETTER = "letter", _("US Letter")

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in points."""
        return {Paper.A4: pagesizes.A4, Paper.LETTER: pagesizes.LETTER}[self]
