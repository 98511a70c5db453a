"""Times as the administration writes them: in the election's own zone, which stands beside them."""

import datetime as dt
import zoneinfo

from django.utils import timezone
from django.utils.formats import date_format

from polls.definition import moment
from polls.models import Election


def in_zone(time: dt.datetime | None, election: Election) -> str:
    """Write a time in the election's own time zone, with the zone beside it."""
    if time is None:
        return "–"
    zone = zoneinfo.ZoneInfo(election.time_zone)
    return f"{date_format(timezone.localtime(time, zone), 'DATETIME_FORMAT')} ({election.time_zone})"


def election_time(milliseconds: int | None, election: Election) -> str:
    """Write a time of a definition as `in_zone` does."""
    return in_zone(None if milliseconds is None else moment(milliseconds), election)
