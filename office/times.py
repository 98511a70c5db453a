"""Times as the administration writes them: in the election's own zone, which stands beside them."""

import datetime as dt
import zoneinfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _

from polls.definition import moment
from polls.models import Election


def in_zone(time: dt.datetime | None, election: Election) -> str:
    """Write a time in the election's own time zone, with the zone beside it."""
    if time is None:
        return "–"
    zone = zoneinfo.ZoneInfo(election.time_zone)
    return f"{date_format(timezone.localtime(time, zone), 'DATETIME_FORMAT')} ({election.time_zone})"


def in_full(time: dt.datetime, election: Election, now: dt.datetime) -> str:
    """Write a time of an election with all that it may be mistaken in, as `write_in_full` does."""
    return write_in_full(time, zoneinfo.ZoneInfo(election.time_zone), now)


def write_in_full(time: dt.datetime, zone: dt.tzinfo, now: dt.datetime) -> str:
    """Write a time with its weekday, its year, its zone, and how far it is from `now`."""
    return f"{write_date(time, zone)}, {distance(time, now)}"


def write_date(time: dt.datetime, zone: dt.tzinfo) -> str:
    """Write a time with its weekday, its year and its zone."""
    local = timezone.localtime(time, zone)
    # Translators: a format of dates, as Django has them, like “Sunday 29 November 2026, 20:00”.
    written = date_format(local, _("l j F Y, H:i"))
    return f"{written} {zone} ({local.tzname()})"


def distance(time: dt.datetime, now: dt.datetime) -> str:
    """Say how far a time is from `now`, in its two largest units, down to a minute."""
    if abs(time - now) < dt.timedelta(minutes=1):
        return _("in less than a minute") if time > now else _("just now")
    if time > now:
        return _("in %(distance)s") % {"distance": timeuntil(time, now)}
    return _("%(distance)s ago") % {"distance": timesince(time, now)}


def election_time(milliseconds: int | None, election: Election) -> str:
    """Write a time of a definition as `in_zone` does."""
    return in_zone(None if milliseconds is None else moment(milliseconds), election)
