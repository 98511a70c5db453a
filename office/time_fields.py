"""Fields for the times of an election, which people write in its own time zone.

An instant moves only if its own field was edited: another zone, seconds that no field shows, and the hour that comes
twice in autumn move nothing.
"""

import datetime as dt
import zoneinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

# What a browser's own pickers send, and take.
DATE, TIME = "%Y-%m-%d", "%H:%M"
# Years beyond which neither databases nor browsers agree on what a time is.
FIRST_YEAR, LAST_YEAR = 2000, 9000


class TimeWidget(forms.SplitDateTimeWidget):
    """A date and a time of day, with the pickers of the browser."""

    template_name = "office/time_widget.html"

    def __init__(self) -> None:
        super().__init__(date_format=DATE, time_format=TIME, date_attrs={"type": "date"}, time_attrs={"type": "time"})

    def decompress(self, value: dt.datetime | None) -> tuple[dt.date | None, dt.time | None]:
        """Show a naive time as it is; the form has made it one of the election's zone."""
        return (value.date(), value.time()) if value else (None, None)


class TimeField(forms.MultiValueField):
    """A time of day on a date, without a zone: the form knows which one is meant.

    A date alone is its first minute, or its last one where the field says so.
    """

    widget = TimeWidget

    def __init__(self, *, end_of_day: bool = False, **kwargs: Any) -> None:
        self._otherwise = dt.time(23, 59) if end_of_day else dt.time(0, 0)
        parts = (forms.DateField(required=False), forms.TimeField(required=False))
        super().__init__(parts, required=False, require_all_fields=False, **kwargs)

    def compress(self, values: list[Any]) -> dt.datetime | None:
        date, time = values or (None, None)
        if date is None and time is None:
            return None
        if date is None:
            raise ValidationError(_("The date is missing. Choose the day as well."))
        if not FIRST_YEAR <= date.year <= LAST_YEAR:
            raise ValidationError(
                _("Choose a year from %(first)d to %(last)d."), params={"first": FIRST_YEAR, "last": LAST_YEAR}
            )
        return dt.datetime.combine(date, time or self._otherwise)


def as_shown(moment: dt.datetime | None, zone: dt.tzinfo) -> dt.datetime | None:
    """Return what the field shows of a moment: the minute in a zone, without saying which zone."""
    if moment is None:
        return None
    return timezone.localtime(moment, zone).replace(tzinfo=None, fold=0, second=0, microsecond=0)


def read_time(typed: dt.datetime | None, before: dt.datetime | None, shown_in: dt.tzinfo, zone: dt.tzinfo) -> Any:
    """Return the moment that was typed into a field which showed `before`; raises ValidationError.

    What came back as it was shown is `before` to the microsecond. Of an hour that comes twice the first one is meant.
    """
    if typed == as_shown(before, shown_in):
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
