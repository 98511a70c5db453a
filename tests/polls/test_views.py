"""The voter's pages. No test here may touch the database: pytest-django refuses it without a mark."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from polls import ballot_box, wake_up
from polls.methods import OptionOnBallot
from tests.conftest import contest
from tests.voting_site.processes import wait_until
from tests.web import read_form

pytestmark = pytest.mark.urls("voting_site.urls.vote")

BALLOTS = ballot_box.key(1, 0, "ballots")


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep wake-ups out of the broker: nothing drains here, and the wake key alone is looked at."""
    monkeypatch.setattr(wake_up.current_app, "send_task", lambda *args, **kwargs: None)
    yield
    # Those that are on their way still.
    wake_up._messenger().submit(int).result()


def fetch_form(browser: Client, slug: str = "drink") -> dict[str, str]:
    return read_form(browser.get(f"/{slug}/").content.decode())


def vote(browser: Client, choice: Any, form: dict[str, str] | None = None, slug: str = "drink") -> Any:
    fields: dict[str, Any] = {**(form or fetch_form(browser, slug)), "q1": choice}
    return browser.post(f"/{slug}/", {name: value for name, value in fields.items() if value is not None})


class TestIndex:
    def test_goes_straight_to_the_only_open_election(self, define, browser):
        define()
        assert browser.get("/")["Location"] == "/drink/"

    def test_lists_several(self, define, browser):
        define()
        define(election=2, slug="tea", title="Tea?")
        page = browser.get("/").content.decode()
        assert "/drink/" in page
        assert "Tea?" in page

    def test_has_a_page_when_there_is_none(self, box, browser):
        assert browser.get("/").status_code == 200


class TestBallotPage:
    def test_shows_the_options_and_is_never_stored(self, define, browser):
        define()
        response = browser.get("/drink/")
        assert response.status_code == 200
        assert "no-store" in response["Cache-Control"]
        page = response.content.decode()
        assert re.findall(r'name="q1" value="([^"]+)"', page) == ["nesquik", "cola-cao"]

    def test_says_that_results_show_in_steps_where_they_do(self, define, browser):
        define()
        assert "in steps" not in browser.get("/drink/").content.decode()
        define(revision=2, step=10)
        assert "Results show in steps of 10 ballots." in browser.get("/drink/").content.decode()

    def test_gives_each_form_a_ballot_id_of_its_own(self, define, browser):
        define()
        assert fetch_form(browser)["ballot_id"] != fetch_form(browser)["ballot_id"]

    def test_gives_a_signed_cookie_out_of_reach_of_scripts_and_other_sites(self, define, browser, settings):
        define()
        browser.get("/drink/")
        cookie = browser.cookies[settings.VOTER_COOKIE_NAME]
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
        browser.get("/drink/")
        assert browser.cookies[settings.VOTER_COOKIE_NAME].value == cookie.value

    def test_escapes_what_the_organiser_wrote(self, define, browser):
        labels = (OptionOnBallot("a", "<b>"), OptionOnBallot("b", '"'))
        define(title="<script>x</script>", contests=(replace(contest(), options=labels),))
        page = browser.get("/drink/").content.decode()
        assert "<script>x" not in page
        assert "&lt;b&gt;" in page

    def test_an_unknown_address_is_not_found(self, define, browser):
        define()
        assert browser.get("/nothing/").status_code == 404
        assert vote(browser, "nesquik", fetch_form(browser), slug="nothing").status_code == 404

    @pytest.mark.parametrize(("language", "word"), [("es", "Votar"), ("en", "Vote"), ("fr", "Voter"), ("nl", "Vote")])
    def test_speaks_the_browsers_language(self, define, browser, language, word):
        define()
        page = browser.get("/drink/", headers={"accept-language": language}).content.decode()
        assert re.search(rf"<button[^>]*>\s*{word}\s*</button>", page)


