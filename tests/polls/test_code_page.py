"""How somebody on the roll comes in, votes, and leaves again. No test here touches the database."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import Client

from polls import ballot_box
from polls.roll import codes
from polls.voters import roll_voter
from tests.conftest import contest
from tests.polls.roll.people import put_in_box
from tests.polls.test_views import _no_worker
from tests.web import read_form

__all__ = ["_no_worker"]
pytestmark = pytest.mark.urls("voting_site.urls.vote")

BALLOTS, RULES = ballot_box.key(1, 0, "ballots"), ballot_box.key(1, 0, "rules")
BOARD = contest("q2", title="Board?", options=("ant", "bee"), groups=("Board",))
COOKIE = "urna_manage_roll_1"


@pytest.fixture
def drink(define):
    return define(eligibility="roll")


def page_of(response: Any) -> str:
    return str(response.content.decode())


def token(browser: Client, slug: str = "drink") -> str:
    """Return the CSRF token of the page that a browser is shown."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page_of(browser.get(f"/{slug}/")))
    return found[1] if found else ""


def come_in(browser: Client, code: str, slug: str = "drink", **more: Any) -> Any:
    return browser.post(f"/{slug}/code/", {"csrfmiddlewaretoken": token(browser, slug), "code": code, **more})


def vote(browser: Client, choice: str = "nesquik", form: dict[str, str] | None = None, **more: Any) -> Any:
    form = form or read_form(page_of(browser.get("/drink/")))
    return browser.post("/drink/", {**form, "q1": choice, **more})


class TestCodePage:
    def test_asks_for_the_code_and_shows_no_ballot(self, drink, browser):
        put_in_box(drink, 7)
        response = browser.get("/drink/")
        assert response.status_code == 200
        assert "no-store" in response["Cache-Control"]
        page = page_of(response)
        assert 'autocapitalize="characters"' in page
        assert "ballot_id" not in page

    def test_lets_a_code_in_and_keeps_it_nowhere(self, drink, browser, redis):
        code = put_in_box(drink, 7)
        response = come_in(browser, code)
        assert (response.status_code, response["Location"]) == (303, "/drink/")
        cookie = browser.cookies[COOKIE]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
        assert cookie.value.startswith("1.7.1:")
        assert vote(browser).status_code == 303
        fields = redis.xrange(BALLOTS)[0][1]
        assert fields[b"voter"] == roll_voter(drink, 7).key.encode()

    def test_takes_a_code_as_people_type_it(self, drink, browser):
        code = put_in_box(drink, 7)
        assert come_in(browser, f" {code.lower().replace('-', ' ')} ").status_code == 303

    def test_says_of_unknown_and_revoked_codes_the_same(self, drink, browser, redis):
        struck, replaced = put_in_box(drink, 7), put_in_box(drink, 8)
        redis.hdel(ballot_box.key(1, 0, "roll"), roll_voter(drink, 7).key)
        redis.hset(ballot_box.key(1, 0, "roll"), roll_voter(drink, 8).key, "2 1 ")
        answers = [come_in(browser, code) for code in (codes.make(), struck, replaced)]
        assert [one.status_code for one in answers] == [403] * 3
        said = {re.findall(r'role="alert"><p>(.*?)</p>', page_of(one))[0] for one in answers}
        assert len(said) == 1
        assert "not valid in this election" in said.pop()

    def test_tells_a_typing_error_without_a_look_up_and_gives_it_back(self, drink, browser, monkeypatch):
        monkeypatch.setattr("polls.roll.lookup.ask", None)
        response = come_in(browser, "2345-6789-ACDE-FHJK-MNP<")
        assert response.status_code == 403
        assert "typing error" in page_of(response)
        assert "MNP&lt;" in page_of(response)

    @pytest.mark.parametrize(("typed", "status"), [("", 400), ("   ", 400), ("A" * 100_000, 403), ("\0", 403)])
    def test_takes_nothing_typed_and_too_much_typed(self, drink, browser, typed, status):
        response = come_in(browser, typed)
        assert response.status_code == status
        assert len(response.content) < 20_000

    def test_is_of_one_election(self, drink, browser, define):
        tea = define(election=2, slug="tea", title="Tea?", eligibility="roll")
        code = put_in_box(tea, 7)
        put_in_box(drink, 7)
        assert come_in(browser, code).status_code == 403
        assert come_in(browser, code, "tea").status_code == 303

    def test_is_not_there_in_an_open_election(self, define, browser):
        define()
        assert come_in(browser, codes.make()).status_code == 404
        assert browser.get("/drink/code/")["Location"] == "/drink/"

    def test_waits_while_the_roll_is_written(self, drink, browser, redis):
        code = put_in_box(drink, 7)
        come_in(browser, code)
        redis.hdel(RULES, "roll_revision")
        assert browser.get("/drink/").status_code == 503
        for typed in (code, codes.make()):
            assert Client().post("/drink/code/", {"code": typed}).status_code == 503

    def test_lets_in_before_the_opening_but_not_after_the_close(self, define, browser):
        drink = define(eligibility="roll", opens_at=2**45)
        code = put_in_box(drink, 7)
        assert come_in(browser, code).status_code == 303
        assert browser.get("/drink/").status_code == 410
        define(eligibility="roll", sealed=True, revision=2)
        assert Client().post("/drink/code/", {"code": code}).status_code == 410

    def test_refuses_a_form_of_another_site_and_asks_again(self, drink, browser):
        code = put_in_box(drink, 7)
        response = browser.post("/drink/code/", {"code": code})
        assert response.status_code == 403
        assert "could not be matched" in page_of(response)
        assert 'action="/drink/code/"' in page_of(response)
        assert code not in page_of(response)
        assert COOKIE not in browser.cookies


