"""How an operator opens a kiosk in the office, and ends it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from office.acts import Publish
from office.kiosk_acts import MOST_KIOSKS, EndKiosk, OpenKiosk
from office.models import LoggedAct, Organisation
from polls import ballot_box
from polls.models import Election
from polls.roll import codes
from tally.healing import keep_box
from tests.conftest import forget_definitions
from tests.office.test_access import RUN, choir, each, sign_in
from tests.office.test_roll_pages import make_election
from tests.polls.roll.people import enrol

__all__ = ["choir", "sign_in"]

pytestmark = pytest.mark.urls("voting_site.urls.admin")


@pytest.fixture
def drink(choir: Organisation, redis: Any) -> Election:
    """A published election with a roll."""
    keep_box()
    election = make_election("drink", choir)
    enrol(election, ["Ana"])
    Publish(election).perform(by=None)
    return election


def kiosks_of(election: Election) -> dict[int, str]:
    """Return the names of the kiosks that the ballot box knows, by number."""
    forget_definitions()
    definition = ballot_box.read_definition(election.slug)[0]
    assert definition
    return {one.number: one.name for one in definition.kiosks}


def address(election: Election, *number: int) -> str:
    name = "end_kiosk" if number else "kiosks"
    return reverse(f"admin:polls_election_{name}", args=[election.pk, *number])


class TestOpening:
    def test_shows_the_code_once_and_tells_the_ballot_box(
        self, drink: Election, sign_in: Callable[..., Client]
    ) -> None:
        client = sign_in("operator")
        response = client.post(address(drink), {"name": " Town  hall "})
        page = response.content.decode()
        [code] = re.findall("<code>(.*?)</code>", page)
        assert "no-store" in response["Cache-Control"]
        assert "/drink/kiosk/" in page
        assert kiosks_of(drink) == {1: "Town hall"}
        [kiosk] = ballot_box.read_definition("drink")[0].kiosks
        assert kiosk.code == codes.hash_code(drink.pk, codes.read(code))
        listed = client.get(address(drink)).content.decode()
        assert "Town hall" in listed
        assert code not in listed

    def test_is_logged_without_the_code(self, drink: Election) -> None:
        act = OpenKiosk(drink, "Hall")
        act.perform(by=None)
        logged = LoggedAct.objects.get(act="open-kiosk")
        assert logged.changes == {"kiosk 1": [None, "Hall"]}
        assert act.code not in str(logged.changes)

    def test_takes_nothing_typed_and_refuses_too_much(self, drink: Election, sign_in: Callable[..., Client]) -> None:
        client = sign_in("operator")
        assert client.post(address(drink), {"name": "x" * 61}).status_code == 400
        assert client.post(address(drink), {"name": "a\0b"}).status_code == 400
        assert client.post(address(drink), {"name": ""}).status_code == 200
        assert kiosks_of(drink) == {1: ""}

    def test_needs_a_published_election_that_is_not_over(
        self, drink: Election, choir: Organisation, sign_in: Callable[..., Client]
    ) -> None:
        draft = make_election("draft", choir)
        Election.objects.filter(pk=drink.pk).update(closes_at=timezone.now())
        drink.refresh_from_db()
        for election in (draft, drink):
            page = sign_in("operator" if election is draft else "manager").post(address(election), {"name": "Hall"})
            assert page.status_code == 400
            assert "Not opened" in page.content.decode()
        assert kiosks_of(drink) == {}

    def test_needs_voters_with_codes(self, drink: Election) -> None:
        """Where voters sign in with a provider there is no card that it could ask for."""
        drink.providers = ["keycloak"]
        drink.save()
        with pytest.raises(ValidationError, match="voters have codes"):
            OpenKiosk(drink).perform(by=None)

    def test_has_an_end(self, drink: Election) -> None:
        drink.kiosks = [{"number": n, "name": "", "code": "", "until": 0, "ended": True} for n in range(MOST_KIOSKS)]
        drink.save()
        with pytest.raises(ValidationError, match="can have no more"):
            OpenKiosk(drink).perform(by=None)

    @each
    def test_is_for_those_who_run_the_election(self, drink: Election, sign_in: Callable[..., Client], who: str) -> None:
        sign_in(who).post(address(drink), {"name": "Hall"})
        assert bool(kiosks_of(drink)) == (who in RUN)


class TestEnd:
    def test_reaches_the_ballot_box_and_its_number_is_not_used_again(
        self, drink: Election, sign_in: Callable[..., Client]
    ) -> None:
        client = sign_in("operator")
        for name in ("Hall", "School"):
            OpenKiosk(drink, name).perform(by=None)
        response = client.post(address(drink, 2), follow=True)
        assert "asks for no card any more" in response.content.decode()
        assert kiosks_of(drink) == {1: "Hall"}
        OpenKiosk(drink, "Library").perform(by=None)
        assert kiosks_of(drink) == {1: "Hall", 3: "Library"}
        assert LoggedAct.objects.get(act="end-kiosk").changes == {"kiosk 2": ["School", None]}

    def test_pressed_twice_says_so(self, drink: Election, sign_in: Callable[..., Client]) -> None:
        OpenKiosk(drink).perform(by=None)
        client = sign_in("operator")
        client.post(address(drink, 1))
        assert "ended already" in client.post(address(drink, 1), follow=True).content.decode()
        assert LoggedAct.objects.filter(act="end-kiosk").count() == 1

    @each
    def test_is_for_those_who_run_the_election(self, drink: Election, sign_in: Callable[..., Client], who: str) -> None:
        OpenKiosk(drink).perform(by=None)
        sign_in(who).post(address(drink, 1))
        assert bool(kiosks_of(drink)) == (who not in RUN)

    def test_stays_when_the_ballot_box_is_healed(self, drink: Election, redis: Any) -> None:
        OpenKiosk(drink).perform(by=None)
        EndKiosk(drink, 1).perform(by=None)
        OpenKiosk(drink, "Hall").perform(by=None)
        redis.flushall()
        keep_box()
        assert kiosks_of(drink) == {2: "Hall"}
