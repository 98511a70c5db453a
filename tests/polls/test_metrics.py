"""What the voters' pages count."""

import time
from typing import Any

import pytest
from prometheus_client import REGISTRY

from polls import ballot_box, metrics
from polls.metrics import PAGE_REASONS, REASONS, count_reply
from tests.web import read_form

pytestmark = pytest.mark.urls("voting_site.urls.vote")


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


def refused() -> dict[str, float]:
    return {reason: value("urna_ballots_refused_total", reason=reason) for reason in REASONS}


def difference(before: dict[str, float]) -> dict[str, float]:
    return {reason: n - before[reason] for reason, n in refused().items() if n != before[reason]}


@pytest.fixture
def form(define, browser) -> dict[str, str]:
    define()
    return read_form(browser.get("/drink/").content.decode()) | {"q1": "nesquik"}


class TestBallots:
    def test_are_counted_by_election_and_a_retry_apart(self, form, browser):
        accepted = value("urna_ballots_accepted_total", election="drink")
        repeated = value("urna_ballots_repeated_total")
        for _ in range(3):
            assert browser.post("/drink/", form).status_code == 303
        assert value("urna_ballots_accepted_total", election="drink") == accepted + 1
        assert value("urna_ballots_repeated_total") == repeated + 2

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"q1": "tea"}, "invalid"),
            ({"design": "other"}, "other-design"),
            ({"csrfmiddlewaretoken": "x" * 64}, "csrf"),
        ],
    )
    def test_refused_by_the_page_are_counted_by_reason(self, form, browser, changes, reason):
        before = refused()
        browser.post("/drink/", form | changes)
        assert difference(before) == {reason: 1}

    def test_refused_by_the_box_are_counted_by_its_verdict(self, form, browser):
        browser.post("/drink/", form)
        before = refused()
        browser.post("/drink/", form | {"q1": "cola-cao"})
        assert difference(before) == {"already-used": 1}

    def test_without_a_cookie_are_counted(self, form, browser, settings):
        del browser.cookies[settings.VOTER_COOKIE_NAME]
        before = refused()
        browser.post("/drink/", form)
        assert difference(before) == {"no-cookie": 1}

    def test_that_the_box_did_not_answer_are_counted(self, form, browser, request):
        request.getfixturevalue("unreachable_redis")
        before = refused()
        assert browser.post("/drink/", form).status_code == 503
        assert browser.get("/drink/").status_code == 503
        assert difference(before) == {"unavailable": 1}

    def test_have_a_reason_for_each_verdict_but_yes(self):
        verdicts = {verdict.value for verdict in ballot_box.Verdict} - {"accepted", "repeated"}
        assert set(REASONS) == verdicts | set(PAGE_REASONS)


class TestRequests:
    @pytest.mark.parametrize(("path", "status"), [("/healthz", "2xx"), ("/nothing/here/", "4xx"), ("/", "2xx")])
    def test_are_timed_by_the_class_of_their_status(self, define, client, path, status):
        define(opens_at=4102444800000)
        name = "urna_http_request_duration_seconds"
        before = value(f"{name}_count", status=status)
        client.get(path)
        assert value(f"{name}_count", status=status) == before + 1
        assert value(f"{name}_sum", status=status) > 0


class TestCost:
    def test_of_a_ballot_is_a_few_microseconds(self):
        reply: Any = ballot_box.Reply(ballot_box.Verdict.ACCEPTED, 1, False, 0, None)

        def run_thousand() -> float:
            started = time.perf_counter()
            for _ in range(1000):
                count_reply("drink", reply)
                metrics.time_request(303, 0.004)
            return time.perf_counter() - started

        # The best of many: what a busy machine adds is not of this code. Measured: 3 µs.
        assert min(run_thousand() for _ in range(20)) / 1000 < 50e-6
