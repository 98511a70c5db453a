"""Times in words: what is understood, and what is refused because it is not, or can mean two things."""

import datetime as dt
import json
from contextlib import suppress
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone, translation
from hypothesis import example, given
from hypothesis import strategies as st

from office.time_fields import InWords, find_zone, read_time
from office.time_words import read_words
from polls.models import Election
from tests.office.test_admin import draft, organiser
from tests.office.test_straddle import loaded_form, page_of

__all__ = ["organiser"]

pytestmark = pytest.mark.urls("voting_site.urls.admin")

MADRID = find_zone("Europe/Madrid")
# A Saturday.
NOW = dt.datetime(2026, 11, 28, 18, 5, 20, tzinfo=MADRID)


def read(text: str, now: dt.datetime = NOW, month_first: bool | None = None) -> str:
    return f"{read_words(text, now, otherwise=dt.time(23, 59), month_first=month_first):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("in 30 minutes", "2026-11-28 18:36"),
        ("Closes in 30 minutes.", "2026-11-28 18:36"),
        ("in 2 hours and 30 min", "2026-11-28 20:36"),
        ("in an hour and a half", "2026-11-28 19:36"),
        ("in half an hour", "2026-11-28 18:36"),
        ("in 1 day 2 hours", "2026-11-29 20:06"),
        ("in 2 weeks", "2026-12-12 18:06"),
        ("in 3 days at 20:00", "2026-12-01 20:00"),
        ("now", "2026-11-28 18:05"),
        ("20:00", "2026-11-28 20:00"),
        ("18:05", "2026-11-29 18:05"),
        ("at 20", "2026-11-28 20:00"),
        ("today 20:00", "2026-11-28 20:00"),
        ("tonight at 8", "2026-11-28 20:00"),
        ("tomorrow 9am", "2026-11-29 09:00"),
        ("tomorrow noon", "2026-11-29 12:00"),
        ("tomorrow", "2026-11-29 23:59"),
        ("the day after tomorrow 10:00", "2026-11-30 10:00"),
        ("Sunday 20:00", "2026-11-29 20:00"),
        ("20:00 on Sunday", "2026-11-29 20:00"),
        ("Sunday at 8 p.m.", "2026-11-29 20:00"),
        ("Sunday at 8 in the morning", "2026-11-29 08:00"),
        ("Saturday 20:00", "2026-11-28 20:00"),
        ("Saturday 10:00", "2026-12-05 10:00"),
        ("Sunday 29 November 2026, 20:00", "2026-11-29 20:00"),
        ("Nov. 29, 20:00", "2026-11-29 20:00"),
        ("January 2nd 9:30", "2027-01-02 09:30"),
        ("29 feb 10:00", "2028-02-29 10:00"),
        ("2027-01-05 10:00", "2027-01-05 10:00"),
        ("29/11/2026 20:00", "2026-11-29 20:00"),
        ("11/29/2026 20:00", "2026-11-29 20:00"),
        ("5/5 20:00", "2027-05-05 20:00"),
        ("en 30 minutos", "2026-11-28 18:36"),
        ("Se cierra dentro de media hora", "2026-11-28 18:36"),
        ("en una hora y media", "2026-11-28 19:36"),
        ("ahora mismo", "2026-11-28 18:05"),
        ("hoy a las 8 de la tarde", "2026-11-28 20:00"),
        ("mañana a las 8 de la mañana", "2026-11-29 08:00"),
        ("MAÑANA 9:00", "2026-11-29 09:00"),
        ("pasado mañana a mediodía", "2026-11-30 12:00"),
        ("domingo a las 20:00", "2026-11-29 20:00"),
        ("el miércoles a las 20 horas", "2026-12-02 20:00"),
        ("sábado 20h", "2026-11-28 20:00"),
        ("29 de noviembre de 2026, a las 20:00", "2026-11-29 20:00"),
    ],
)
def test_what_people_write_is_understood(text, meant):
    assert read(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "10", "20.11", "in 30 minuets", "in minutes", "30 minutes ago", "Sunday 25:00", "Sunday 20:60",
        "Monday 8pm or 9pm", "31 April 10:00", "0 May", "31/04/2027 10:00", "29/11/26", "Sunday Monday 10:00", "13 pm",
        "12 am", "in 30 hours minutes", "in 5 minutes 2 hours", "20:00 20:00", "tonight", "2 horas", "x" * 100,
        "in 9999 days 9999 minutes and a half", "1:00:00", "-1:00", "0x10:00", "𝟚𝟘:𝟘𝟘 Smarch", "Sunday\x0020:00 x",
    ],
)  # fmt: skip
def test_what_is_not_understood_as_a_whole_is_refused_with_examples(text):
    with pytest.raises(ValidationError, match="is not understood"):
        read(text)


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        ("tomorrow at 9", "09:00", "21:00"),
        ("mañana a las 12", "00:00", "12:00"),
        ("midnight", "00:00", "23:59"),
        ("03/04/2027 10:00", "3 April", "4 March"),
        ("next Friday 18:00", "Friday 4 December 2026", "Friday 11 December 2026"),
        ("el viernes que viene a las 18:00", "Friday 4 December 2026", "Friday 11 December 2026"),
        ("Saturday", "Saturday 28 November 2026", "Saturday 5 December 2026"),
    ],
)
def test_what_can_mean_two_things_is_refused_with_both(text, one, other):
    with pytest.raises(ValidationError) as refused:
        read(text)
    assert refused.value.messages == [f"“{text}” can mean {one} or {other}. Write which one."]


