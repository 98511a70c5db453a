"""The page of the witnesses in the office: what it shows, who may change what, and what it refuses."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from office.models import LoggedAct, Organisation
from polls.models import Election
from record import recorder
from record.models import Log, Witness
from tally.lifecycle import turn_phases
from tests.office.test_access import WRITE, choir, drink, each, sign_in
from tests.office.test_witness_acts import ADDRESS, KEY, NAME
from tests.results.test_receipt_page import cosign
from tests.tally.test_certification import finish

__all__ = ["choir", "drink", "sign_in"]

pytestmark = pytest.mark.urls("voting_site.urls.admin")


def address(election: Election, *number: int) -> str:
    name = "remove_witness" if number else "witnesses"
    return reverse(f"admin:polls_election_{name}", args=[election.pk, *number])


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def open_record(drink: Election) -> Election:
    turn_phases()
    recorder.keep_logs()
    return drink


class TestAdding:
    def test_is_logged_and_shows_the_key_of_the_record(self, open_record: Election, sign_in: Any) -> None:
        client = sign_in("manager")
        response = client.post(address(open_record), {"add": "1", "key": f" {KEY} ", "address": ADDRESS}, follow=True)
        page = text_of(response)
        assert "is a witness now. Give its operator the key of the record." in page
        assert Log.objects.get().verifier_key in page
        assert "nothing yet" in page
        act = LoggedAct.objects.get(act="add-witness")
        assert (act.actor, act.changes) == ("manager", {"witness": [None, f"{KEY} {ADDRESS}"]})

    @pytest.mark.parametrize(
        ("key", "url", "said"),
        [
            ("nonsense", ADDRESS, "this is no key of a witness"),
            (KEY, "witness.example", "is no address of a witness"),
            ("", ADDRESS, "This field is required."),
            (KEY, "a\0b", "Null characters are not allowed."),
            ("x" * 400, ADDRESS, "at most 310 characters"),
        ],
    )
    def test_refuses_in_words_and_loses_nothing(
        self, drink: Election, sign_in: Any, key: str, url: str, said: str
    ) -> None:
        response = sign_in("manager").post(address(drink), {"add": "1", "key": key, "address": url})
        assert response.status_code == 400
        assert said in text_of(response)
        assert ADDRESS not in (key, url) or ADDRESS in text_of(response)
        assert not Witness.objects.exists()

    @each
    def test_is_for_managers(self, drink: Election, sign_in: Callable[..., Client], who: str) -> None:
        response = sign_in(who).post(address(drink), {"add": "1", "key": KEY, "address": ADDRESS})
        assert (response.status_code == 302) == (who in WRITE)
        assert Witness.objects.exists() == (who in WRITE)


class TestRemoving:
    @each
    def test_is_for_managers_and_asks_first(self, drink: Election, sign_in: Callable[..., Client], who: str) -> None:
        witness = Witness.objects.create(election=drink, name=NAME, verifier_key=KEY, address=ADDRESS)
        client = sign_in(who)
        asked = client.get(address(drink, witness.pk))
        assert (asked.status_code == 200) == (who in WRITE)
        assert Witness.objects.exists()
        client.post(address(drink, witness.pk))
        assert Witness.objects.exists() == (who not in WRITE)

    def test_knows_only_its_own(self, drink: Election, make_election: Any, sign_in: Any) -> None:
        witness = Witness.objects.create(election=make_election("tea"), name=NAME, verifier_key=KEY, address=ADDRESS)
        client = sign_in("manager")
        assert client.get(address(drink, witness.pk)).status_code == 404
        assert client.post(address(drink, witness.pk)).status_code == 404
        assert Witness.objects.exists()

    def test_warns_of_hiding_a_contradiction(self, drink: Election, sign_in: Any) -> None:
        witness = Witness.objects.create(election=drink, name=NAME, verifier_key=KEY, address=ADDRESS, contradicts=True)
        client = sign_in("manager")
        assert "hides the contradiction" in text_of(client.get(address(drink, witness.pk)))
        page = text_of(client.get(address(drink)))
        assert "Do not remove it." in page
        assert "It contradicts the record." in page


class TestRequiring:
    @each
    def test_is_for_managers(self, drink: Election, sign_in: Callable[..., Client], who: str) -> None:
        Witness.objects.create(election=drink, name=NAME, verifier_key=KEY, address=ADDRESS)
        sign_in(who).post(address(drink), {"require": "1", "required": "1"})
        drink.refresh_from_db()
        assert drink.witness_quorum == (1 if who in WRITE else 0)

    @pytest.mark.parametrize("number", ["1", "-1", "x", "", "9" * 30])
    def test_refuses_in_words(self, drink: Election, sign_in: Any, number: str) -> None:
        response = sign_in("manager").post(address(drink), {"require": "1", "required": number})
        assert response.status_code == 400
        assert "errorlist" in response.content.decode()
        assert not LoggedAct.objects.filter(act="change-quorum").exists()

    def test_is_shown_in_the_history(self, drink: Election, sign_in: Any) -> None:
        Witness.objects.create(election=drink, name=NAME, verifier_key=KEY, address=ADDRESS)
        client = sign_in("manager")
        client.post(address(drink), {"require": "1", "required": "1"})
        history = text_of(client.get(reverse("admin:polls_election_history", args=[drink.pk])))
        assert "number of witnesses required changed" in history
        assert "Witnesses required: 0 → 1" in history


class TestShowing:
    def test_says_what_each_has_cosigned_and_what_is_wrong(
        self, open_record: Election, cast: Any, sign_in: Any
    ) -> None:
        client = sign_in("auditor")
        assert "It has no witnesses." in text_of(client.get(address(open_record)))
        cosign("drink", "w1.example")
        Witness.objects.update(cosigned_at=timezone.now())
        Witness.objects.create(
            election=open_record, name="w2.example", verifier_key=KEY, address=ADDRESS,
            problem="it cannot be reached: <b>x", failures=4,
        )  # fmt: skip
        page = text_of(client.get(address(open_record)))
        assert "the newest head, " in page
        assert "1 of 2 witnesses have cosigned this head." in page
        assert "it cannot be reached: &lt;b&gt;x" in page
        assert "It failed 4 times in a row" in page
        assert '<input type="submit"' not in page
        Witness.objects.filter(name="w1.example").update(size=3)
        Log.objects.update(size=5)
        assert "the head of 3 entries" in text_of(client.get(address(open_record)))

    def test_is_led_to_from_the_election(self, drink: Election, sign_in: Any) -> None:
        page = sign_in("auditor").get(reverse("admin:polls_election_page", args=[drink.pk])).content.decode()
        assert address(drink) in page

    def test_before_the_record_begins_says_when_it_does(self, drink: Election, sign_in: Any) -> None:
        assert "The record begins when the election opens." in text_of(sign_in("auditor").get(address(drink)))

    def test_of_a_draft_says_what_to_do(self, choir: Organisation, drink: Election, sign_in: Any) -> None:
        Election.objects.filter(pk=drink.pk).update(state="draft")
        assert "Publish the election first." in text_of(sign_in("manager").get(address(drink)))


def test_the_page_of_the_certification_says_who_is_missing_before_the_click(
    drink: Election, cast: Any, sign_in: Any
) -> None:
    recorder.keep_logs()
    cast(drink, "ana", "nesquik")
    finish(drink)
    recorder.keep_logs()
    Witness.objects.create(
        election=drink, name=NAME, verifier_key=KEY, address=ADDRESS, problem="it cannot be reached: x"
    )
    client = sign_in("manager")
    certify = reverse("admin:polls_election_certify", args=[drink.pk])
    assert "Too few witnesses" not in text_of(client.get(certify))
    client.post(address(drink), {"require": "1", "required": "1"})
    page = text_of(client.get(certify))
    assert "Too few witnesses have cosigned its public record." in page
    assert f"{NAME} has not cosigned the last head: it cannot be reached: x" in page
    assert "It cannot be undone." not in page
    said = text_of(client.post(certify, {"set_aside": "0", "result": "0"}, follow=True))
    assert "Not certified: Too few witnesses" in said
    drink.refresh_from_db()
    assert drink.state == "final"
