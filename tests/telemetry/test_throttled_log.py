"""What the log says of refusals: enough to notice, and no line for each."""

import pytest

from telemetry import throttled_log


@pytest.fixture
def lines(monkeypatch, caplog):
    """Return a function that notes a kind at a time, in seconds, and returns what that logged."""
    monkeypatch.setattr(throttled_log, "_said", {})
    monkeypatch.setattr(throttled_log, "_left_out", {})
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