class TestVote:
    def test_is_accepted_and_confirmed(self, define, browser, box):
        define()
        response = vote(browser, "nesquik")
        assert (response.status_code, response["Location"]) == (303, "/drink/cast/")
        assert box.xlen(BALLOTS) == 1
        assert browser.get("/drink/cast/").status_code == 200
        assert browser.get("/drink/cast/state.json").json() == {"state": "accepted"}

    def test_sent_twice_by_a_double_click_is_one_ballot(self, define, browser, box):
        define()
        form = fetch_form(browser)
        assert [vote(browser, "nesquik", form).status_code for _ in range(2)] == [303, 303]
        assert box.xlen(BALLOTS) == 1

    def test_from_the_back_button_with_another_choice_gets_a_fresh_form_filled_in(self, define, browser, box):
        define()
        form = fetch_form(browser)
        vote(browser, "nesquik", form)
        response = vote(browser, "cola-cao", form)
        assert response.status_code == 409
        page = response.content.decode()
        assert re.search(r'value="cola-cao"[^>]*\schecked', page)
        assert vote(browser, "cola-cao", read_form(page)).status_code == 303
        assert box.xlen(BALLOTS) == 2

    def test_from_the_older_of_two_tabs_gets_a_fresh_form(self, define, browser, box):
        define()
        older, newer = fetch_form(browser), fetch_form(browser)
        assert vote(browser, "nesquik", newer).status_code == 303
        response = vote(browser, "cola-cao", older)
        # Two forms of one millisecond are ordered by chance.
        if response.status_code != 303:
            assert response.status_code == 409
            assert vote(browser, "cola-cao", read_form(response.content.decode())).status_code == 303
        assert box.xlen(BALLOTS) == 2

    def test_that_is_final_cannot_be_changed(self, define, browser):
        define(votes_final=True)
        assert vote(browser, "nesquik").status_code == 303
        response = vote(browser, "cola-cao")
        assert response.status_code == 409
        assert "final" in response.content.decode()

    def test_for_several_options_is_taken_by_approval(self, define, browser, box):
        define(method="approval")
        assert vote(browser, ["nesquik", "cola-cao"]).status_code == 303
        assert box.xrange(BALLOTS)[0][1][b"marking"] == b"q1=cola-cao,nesquik"

    def test_on_a_changed_design_shows_the_new_one(self, define, browser, box):
        define()
        form = fetch_form(browser)
        define(revision=2, title="Tea?")
        # Also where the choice is not among the options any more.
        for choice in ("nesquik", "gone"):
            response = vote(browser, choice, form)
            assert response.status_code == 409
            assert "Tea?" in response.content.decode()
        assert box.xlen(BALLOTS) == 0

    def test_on_a_design_newer_than_this_process_remembers_is_accepted(self, define, browser, box):
        before = define()
        browser.get("/drink/")
        define(revision=2, title="Changed?")
        form = fetch_form(browser)
        # As on another host, which has not seen the change yet.
        ballot_box.reading._remembered["drink"] = (time.monotonic(), before)
        assert vote(browser, "nesquik", form).status_code == 303

    def test_costs_one_round_trip(self, define, browser, box, settings, monkeypatch):
        settings.BALLOT_BOX_COPIES = 0
        # On a slow machine the definition would be read again meanwhile.
        monkeypatch.setattr(ballot_box.reading, "REMEMBERED_S", 600)
        define()
        form = fetch_form(browser)
        vote(browser, "nesquik", form)
        form = fetch_form(browser)
        box.config_resetstat()
        assert vote(browser, "cola-cao", form).status_code == 303
        commands = box.info("commandstats")
        assert commands["cmdstat_evalsha"]["calls"] == 1
        # Everything else was called by the script.
        assert commands.keys() - {"cmdstat_config|resetstat", "cmdstat_info"} == {
            f"cmdstat_{name}" for name in ("evalsha", "time", "hmget", "hget", "hincrby", "xadd", "hset", "set")
        }

    def test_before_the_opening_or_after_the_close_is_gone(self, define, browser, box):
        define()
        form = fetch_form(browser)
        ballot_box.seal(1, 1)
        assert vote(browser, "nesquik", form).status_code == 410
        now = ballot_box.read_definitions()[1]
        define(election=2, slug="tea", opens_at=now + 60_000)
        assert browser.get("/tea/").status_code == 410
        assert vote(browser, "nesquik", form, slug="tea").status_code == 410
        assert box.xlen(BALLOTS) == 0

    @pytest.mark.parametrize("seen", [True, False], ids=["seen before", "first seen"])
    def test_is_not_offered_once_its_box_is_sealed(self, define, browser, seen):
        # No worker has told the definition, and none may run.
        define()
        if seen:
            fetch_form(browser)
        ballot_box.seal(1, 1)
        page = browser.get("/drink/")
        assert (page.status_code, "Voting is closed" in page.content.decode()) == (410, True)

    def test_too_late_says_that_it_was_not_taken_and_what_stands(self, define, browser):
        define()
        first, second, form = Client(), Client(), fetch_form(browser)
        vote(first, "nesquik")
        forms = {first: fetch_form(first), second: fetch_form(second), browser: form}
        ballot_box.seal(1, 1)
        pages = {one: vote(one, "cola-cao", form).content.decode() for one, form in forms.items()}
        for page in pages.values():
            assert page.index("Your ballot was not taken: it came after the close.") < page.index("<h1")
            assert "Every vote that was accepted in time is counted" not in page
        assert "The vote that you cast before stands." in pages[first]
        assert "You have no vote in this election." in pages[second]

    def test_before_the_opening_waits_for_it_and_shows_what_will_be_voted_on(self, define, browser):
        now = ballot_box.read_definitions()[1]
        define(opens_at=now + 60_000)
        page = browser.get("/drink/").content.decode()
        [wait] = re.findall(r'data-wait="(\d+)"', page)
        assert 50_000 < int(wait) <= 60_000
        assert "Cola Cao" in page
        assert "ballot_id" not in page
        assert 'data-wait="' in browser.get("/").content.decode()

    def test_from_the_first_of_two_pages_that_were_opened_at_once_comes_back_filled_in(self, define, browser, box):
        define()
        form = fetch_form(browser)
        other = Client(enforce_csrf_checks=True)
        fetch_form(other)
        # What the second page was given has replaced the cookies of the first.
        browser.cookies = other.cookies
        response = vote(browser, "nesquik", form)
        page = response.content.decode()
        assert response.status_code == 403
        assert re.search(r'value="nesquik" checked', page)
        assert vote(browser, "nesquik", read_form(page)).status_code == 303
        assert box.xlen(BALLOTS) == 1

    def test_too_often_is_told_to_wait(self, define, browser, settings):
        settings.VOTER_BURST, settings.VOTER_INTERVAL_MS = 1, 60_000
        define()
        assert vote(browser, "nesquik").status_code == 303
        response = vote(browser, "cola-cao")
        assert response.status_code == 429
        assert int(response["Retry-After"]) > 0

    def test_asks_for_a_drain_and_survives_a_broken_broker(self, define, browser, box, monkeypatch):
        asked = []

        def fail(*args: Any, **kwargs: Any) -> None:
            asked.append(args)
            raise ConnectionError("broker away")

        monkeypatch.setattr(wake_up.current_app, "send_task", fail)
        define()
        assert vote(browser, "nesquik").status_code == 303
        wait_until(lambda: asked == [("tally.drain", (1, 0))], "the drain is asked for")