class TestGuessing:
    def test_is_slowed_but_a_right_code_always_gets_in(self, drink, browser, settings):
        settings.WRONG_CODE_BURST, settings.WRONG_CODE_INTERVAL_MS = 3, 10**6
        code = put_in_box(drink, 7)
        assert [come_in(browser, codes.make()).status_code for _ in range(5)] == [403] * 3 + [429] * 2
        assert int(come_in(browser, codes.make())["Retry-After"]) >= 1
        assert come_in(browser, code).status_code == 303

    def test_from_elsewhere_is_not_slowed_by_it(self, drink, settings):
        settings.WRONG_CODE_BURST, settings.WRONG_CODE_INTERVAL_MS = 1, 10**6
        put_in_box(drink, 7)
        for address in ("10.0.0.1", "10.0.0.2"):
            browser = Client(REMOTE_ADDR=address)
            assert [browser.post("/drink/code/", {"code": codes.make()}).status_code for _ in "12"] == [403, 429]

    def test_from_everywhere_is_slowed_in_the_whole_election(self, drink, settings):
        settings.WRONG_CODE_BURST, settings.WRONG_CODE_INTERVAL_MS, settings.CLIENT_ADDRESS = 1, 10**6, "shared"
        put_in_box(drink, 7)
        answers = [Client().post("/drink/code/", {"code": codes.make()}).status_code for _ in range(30)]
        assert answers[:20] == [403] * 20
        assert 429 in answers[20:]