def test_a_day_of_the_week_has_to_be_that_of_the_date():
    with pytest.raises(ValidationError, match="Sunday 29 November 2026 is no such day of the week"):
        read("Monday 29 November 2026, 20:00")


def test_numbers_of_a_date_are_in_the_order_of_the_language():
    assert read("3/4/2027 10:00", month_first=False) == "2027-04-03 10:00"
    with pytest.raises(ValidationError):
        read("11/29/2026 10:00", month_first=False)


def test_days_keep_the_time_of_day_and_hours_are_those_of_a_clock():
    before = dt.datetime(2026, 10, 24, 20, 0, tzinfo=MADRID)
    assert read("in 1 day", before) == "2026-10-25 20:00"
    assert read("in 24 hours", before) == "2026-10-25 19:00"


def test_the_second_hour_of_two_is_refused_since_no_field_can_show_it():
    with pytest.raises(ValidationError, match="02:30 comes twice on that day"):
        read("in 30 minutes", dt.datetime(2026, 10, 25, 1, 0, tzinfo=dt.UTC).astimezone(MADRID))


@example("0/1")
@given(st.text(max_size=100))
def test_no_text_breaks_it(text):
    with suppress(ValidationError):
        assert read_words(text, NOW, otherwise=dt.time(0, 0)).tzinfo is None


class TestForm:
    def test_reads_the_times_of_a_draft_in_words_and_shows_them_in_full(self, organiser):
        page = draft(organiser, closes_at_2="in 30 minutes").content.decode()
        left = Election.objects.get().closes_at - timezone.now()
        assert dt.timedelta(minutes=29) < left <= dt.timedelta(minutes=31)
        assert "Europe/Madrid (CE" in page

    def test_keeps_words_that_it_does_not_understand(self, organiser):
        page = draft(organiser, closes_at_2="Sunday at 8").content.decode()
        assert "“Sunday at 8” can mean 08:00 or 20:00" in page
        assert 'value="Sunday at 8"' in page
        assert not Election.objects.exists()

    def test_takes_words_or_pickers_and_not_both(self, organiser):
        both = {"closes_at_0": "2099-01-01", "closes_at_1": "10:00", "closes_at_2": "in 30 minutes"}
        assert "in words, and chosen as well" in draft(organiser, **both).content.decode()

    def test_means_words_in_the_zone_that_is_saved_with_them(self, organiser):
        draft(organiser, closes_at_2="1 January 2099 20:00", time_zone="America/Lima")
        assert Election.objects.get().closes_at == dt.datetime(2099, 1, 2, 1, 0, tzinfo=dt.UTC)

    @pytest.mark.parametrize(("words", "said"), [("2 January 9999", "Choose a year"), ("28/3/2027 2:30", "forward")])
    def test_holds_words_to_the_rules_of_the_field(self, organiser, words, said):
        assert said in draft(organiser, closes_at_2=words).content.decode()
        assert not Election.objects.exists()

    def test_reads_words_back_before_they_move_what_is_published(self, organiser, make_election):
        drink = make_election(closes_at=timezone.now() + dt.timedelta(days=1), time_zone="Europe/Madrid")
        before = drink.closes_at
        response = organiser.post(page_of(drink), loaded_form(organiser, drink, closes_at_2="1 January 2099 20:00"))
        page = response.content.decode()
        assert "Read as Thursday 1 January 2099, 20:00 Europe/Madrid (CET), in " in page
        drink.refresh_from_db()
        assert drink.closes_at == before
        form = response.context["adminform"].form
        again = {name: form.data[name] for name in ("closes_at_0", "closes_at_1", "closes_at_2")}
        assert again == {"closes_at_0": "2099-01-01", "closes_at_1": "20:00", "closes_at_2": ""}
        organiser.post(page_of(drink), loaded_form(organiser, drink, **again))
        drink.refresh_from_db()
        assert drink.closes_at == dt.datetime(2099, 1, 1, 19, 0, tzinfo=dt.UTC)

    def test_shows_a_time_that_is_saved_in_full(self, organiser, make_election):
        drink = make_election(closes_at=dt.datetime(2099, 1, 1, 19, 0, tzinfo=dt.UTC), time_zone="Europe/Madrid")
        assert (
            "Thursday 1 January 2099, 20:00 Europe/Madrid (CET), in" in organiser.get(page_of(drink)).content.decode()
        )


