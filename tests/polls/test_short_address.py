"""Short addresses: made, kept, found and typed."""

import itertools
import threading

import pytest
from django.db import connection, transaction
from django.test import Client

from polls import ballot_box, publishing
from polls.life import State
from polls.models import Election
from polls.publishing import give_missing_short_codes, publish_election
from polls.short_address import DIGITS, LETTERS, new_codes, read_typed
from tally.healing import keep_box

voting = pytest.mark.urls("voting_site.urls.vote")


class TestNewCodes:
    def test_have_a_letter_and_a_digit_and_no_look_alikes(self) -> None:
        for code in itertools.islice(new_codes(unlisted=False), 20):
            assert len(code) == 3
            assert set(code) <= set(LETTERS + DIGITS)
            assert set(code) & set(LETTERS)
            assert set(code) & set(DIGITS)
        assert not set(LETTERS + DIGITS) & set("0o1il2z5s8bgquvw")

    def test_get_longer_when_many_are_taken(self) -> None:
        assert [len(code) for code in itertools.islice(new_codes(unlisted=False), 0, 60, 20)] == [3, 4, 5]

    def test_of_unlisted_elections_are_hard_to_guess(self) -> None:
        assert len(next(new_codes(unlisted=True))) == 6


class TestReadTyped:
    @pytest.mark.parametrize(
        "typed", ["k7p", "K7P", " k7 p ", "/k7p", "k7p/", "http://vote.example/K7p", "vote.example/k7p/", "ｋ７ｐ"]
    )
    def test_forgives(self, typed: str) -> None:
        assert read_typed(typed) == "k7p"

    def test_reads_no_more_than_anybody_needs(self) -> None:
        assert len(read_typed("k" * 1_000_000)) == 200


class TestPublication:
    def test_gives_a_code_that_stays(self, make_election) -> None:
        election = make_election()
        code = election.short_code
        assert len(code) == 3
        assert ballot_box.read_definition("drink")[0].short_code == code
        publish_election(election)
        assert Election.objects.get().short_code == code

    def test_gives_no_code_twice_and_none_that_is_an_address(self, make_election, monkeypatch) -> None:
        wanted = iter(["k7p", "k7p", "t4x", "m3m"])
        monkeypatch.setattr(publishing, "new_codes", lambda **_: wanted)
        Election.objects.create(title="Tea", slug="t4x")
        first, second = make_election("drink"), make_election("tea")
        assert (first.short_code, second.short_code) == ("k7p", "m3m")

    def test_of_two_at_once_gives_two_codes(self, make_election, monkeypatch) -> None:
        first, second = make_election("drink"), make_election("tea")
        Election.objects.update(short_code="")
        for one in (first, second):
            one.short_code = ""
        monkeypatch.setattr(publishing, "new_codes", lambda **_: iter(["k7p", "t4x"]))

        def publish_second() -> None:
            try:
                publish_election(second)
            finally:
                connection.close()

        other = threading.Thread(target=publish_second)
        with transaction.atomic():
            publish_election(first)
            # It waits for this transaction, which holds the code that both would take.
            other.start()
        other.join(60)
        assert sorted(Election.objects.values_list("slug", "short_code")) == [("drink", "k7p"), ("tea", "t4x")]

    def test_of_an_earlier_release_is_caught_up_on(self, make_election) -> None:
        make_election("open")
        make_election("closed")
        Election.objects.create(title="Draft", slug="draft")
        Election.objects.update(short_code="")
        Election.objects.filter(slug="closed").update(
            state=State.CLOSED, sealed_at=Election.objects.get(slug="closed").opens_at
        )
        give_missing_short_codes()
        given = dict(Election.objects.values_list("slug", "short_code"))
        assert [slug for slug, code in given.items() if code] == ["open"]
        keep_box()
        assert ballot_box.read_definition("open")[0].short_code == given["open"]
        give_missing_short_codes()
        assert dict(Election.objects.values_list("slug", "short_code")) == given


@voting
class TestAddress:
    def test_leads_to_the_ballot(self, define, browser: Client) -> None:
        define(short_code="k7p")
        for typed in ("/k7p", "/K7P", "/k7p/", "/K7p/"):
            answer = browser.get(typed)
            assert (answer.status_code, answer["Location"]) == (302, "/drink/")

    def test_of_an_unlisted_election_leads_there_too(self, define, browser: Client) -> None:
        define(short_code="k7p4xx", unlisted=True)
        assert browser.get("/k7p4xx")["Location"] == "/drink/"
        assert "k7p4xx" not in browser.get("/").content.decode()

    def test_in_full_may_lack_its_last_slash(self, define, browser: Client) -> None:
        define()
        assert browser.get("/drink")["Location"] == "/drink/"

    def test_that_is_unknown_is_told_in_a_sentence(self, define, browser: Client) -> None:
        define(short_code="k7p")
        answer = browser.get("/k7x")
        assert answer.status_code == 404
        page = answer.content.decode()
        assert "There is no election at this short address." in page
        assert 'value="k7x"' in page
        assert browser.get("/k7x/").status_code == 404

    def test_does_not_hide_an_election_whose_address_looks_like_it(self, define, browser: Client) -> None:
        define(slug="k7p")
        define(election=2, slug="tea", short_code="k7p")
        assert browser.get("/k7p/").status_code == 200
        assert browser.get("/k7p")["Location"] == "/tea/"

    def test_is_looked_up_once_while_it_is_remembered(self, define, browser: Client, redis, monkeypatch) -> None:
        # On a slow machine a second may be over before the fifth.
        monkeypatch.setattr(ballot_box.reading, "REMEMBERED_S", 600)
        define(short_code="k7p")
        redis.config_resetstat()
        for _ in range(5):
            browser.get("/k7p")
        assert redis.info("commandstats")["cmdstat_hvals"]["calls"] == 1


@voting
class TestField:
    def type(self, browser: Client, text: str):
        page = browser.get("/?all").content.decode()
        token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        return browser.post("/", {"csrfmiddlewaretoken": token, "short_address": text})

    def test_leads_to_the_ballot(self, define, browser: Client) -> None:
        define(short_code="k7p")
        for typed in ("k7p", " K7 P", "drink", "http://testserver/k7p"):
            assert self.type(browser, typed)["Location"] == "/drink/"

    def test_says_what_is_wrong(self, define, browser: Client) -> None:
        define(short_code="k7p")
        for typed, status, said in (
            ("", 400, "Type the short address first"),
            ("   ", 400, "Type the short address first"),
            ("k7x", 404, "There is no election at this short address."),
            ("x" * 100_000, 404, "There is no election at this short address."),
            ('"><script>', 404, "&quot;&gt;&lt;script&gt;"),
        ):
            answer = self.type(browser, typed)
            assert answer.status_code == status
            assert said in answer.content.decode()

    def test_stands_on_the_list_even_if_one_election_alone_is_open(self, define, browser: Client) -> None:
        define(short_code="k7p")
        assert browser.get("/")["Location"] == "/drink/"
        assert '/?all">Another election</a>' in browser.get("/drink/").content.decode()
        page = browser.get("/?all").content.decode()
        assert 'name="short_address"' in page
        assert "/k7p</span>" in page

    def test_keeps_a_code_out_of_addresses(self, define, browser: Client) -> None:
        define()
        assert 'class="short-address" method="post"' in browser.get("/?all").content.decode()
        assert Client(enforce_csrf_checks=True).post("/", {"short_address": "k7p"}).status_code == 403