class TestBadInput:
    """Each is refused with a sentence, and leaves nothing in the box."""

    @pytest.fixture(autouse=True)
    def _nothing_in_the_box(self, box: Any) -> Any:
        yield
        assert box.xlen(BALLOTS) == 0

    @pytest.mark.parametrize(
        "changes",
        [
            {"q1": None},
            {"q1": "tea"},
            {"q1": ""},
            {"q1": ["nesquik", "cola-cao"]},
            {"q1": ["nesquik", "nesquik"]},
            {"q1": "nesquik\x00"},
            {"ballot_id": None},
            {"ballot_id": "x"},
            {"ballot_id": "01a2028d-988e-796c-b490-2dc5bd24dae7"},
            {"ballot_id": "01a2028d-988e-796c-b490-2dc5bd24dae7:forged"},
            {"design": None},
        ],
    )
    def test_in_the_form(self, define, browser, changes):
        define()
        form = fetch_form(browser) | {"q1": "nesquik"} | changes
        response = vote(browser, form.pop("q1"), form)
        assert response.status_code == 400
        page = response.content.decode()
        assert re.search(r'role="alert"', page)
        assert read_form(page)["ballot_id"]

    @pytest.mark.parametrize("field", ["ballot_id", "design"])
    def test_with_a_repeated_hidden_field(self, define, browser, field):
        define()
        form = fetch_form(browser)
        response = browser.post("/drink/", form | {field: [form[field], form[field]], "q1": "nesquik"})
        assert response.status_code == 400

    def test_without_a_csrf_token(self, define, browser):
        define()
        form = fetch_form(browser)
        del form["csrfmiddlewaretoken"]
        assert vote(browser, "nesquik", form).status_code == 403
        assert vote(Client(enforce_csrf_checks=True), "nesquik", fetch_form(browser)).status_code == 403

    @pytest.mark.parametrize("forged", ["", "x", "somebody:forged", None])
    def test_with_a_forged_or_lost_voter_cookie(self, define, browser, settings, forged):
        define()
        form = fetch_form(browser)
        if forged is None:
            del browser.cookies[settings.VOTER_COOKIE_NAME]
        else:
            browser.cookies[settings.VOTER_COOKIE_NAME] = forged
        response = vote(browser, "nesquik", form)
        assert response.status_code == 403
        assert "cookie" in response.content.decode()

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (b"q1=" + b"x" * 1_000_000, "application/x-www-form-urlencoded"),
            (b"&".join(b"a=1" for _ in range(5000)), "application/x-www-form-urlencoded"),
            (b"q1=%ff%fe&\xff\xfe=1", "application/x-www-form-urlencoded"),
            (b"{}", "application/json"),
            (b"rubbish", "multipart/form-data; boundary=x"),
            (b"q1=nesquik", "application/x-www-form-urlencoded; charset=no-such-charset"),
        ],
    )
    def test_in_the_body(self, define, browser, body, content_type):
        define()
        token = fetch_form(browser)["csrfmiddlewaretoken"]
        response = browser.generic("POST", "/drink/", body, content_type, headers={"x-csrftoken": token})
        assert 400 <= response.status_code < 500
        assert "</p>" in response.content.decode()

    @pytest.mark.parametrize("method", ["put", "delete", "patch"])
    def test_in_the_method(self, define, browser, method):
        define()
        assert getattr(browser, method)("/drink/").status_code in (403, 405)