class TestReading:
    def ask(self, organiser: Any, language: str = "en", **asked: str) -> dict[str, str]:
        asked = {"name": "closes_at", "zone": "Europe/Madrid", **asked}
        # Names that begin with a digit are no names of arguments.
        query = {key.removeprefix("_"): value for key, value in asked.items()}
        address = reverse("admin:polls_election_read_time")
        response = organiser.get(address, query, headers={"accept-language": language})
        return dict(json.loads(response.content))

    def test_answers_in_full_and_for_the_pickers(self, organiser):
        answer = self.ask(organiser, _2="1 January 2099 20:00")
        assert answer["text"].startswith("Thursday 1 January 2099, 20:00 Europe/Madrid (CET), in ")
        assert (answer["date"], answer["time"]) == ("2099-01-01", "20:00")
        assert self.ask(organiser, _0="2099-01-01")["time"] == "23:59"
        assert self.ask(organiser, _0="2099-01-01", name="opens_at")["time"] == "00:00"
        assert self.ask(organiser) == {"text": ""}

    def test_answers_in_spanish_with_the_day_first(self, organiser):
        answer = self.ask(organiser, "es", _2="3/4/2099 20:00")
        assert answer["text"].startswith("viernes 3 de abril de 2099, 20:00 Europe/Madrid (CEST), dentro de ")

    def test_leaves_a_moment_where_it_is_in_another_zone(self, organiser):
        before = "2099-01-01T19:00:30+00:00"
        asked = {"before": before, "shown_in": "Europe/Madrid", "zone": "America/Lima"}
        assert self.ask(organiser, _0="2099-01-01", _1="20:00", **asked)["time"] == "14:00"
        assert self.ask(organiser, _0="2099-01-01", _1="20:30", **asked)["time"] == "20:30"

    @pytest.mark.parametrize(
        ("asked", "said"),
        [
            ({"_2": "soon"}, "is not understood"),
            ({"_2": "in 30 minutes", "zone": "Mars/Base"}, "no time zone"),
            ({"_0": "2027-03-28", "_1": "02:30"}, "does not exist"),
            ({"_0": "x"}, "valid date"),
            ({"_2": "x" * 101}, "at most 100"),
            ({"name": "title"}, ""),
            ({"before": "0000-00-00T00:00"}, ""),
        ],
    )
    def test_answers_what_is_wrong(self, organiser, asked, said):
        assert said in self.ask(organiser, **asked)["problem"]


@pytest.mark.parametrize(
    ("language", "text", "meant"),
    [
        ("de", "29.11.2099 20:00", "2099-11-29 20:00"),
        ("de", "Am 3.4.2099 um 20:00", None),
        ("fr", "29/11/2099 20h00", "2099-11-29 20:00"),
        ("gl", "3-4-2099, 20:00", "2099-04-03 20:00"),
        ("pt-br", "3/4/2099 20:00", "2099-04-03 20:00"),
        ("en-gb", "3/4/2099 20:00", "2099-04-03 20:00"),
        ("en", "3/4/2099 20:00", None),
        ("en", "11/29/2099 20:00", "2099-11-29 20:00"),
    ],
)
def test_dates_in_numbers_are_read_in_the_order_of_each_language(language: str, text: str, meant: str | None) -> None:
    typed = InWords(text, None, dt.time(23, 59))
    with translation.override(language):
        if meant is None:
            with pytest.raises(ValidationError):
                read_time(typed, None, MADRID, MADRID)
        else:
            assert f"{read_time(typed, None, MADRID, MADRID):%Y-%m-%d %H:%M}" == meant
