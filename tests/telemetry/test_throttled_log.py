"""What the log says of refusals: enough to notice, and no line for each."""

import logging

import pytest
from django.conf import settings

from telemetry import throttled_log


@pytest.fixture
def lines(monkeypatch, caplog):
    """Return a function that notes a kind at a time, in seconds, and returns what that logged."""
    caplog.set_level("INFO", "telemetry.throttled_log")

    def note(kind: str, now: float) -> list[str]:
        monkeypatch.setattr(throttled_log.time, "monotonic", lambda: now)
        caplog.clear()
        throttled_log.note(kind)
        return caplog.messages

    return note


def test_the_first_has_a_line_and_later_ones_a_number(lines):
    assert lines("a ballot: csrf", 5) == ["refused a ballot: csrf"]
    assert [lines("a ballot: csrf", 6 + n / 10) for n in range(300)] == [[]] * 300
    assert lines("a ballot: csrf", 66) == ["refused a ballot: csrf (300 more since the last line about it)"]
    assert lines("a ballot: csrf", 130) == ["refused a ballot: csrf"]


def test_one_kind_hides_no_other(lines):
    assert lines("a ballot: csrf", 5) == ["refused a ballot: csrf"]
    assert lines("a ballot: too-many", 5) == ["refused a ballot: too-many"]
    assert lines("a socket: origin", 5) == ["refused a socket: origin"]


@pytest.mark.urls("voting_site.urls.vote")
def test_a_forged_ballot_has_a_line(lines, define, browser, caplog):
    define()
    caplog.clear()
    assert browser.post("/drink/", {"q1": "nesquik"}).status_code == 403
    assert "refused a ballot: csrf" in caplog.messages


@pytest.mark.urls("voting_site.urls.vote")
def test_an_outage_has_a_line_a_minute_whatever_it_hits(monkeypatch, unreachable_redis, browser, caplog):
    now = 5.0
    monkeypatch.setattr(throttled_log.time, "monotonic", lambda: now)

    def lines() -> list[str]:
        caplog.clear()
        assert [browser.get(f"/poll-{n}/").status_code for n in range(50)] == [503] * 50
        return [line for line in caplog.messages if line.startswith("503")]

    [line] = lines()
    assert line.startswith("503 for /poll-0/: the ballot box cannot be reached (")
    now = 60.0
    assert lines() == []
    now = 66.0
    [line] = lines()
    assert line.endswith("(99 more since the last line about it)")


def test_a_library_says_each_thing_once_a_minute(monkeypatch, caplog):
    now = 5.0
    monkeypatch.setattr(throttled_log.time, "monotonic", lambda: now)
    throttled = throttled_log.Throttled()

    def lines() -> list[str]:
        records = [
            logging.LogRecord("a.library", logging.ERROR, __file__, 1, text, (attempt, "Trying again..."), None)
            for attempt in range(10)
            for text in ("Cannot connect: attempt %s\n%s\n", "Connection lost (%s): %s")
        ]
        return [one.getMessage() for one in records if throttled.filter(one)]

    first = ["Cannot connect: attempt 0\nTrying again...", "Connection lost (0): Trying again..."]
    assert lines() == first
    assert lines() == []
    now = 66.0
    assert lines() == [f"{line} (19 more since the last line about it)" for line in first]
    caplog.set_level(logging.DEBUG)
    assert len(lines()) == 20


def test_a_worker_that_looks_for_its_broker_is_such_a_library():
    assert settings.LOGGING["loggers"]["celery.worker.consumer.consumer"]["filters"] == ["throttled"]