class TestUnreachableBox:
    def test_answers_503_with_the_same_fields_to_press_again(self, define, browser, request):
        define()
        form = fetch_form(browser)
        request.getfixturevalue("unreachable_redis")
        response = vote(browser, "nesquik", form)
        assert response.status_code == 503
        assert int(response["Retry-After"]) > 0
        page = response.content.decode()
        sent = read_form(page)
        assert (sent["ballot_id"], sent["design"], sent["q1"]) == (form["ballot_id"], form["design"], "nesquik")

    @pytest.mark.parametrize("path", ["/", "/drink/", "/drink/cast/"])
    def test_answers_503_to_every_page(self, browser, unreachable_redis, path):
        response = browser.get(path)
        assert response.status_code == 503
        assert int(response["Retry-After"]) > 0

    def test_an_emptied_box_is_neither_not_found_nor_accepted(self, define, browser, box):
        define()
        form = fetch_form(browser)
        box.flushall()
        assert browser.get("/drink/").status_code == 503
        assert vote(browser, "nesquik", form).status_code == 503

    def test_the_same_ballot_goes_in_once_it_is_back(self, define, browser, request):
        define()
        form = fetch_form(browser)
        vote(browser, "nesquik", form)
        assert vote(browser, "nesquik", form).status_code == 303


class TestConfirmation:
    @pytest.mark.parametrize("state", ["accepted", "counted", "replaced", "set-aside"])
    def test_tells_each_state(self, define, browser, box, state):
        define()
        vote(browser, "nesquik")
        voters = ballot_box.key(1, 0, "voters")
        [(voter, mark)] = box.hgetall(voters).items()
        box.hset(voters, voter, mark.replace(b" accepted ", f" {state} ".encode()))
        assert browser.get("/drink/cast/state.json").json() == {"state": state}
        assert browser.get("/drink/cast/").status_code == 200

    def test_tells_a_stranger_that_there_is_no_vote(self, define, browser):
        define()
        assert browser.get("/drink/cast/").status_code == 200
        assert browser.get("/drink/cast/state.json").json() == {"state": ""}


class TestHeaders:
    def test_forbid_inline_code_and_framing(self, define, browser):
        define()
        response = browser.get("/drink/")
        assert "default-src 'none'" in response["Content-Security-Policy"]
        assert "unsafe" not in response["Content-Security-Policy"]
        assert response["X-Frame-Options"] == "DENY"
        page = response.content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son\w+=", page)

    def test_an_unknown_host_is_refused_with_a_page(self, define, browser):
        define()
        assert browser.get("/drink/", headers={"host": "evil.example"}).status_code == 400