class TestVoters:
    def test_with_one_code_in_fifty_browsers_are_one_voter(self, drink, redis):
        code = put_in_box(drink, 7)

        def come_and_vote(number: int) -> int:
            browser = Client(enforce_csrf_checks=True)
            assert come_in(browser, code).status_code == 303
            return int(vote(browser, ("nesquik", "cola-cao")[number % 2]).status_code)

        with ThreadPoolExecutor(10) as pool:
            statuses = list(pool.map(come_and_vote, range(50)))
        # A form that was opened before somebody else's ballot was accepted is outdated.
        assert set(statuses) <= {303, 409}
        assert {fields[b"voter"] for _id, fields in redis.xrange(BALLOTS)} == {roll_voter(drink, 7).key.encode()}
        assert redis.hlen(ballot_box.key(1, 0, "voters")) == 1

    def test_with_one_card_on_two_devices_change_the_vote_in_turn(self, drink, browser, redis):
        code, other = put_in_box(drink, 7), Client()
        for one, choice in ((browser, "nesquik"), (other, "cola-cao"), (browser, "nesquik")):
            assert come_in(one, code).status_code == 303
            assert vote(one, choice).status_code == 303
        assert redis.hlen(ballot_box.key(1, 0, "voters")) == 1

    def test_whose_code_is_replaced_between_form_and_vote_type_the_new_one_and_keep_their_marks(
        self, drink, browser, redis
    ):
        come_in(browser, put_in_box(drink, 7))
        form = read_form(page_of(browser.get("/drink/")))
        new = put_in_box(drink, 7, issue=2)
        refused = vote(browser, "cola-cao", form)
        assert refused.status_code == 403
        page = page_of(refused)
        assert '<input type="hidden" name="q1" value="cola-cao">' in page
        assert "ballot_id" not in page
        filled = come_in(browser, new, q1="cola-cao")
        assert filled.status_code == 200
        assert re.search(r'value="cola-cao"[^>]* checked', page_of(filled))
        assert 'action="/drink/"' in page_of(filled)
        assert vote(browser, "cola-cao", read_form(page_of(filled))).status_code == 303
        assert redis.xlen(BALLOTS) == 1

    def test_without_a_cookie_are_asked_for_the_code_and_keep_their_marks(self, drink, browser):
        come_in(browser, put_in_box(drink, 7))
        form = read_form(page_of(browser.get("/drink/")))
        del browser.cookies[COOKIE]
        refused = vote(browser, "cola-cao", form)
        assert refused.status_code == 403
        assert 'name="q1" value="cola-cao"' in page_of(refused)

    def test_cannot_forge_the_cookie_or_take_that_of_another_election(self, drink, browser, define):
        tea = define(election=2, slug="tea", title="Tea?", eligibility="roll")
        put_in_box(drink, 7)
        come_in(browser, put_in_box(tea, 7), "tea")
        for value in (browser.cookies["urna_manage_roll_2"].value, "1.7.1:forged"):
            browser.cookies[COOKIE] = value
            assert "ballot_id" not in page_of(browser.get("/drink/"))

    def test_that_take_turns_at_one_device_cannot_send_each_others_forms(self, drink, browser, redis):
        come_in(browser, put_in_box(drink, 7))
        form = read_form(page_of(browser.get("/drink/")))
        come_in(browser, put_in_box(drink, 8))
        refused = vote(browser, "nesquik", form)
        assert refused.status_code == 400
        assert "opened with another code" in page_of(refused)
        assert redis.xlen(BALLOTS) == 0

    def test_are_forgotten_when_they_finish(self, drink, browser):
        come_in(browser, put_in_box(drink, 7))
        vote(browser)
        page = page_of(browser.get("/drink/cast/"))
        [own] = set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page))
        assert 'action="/drink/finish/"' in page
        response = browser.post("/drink/finish/", {"csrfmiddlewaretoken": own})
        assert (response.status_code, response["Location"]) == (303, "/drink/")
        assert "ballot_id" not in page_of(browser.get("/drink/"))
        assert "/drink/finish/" not in page_of(browser.get("/drink/cast/"))
        assert browser.get("/drink/finish/").status_code == 405

    @pytest.mark.parametrize("seen", [True, False])
    def test_read_whether_organisers_see_that_they_have_voted(self, define, browser, seen):
        drink = define(eligibility="roll", shows_who_voted=seen)
        code = put_in_box(drink, 7)
        words = "The organisers see that you have voted, but not what."
        assert (words in page_of(browser.get("/drink/"))) == seen
        come_in(browser, code)
        assert (words in page_of(browser.get("/drink/"))) == seen

    def test_see_how_many_votes_theirs_is(self, drink, browser):
        come_in(browser, put_in_box(drink, 7, weight=1250))
        assert re.search("counts as 1,?250 votes", page_of(browser.get("/drink/")))


class TestGroups:
    @pytest.fixture
    def drink(self, define):
        return define(eligibility="roll", contests=(contest(title="Drink?"), BOARD))

    def test_have_each_their_own_paper(self, drink, redis):
        member, guest = Client(), Client()
        come_in(member, put_in_box(drink, 7, groups="Board|Old"))
        come_in(guest, put_in_box(drink, 8))
        # Twice, so that a page that is kept for the next one is looked at, too.
        for _ in range(2):
            assert "Board?" in page_of(member.get("/drink/"))
            assert "Board?" not in page_of(guest.get("/drink/"))
        assert vote(member, q2="ant").status_code == 303
        assert vote(guest).status_code == 303
        markings = [fields[b"marking"] for _id, fields in redis.xrange(BALLOTS)]
        assert markings == [b"q1=nesquik;q2=ant", b"q1=nesquik"]

    def test_have_no_marks_on_papers_of_others(self, drink, browser, redis):
        come_in(browser, put_in_box(drink, 8))
        assert vote(browser, q2="ant").status_code == 400
        form = read_form(page_of(browser.get("/drink/")))
        lied = vote(browser, form={**form, "roll_groups": "Board"}, q2="ant")
        assert lied.status_code == 409
        assert redis.xlen(BALLOTS) == 0

    def test_that_change_between_form_and_vote_bring_a_fresh_form(self, drink, browser, redis):
        code = put_in_box(drink, 7)
        come_in(browser, code)
        form = read_form(page_of(browser.get("/drink/")))
        put_in_box(drink, 7, groups="Board")
        fresh = vote(browser, form=form)
        assert fresh.status_code == 409
        assert "Board?" in page_of(fresh)
        assert vote(browser, form=read_form(page_of(fresh)), q2="ant").status_code == 303

    def test_without_any_question_are_told_so(self, define, browser):
        drink = define(eligibility="roll", contests=(BOARD,))
        come_in(browser, put_in_box(drink, 7))
        page = page_of(browser.get("/drink/"))
        assert "No question of this election is for you" in page
