"""Times as people write them, in English or Spanish: “in 30 minutes”, “Sunday 20:00”, “domingo a las 20:00”.

What is not understood as a whole, or can mean two things, is refused. dateparser, the well-kept library for this,
guesses instead: it reads “tomorrow at 9” as tomorrow at this time of day, and “Sunday at 8” as a 28 August.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.utils.formats import date_format
from django.utils.translation import gettext as _

# Names without accents, and without the dots of abbreviations.
_DAYS = (
    "monday mon lunes", "tuesday tue martes", "wednesday wed miercoles", "thursday thu jueves", "friday fri viernes",
    "saturday sat sabado", "sunday sun domingo",
)  # fmt: skip
_MONTHS = (
    "january jan enero ene", "february feb febrero", "march mar marzo", "april apr abril abr", "may mayo",
    "june jun junio", "july jul julio", "august aug agosto ago", "september sep sept septiembre setiembre",
    "october oct octubre", "november nov noviembre", "december dec diciembre dic",
)  # fmt: skip
_UNITS = {
    "weeks": "week weeks semana semanas",
    "days": "day days dia dias",
    "hours": "hour hours hr hrs h hora horas",
    "minutes": "minute minutes min mins minuto minutos",
}
_WEEKDAY = {name: number for number, names in enumerate(_DAYS) for name in names.split()}
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_UNIT = {name: unit for unit, names in _UNITS.items() for name in names.split()}

_INTRODUCTION = re.compile(r"(?:(?:se )?(?:opens?|closes?|abre|cierra)|until|hasta|from|desde) ")
_AMOUNT = re.compile(r"(\d{1,4}|an?|una?) ?([a-z]+)( and a half| y media)?(?: (?:and |y )?|$)")
_WORD_DATE = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th|o)? (?:of |de )?(?P<month>[a-z]+)(?: (?:de |del )?(?P<year>\d{4}))?"
    r"|(?P<month2>[a-z]+) (?P<day2>\d{1,2})(?:st|nd|rd|th)?(?: (?P<year2>\d{4}))?"
)
_NUMBER_DATE = re.compile(r"(\d{1,2})([/.-])(\d{1,2})(?:\2(\d{4}))?")
_TIME = re.compile(
    r"(?P<at>at |@ ?|a las? |las? )?(?P<hour>\d{1,2})(?:(?P<colon>[:h])(?P<minute>\d{2}))?"
    r" ?(?P<half>am|pm|a m|p m|h|hs|horas|o'clock|en punto|"
    r"de la manana|de la tarde|de la noche|in the morning|in the afternoon|in the evening|at night)?"
)
# What is added to an hour on a clock of twelve, and which hours of it can be meant.
_HALVES = {
    "am": (0, range(1, 12)), "pm": (12, range(1, 12)), "de la manana": (0, range(1, 12)),
    "in the morning": (0, range(1, 12)), "de la tarde": (12, range(1, 9)), "in the afternoon": (12, range(1, 7)),
    "de la noche": (12, range(8, 12)), "in the evening": (12, range(5, 12)), "at night": (12, range(8, 12)),
}  # fmt: skip
_HALF_DAYS = ("pm", "de la tarde", "in the afternoon")
_TOMORROW = ("tomorrow", "manana")
_AFTER_TOMORROW = ("day after tomorrow", "the day after tomorrow", "pasado manana")


def read_words(text: str, now: dt.datetime, *, otherwise: dt.time, month_first: bool | None = None) -> dt.datetime:
    """Return the time of day on a date, without a zone, that `text` means; raises ValidationError.

    `now` is in the zone that is meant. A date alone is at `otherwise`. `month_first` says how 3/4 is read, None that it
    is not.
    """
    return _Reader(text, now, otherwise, month_first).read()


class _Reader:
    def __init__(self, text: str, now: dt.datetime, otherwise: dt.time, month_first: bool | None) -> None:
        self.text, self.now, self.otherwise, self.month_first = text.strip(), now, otherwise, month_first
        self.today = now.date()

    def read(self) -> dt.datetime:
        words = _INTRODUCTION.sub("", normalise(self.text), count=1)
        if words in ("now", "right now", "ahora", "ahora mismo"):
            return self._as_shown(self.now.replace(second=0, microsecond=0))
        found = {*self._durations(words)} or {*self._moments(words)}
        if len(found) != 1:
            raise ValidationError(
                # Translators: leave the examples in English, or take dates in numbers, as for “Sunday 20:00”.
                _(
                    "“%(text)s” is not understood. Write, for example, “in 30 minutes”, “tomorrow 9:00”, "
                    "“Sunday 20:00” or “29 November 2026, 20:00”."
                ),
                params={"text": self.text},
            )
        return found.pop()

    def _doubt(self, one: str, other: str) -> ValidationError:
        text = _("“%(text)s” can mean %(one)s or %(other)s. Write which one.")
        return ValidationError(text, params={"text": self.text, "one": one, "other": other})

    # --- A distance from now ------------------------------------------------------------------------------

    def _durations(self, words: str) -> Iterator[dt.datetime]:
        amounts = self._amounts(words)
        if not amounts:
            return
        days = dt.timedelta(days=amounts.pop("days", 0), weeks=amounts.pop("weeks", 0))
        try:
            # Days keep the time of day; hours and minutes are those that a clock measures.
            start = (self.now + days if days else self.now).astimezone(dt.UTC)
            # No minute is shorter than was asked for.
            begun = dt.timedelta(minutes=1) if start.second or start.microsecond else dt.timedelta(0)
            start = start.replace(second=0, microsecond=0) + begun
            local = (start + dt.timedelta(**amounts)).astimezone(self.now.tzinfo)
        except OverflowError:
            return
        yield self._as_shown(local)

    def _as_shown(self, moment: dt.datetime) -> dt.datetime:
        """Return a moment without its zone; a field cannot show the second of two hours of the same name."""
        if moment.fold:
            raise ValidationError(
                _("%(time)s comes twice on that day: the clocks go back then. Choose another time."),
                params={"time": moment.strftime("%H:%M")},
            )
        return moment.replace(tzinfo=None)

    @staticmethod
    def _amounts(words: str) -> dict[str, int]:
        """Return the amounts in “in 2 hours and 30 minutes”, the largest unit first; nothing for what is none."""
        start = re.match(r"(in|en|dentro de) ", words)
        rest = words[start.end() :] if start else ""
        if rest in ("half an hour", "media hora"):
            return {"minutes": 30}
        amounts: dict[str, int] = {}
        while rest:
            match = _AMOUNT.match(rest)
            unit = _UNIT.get(match[2]) if match else None
            if (
                not match
                or not unit
                or [*_UNITS].index(unit) <= max(([*_UNITS].index(one) for one in amounts), default=-1)
            ):
                return {}
            amounts[unit] = int(match[1]) if match[1].isdecimal() else 1
            rest = rest[match.end() :]
            if match[3]:
                return amounts | {"minutes": 30} if unit == "hours" and not rest else {}
        return amounts

    # --- A day, a time of day, or both --------------------------------------------------------------------

    def _moments(self, words: str) -> Iterator[dt.datetime]:
        parts = words.split()
        for place in range(len(parts) + 1):
            first, second = " ".join(parts[:place]), " ".join(parts[place:])
            for day, time in ((first, second), (second, first)):
                yield from self._moment(day, time)

    def _moment(self, day: str, clock: str) -> Iterator[dt.datetime]:
        time = self._time(clock, tonight=day in ("tonight", "esta noche")) if clock else None
        if clock and time is None:
            return
        if not day:
            if time is not None:
                moment = dt.datetime.combine(self.today, time)
                yield moment if moment > self.now.replace(tzinfo=None) else moment + dt.timedelta(days=1)
            return
        date = self._day(day, time)
        if date is not None:
            yield dt.datetime.combine(date, self.otherwise if time is None else time)

    def _day(self, words: str, time: dt.time | None) -> dt.date | None:
        words = re.sub(r"^(on|el|this|este|the|para el) (?!day after)", "", words)
        if words in ("today", "hoy") or (words in ("tonight", "esta noche") and time):
            return self.today
        if words in _TOMORROW:
            return self.today + dt.timedelta(days=1)
        if words in _AFTER_TOMORROW:
            return self.today + dt.timedelta(days=2)
        if amounts := self._amounts(words):
            if time is None or not amounts.keys() <= {"days", "weeks"}:
                return None
            return self.today + dt.timedelta(**amounts)
        weekday = _WEEKDAY.get(words)
        if weekday is not None:
            return self._next(weekday, time)
        if (later := re.fullmatch(r"(?:next|proximo) (\w+)|(\w+) (?:que viene|proximo)", words)) and (
            weekday := _WEEKDAY.get(later[1] or later[2])
        ) is not None:
            coming = self.today + dt.timedelta(days=(weekday - self.today.weekday() - 1) % 7 + 1)
            raise self._doubt(write_day(coming), write_day(coming + dt.timedelta(days=7)))
        first, _space, rest = words.partition(" ")
        date = self._date(rest if first in _WEEKDAY else words)
        if date and first in _WEEKDAY and date.weekday() != _WEEKDAY[first]:
            text = _("%(date)s is no such day of the week. Write the day that you mean.")
            raise ValidationError(text, params={"date": write_day(date)})
        return date

    def _next(self, weekday: int, time: dt.time | None) -> dt.date:
        """Return the next such day of the week; today counts until the time that is meant."""
        days = (weekday - self.today.weekday()) % 7
        if days == 0 and time is None:
            raise self._doubt(write_day(self.today), write_day(self.today + dt.timedelta(days=7)))
        if days == 0 and time is not None and time <= self.now.time():
            days = 7
        return self.today + dt.timedelta(days=days)

    def _date(self, words: str) -> dt.date | None:
        if match := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", words):
            return make_date(int(match[1]), int(match[2]), int(match[3]))
        if match := _NUMBER_DATE.fullmatch(words):
            one, mark, other, year = int(match[1]), match[2], int(match[3]), match[4]
            return self._in_year(self._order(one, other, year), year) if year or mark == "/" else None
        if (match := _WORD_DATE.fullmatch(words)) and (month := _MONTH.get(match["month"] or match["month2"])):
            return self._in_year((int(match["day"] or match["day2"]), month), match["year"] or match["year2"])
        return None

    def _order(self, one: int, other: int, year: str | None) -> tuple[int, int]:
        """Return day and month of a date in numbers."""
        if self.month_first is None and one != other and {one, other} <= set(range(1, 13)):
            dates = (make_date(int(year or 2000), month, day) for day, month in ((one, other), (other, one)))
            first, second = (date_format(date, "j F") for date in dates if date)
            raise self._doubt(first, second)
        is_month_first = other > 12 if self.month_first is None else self.month_first
        return (other, one) if is_month_first else (one, other)

    def _in_year(self, day_and_month: tuple[int, int], year: str | None) -> dt.date | None:
        """Return a date of a year, without one the next such date."""
        day, month = day_and_month
        years = (int(year),) if year else range(self.today.year, self.today.year + 9)
        dates = (make_date(one, month, day) for one in years)
        return next((date for date in dates if date and (year or date >= self.today)), None)

    def _time(self, words: str, *, tonight: bool) -> dt.time | None:
        if words in ("noon", "at noon", "midday", "at midday", "mediodia", "a mediodia", "al mediodia"):
            return dt.time(12)
        if words in ("midnight", "at midnight", "medianoche", "a medianoche"):
            raise self._doubt("00:00", "23:59")
        match = _TIME.fullmatch(words)
        if match is None:
            return None
        hour, minute, half = int(match["hour"]), int(match["minute"] or 0), match["half"] or ""
        half = {"a m": "am", "p m": "pm"}.get(half, half)
        if half in _HALVES:
            added, hours = _HALVES[half]
            if hour == 12 and half in _HALF_DAYS:
                return make_time(12, minute)
            return make_time(hour + added, minute) if hour in hours else None
        if half == "h" and match["colon"] == "h":
            return None
        if half == "horas" and not match["at"]:
            return None
        if match["minute"] is None and half not in ("h", "hs", "horas"):
            if not match["at"]:
                return None
            if 1 <= hour <= 12 and not (tonight and hour in range(6, 12)):
                raise self._doubt(f"{hour % 12:02}:00", f"{hour % 12 + 12}:00")
        if tonight and hour in range(1, 12):
            return make_time(hour + 12, minute) if hour >= 6 else None
        return make_time(hour, minute)


def normalise(text: str) -> str:
    """Return a text in small letters without accents, commas, dots behind letters, and double spaces."""
    text = unicodedata.normalize("NFKD", text.casefold()).replace("’", "'")
    text = "".join(char for char in text if not unicodedata.combining(char))
    return " ".join(re.sub(r"(?<=[a-z])\.|[.!]$|,", " ", text).split())


def make_date(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def make_time(hour: int, minute: int) -> dt.time | None:
    return dt.time(hour, minute) if hour < 24 and minute < 60 else None


def write_day(date: dt.date) -> str:
    """Write a date with its day of the week."""
    # Translators: a format of dates, as Django has them: weekday, day, month and year, like “Sunday 29 November 2026”.
    return date_format(date, _("l j F Y"))
