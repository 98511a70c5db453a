"""Fields for the times of an election, which people write in its own time zone, with pickers or in words.

An instant moves only if its own field was edited: another zone, seconds that no field shows, and the hour that comes
twice in autumn move nothing.
"""

import datetime as dt
import zoneinfo
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from .time_words import read_words

# What a browser's own pickers send, and take.
DATE, TIME = "%Y-%m-%d", "%H:%M"
# Years beyond which neither databases nor browsers agree on what a time is.
FIRST_YEAR, LAST_YEAR = 2000, 9000


class TimeWidget(forms.MultiWidget):
    """A date and a time of day, with the pickers of the browser, or both in words; below them the time in full."""

    template_name = "office/time_widget.html"
    # What the form says about the time: its name, and how it was read.
    label: Any = ""
    read_back = ""

    def __init__(self) -> None:
        date = forms.DateInput(format=DATE, attrs={"type": "date"})
        time = forms.TimeInput(format=TIME, attrs={"type": "time"})
        # Translators: leave this in English, or take a date in numbers: words are read in English and Spanish alone.
        example = gettext_lazy("Sunday 20:00")
        words = forms.TextInput(attrs={"placeholder": example, "autocomplete": "off"})
        super().__init__((date, time, words))

    def decompress(self, value: dt.datetime | None) -> tuple[dt.date | None, dt.time | None, str]:
        """Show a naive time as it is; the form has made it one of the election's zone."""
        return (value.date(), value.time(), "") if value else (None, None, "")

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        return context | {"label": self.label, "read_back": self.read_back}


@dataclass(frozen=True)
class InWords:
    """A time in words, and what the pickers beside it say."""

    text: str
    picked: dt.datetime | None
    # At what time of day a date alone is.
    otherwise: dt.time


class TimeField(forms.MultiValueField):
    """A time of day on a date, without a zone, or InWords: the form knows which zone is meant.

    A date alone is its first minute, or its last one where the field says so.
    """

    widget = TimeWidget

    def __init__(self, *, end_of_day: bool = False, **kwargs: Any) -> None:
        self._otherwise = dt.time(23, 59) if end_of_day else dt.time(0, 0)
        parts = (
            forms.DateField(required=False),
            forms.TimeField(required=False),
            forms.CharField(required=False, max_length=100),
        )
        super().__init__(parts, required=False, require_all_fields=False, **kwargs)
        self.widget.label = self.label

    def compress(self, values: list[Any]) -> dt.datetime | InWords | None:
        date, time, words = values or (None, None, "")
        if words:
            return InWords(words, dt.datetime.combine(date, time) if date and time else None, self._otherwise)
        if date is None and time is None:
            return None
        if date is None:
            raise ValidationError(_("The date is missing. Choose the day as well."))
        check_year(date)
        return dt.datetime.combine(date, time or self._otherwise)


def check_year(date: dt.date) -> None:
    """Raise ValidationError for a year in which not everybody agrees on what a time is."""
    if not FIRST_YEAR <= date.year <= LAST_YEAR:
        raise ValidationError(
            _("Choose a year from %(first)d to %(last)d."), params={"first": FIRST_YEAR, "last": LAST_YEAR}
        )


def as_shown(moment: dt.datetime | None, zone: dt.tzinfo) -> dt.datetime | None:
    """Return what the field shows of a moment: the minute in a zone, without saying which zone."""
    if moment is None:
        return None
    return timezone.localtime(moment, zone).replace(tzinfo=None, fold=0, second=0, microsecond=0)


def read_time(
    typed: dt.datetime | InWords | None, before: dt.datetime | None, shown_in: dt.tzinfo, zone: dt.tzinfo
) -> dt.datetime | None:
    """Return the moment that was typed into a field which showed `before`; raises ValidationError.

    What came back as it was shown is `before` to the microsecond. Of an hour that comes twice the first one is meant.
    """
    shown = as_shown(before, shown_in)
    if isinstance(typed, InWords):
        if typed.picked not in (None, shown):
            raise ValidationError(_("The time is written in words, and chosen as well. Take one of them out."))
        now = timezone.localtime(timezone.now(), zone)
        # In America, and where the browser does not say which English it is, both orders are usual.
        month_first = None if (get_language() or "en") in ("en", "en-ca") else False
        typed = read_words(typed.text, now, otherwise=typed.otherwise, month_first=month_first)
        check_year(typed)
    elif typed == shown:
        return before
    if typed is None:
        return None
    moment = typed.replace(tzinfo=zone)
    if moment.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None) != typed:
        raise ValidationError(
            _("%(time)s does not exist in %(zone)s: the clocks go forward then. Choose another time."),
            params={"time": typed.strftime(TIME), "zone": str(zone)},
        )
    return moment


def find_zone(name: str) -> dt.tzinfo:
    """Return a zone by its name, and the installation's own for a name that is none."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return timezone.get_default_timezone()
