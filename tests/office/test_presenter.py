"""The presenter's page: its buttons, and what they let the walls show."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from polls.life import Phase
from polls.models import Election
from results.models import WallState
from results.wall import read_walls

pytestmark = pytest.mark.urls("voting_site.urls.admin")


@pytest.fixture
def drink(make_election: Callable[..., Election]) -> Election:
    return make_election(contests=3)


@pytest.fixture
def press(admin_client: Client, drink: Election) -> Callable[..., Any]:
    """Return a function that presses a button, and returns what walls are then to show."""

    def press(**sent: str) -> dict[str, Any]:
        answer = admin_client.post(f"/admin/polls/election/{drink.pk}/presenter/", sent, follow=True)
        assert answer.status_code == 200
        return read_walls([drink.pk])[drink.pk] | {"page": answer.content.decode()}

    return press


class TestPresenter:
    def test_chooses_the_question(self, press):
        assert press(contest="q2")["contest"] == "q2"
        assert press(contest="*")["contest"] == "*"
        assert press(contest="")["contest"] == ""
        refused = press(contest="q9")
        assert (refused["contest"], "not on the paper any more" in refused["page"]) == ("", True)

    def test_hides_shows_and_reveals_the_result(self, press):
        assert press(result="hide")["hides"] is True
        assert press(result="show")["hides"] is False
        told = press(reveal_in="10", reveal="bars", pause="3")
        assert (told["reveal"], told["pause"], told["hides"]) == ("bars", 3, False)
        assert press(result="hide")["reveal"] == ""

    def test_says_which_buttons_are_pressed(self, press):
        page = press(contest="q2", result="")["page"]
        assert 'value="q2" aria-pressed="true"' in page
        assert 'value="*" aria-pressed="false"' in page

    def test_closes_after_a_countdown_and_at_once(self, press, drink):
        assert "Close in 60 s" in press(close_in="60")["page"]
        drink.refresh_from_db()
        assert drink.closes_at is not None
        assert drink.phase(timezone.now()) == Phase.OPEN
        page = press(close_in="0")["page"]
        drink.refresh_from_db()
        assert drink.phase(timezone.now()) == Phase.CLOSED
        assert "Close now" not in page

    def test_opens_what_is_scheduled(self, admin_client, make_election):
        later = make_election("later", opens_at=timezone.now() + timezone.timedelta(days=1))
        address = f"/admin/polls/election/{later.pk}/presenter/"
        assert "Open in 30 s" in admin_client.get(address).content.decode()
        admin_client.post(address, {"open_in": "0"})
        later.refresh_from_db()
        assert later.opens_at <= timezone.now() + timezone.timedelta(seconds=1)

    @pytest.mark.parametrize(
        "sent", [{"reveal_in": "x"}, {"close_in": "7"}, {"pause": "0", "reveal_in": "0"}, {"contest": "q" * 41}]
    )
    def test_refuses_what_no_button_sends(self, admin_client, drink, sent):
        assert admin_client.post(f"/admin/polls/election/{drink.pk}/presenter/", sent).status_code == 400
        assert not WallState.objects.exists()

    def test_says_so_where_no_button_is_named(self, press, drink):
        """As an old browser's script sent it: all fields of the form, without the button."""
        page = press(reveal="places", pause="2")["page"]
        assert "Nothing was done" in page
        drink.refresh_from_db()
        assert drink.phase(timezone.now()) == Phase.OPEN

    def test_says_why_it_cannot_close(self, press, drink, unreachable_redis):
        assert "cannot be reached" in press(close_in="60")["page"]

    def test_goes_away_with_a_draft(self, make_election):
        draft = Election.objects.create(slug="draft", title="Draft")
        WallState.objects.create(election=draft)
        draft.delete()
        assert not WallState.objects.exists()
