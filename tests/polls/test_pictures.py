"""Pictures of options: brought to the ballot box, shown by `vote` and `result`, bounded, and removed."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client, override_settings
from django.utils import timezone

from polls import ballot_box, pictures
from polls.models import Election, Option, Picture
from polls.pictures import hash_picture, store_picture
from polls.publishing import publish_election
from polls.redrawing import redraw_picture
from tally.drain import drain_all
from tally.healing import keep_box
from tally.lifecycle import archive_election, close_election, turn_phases
from tests.conftest import open_now
from tests.pictures import draw

pytestmark = pytest.mark.urls("voting_site.urls.vote")
HOUR = timezone.timedelta(hours=1)


def picture(width: int = 100) -> bytes:
    return redraw_picture(io.BytesIO(draw((width, 80))), 1000)


@pytest.fixture
def drink(make_election: Callable[..., Election]) -> Election:
    """An election that opens in an hour, of which one option has a picture."""
    drink = make_election(opens_at=timezone.now() + HOUR)
    give_picture(drink, picture())
    return drink


def give_picture(election: Election, content: bytes) -> str:
    name = store_picture(election, content)
    Option.objects.filter(contest__election=election, key="nesquik").update(picture=name)
    publish_election(election)
    election.refresh_from_db()
    return name


def fetch(urls: str, name: str) -> Any:
    pictures_kept().clear()
    with override_settings(ROOT_URLCONF=f"voting_site.urls.{urls}"):
        return Client().get(f"/drink/picture/{name}.webp")


def pictures_kept() -> dict[Any, bytes]:
    from polls import picture_view

    return picture_view._kept


class TestPicture:
    @pytest.mark.parametrize("urls", ["vote", "result"])
    def test_is_a_file_that_browsers_keep_for_ever(self, drink, urls):
        content = bytes(Picture.objects.get().content)
        response = fetch(urls, hash_picture(content))
        assert (response.status_code, response.content, response["Content-Type"]) == (200, content, "image/webp")
        assert response["Cache-Control"] == "public, max-age=31536000, immutable"
        for unknown in ("0" * 64, "x"):
            assert fetch(urls, unknown).status_code == 404

    def test_stands_on_the_ballot_and_on_the_results_without_a_text_of_its_own(self, drink):
        open_now(drink)
        address = f'<img class="option-picture" src="/drink/picture/{Picture.objects.get().hash}.webp" alt=""'
        for urls in ("vote", "result"):
            with override_settings(ROOT_URLCONF=f"voting_site.urls.{urls}"):
                assert address in Client().get("/drink/").content.decode()

    def test_stands_beside_an_emoji_and_a_colour_which_the_bar_has_as_well(self, make_election):
        tea = make_election("tea", opens_at=timezone.now() + HOUR)
        Option.objects.filter(key="nesquik").update(emoji="🥛", colour="#ffee00")
        publish_election(tea)
        open_now(tea)
        for urls in ("vote", "result"):
            with override_settings(ROOT_URLCONF=f"voting_site.urls.{urls}"):
                page = Client().get("/tea/").content.decode()
            assert page.count('<circle cx="8" cy="8" r="8" fill="#968c00"/>') == 1
            assert page.count('<span class="option-emoji" aria-hidden="true">🥛</span>') == 1
        assert page.count('<rect class="bar-fill" data-bar fill="#968c00"') == 1

    def test_of_a_draft_is_shown_to_nobody(self, drink):
        draft = Election.objects.create(slug="draft", title="Draft")
        name = store_picture(draft, picture(60))
        with override_settings(ROOT_URLCONF="voting_site.urls.result"):
            assert Client().get(f"/draft/picture/{name}.webp").status_code == 404

    def test_is_restored_with_a_box_that_was_emptied(self, drink, redis):
        redis.flushdb()
        keep_box()
        assert fetch("vote", Picture.objects.get().hash).status_code == 200

    def test_goes_when_a_paper_without_it_has_been_taken(self, drink):
        old = Picture.objects.get().hash
        new = give_picture(drink, picture(60))
        keep_box()
        assert list(Picture.objects.values_list("hash", flat=True)) == [new]
        assert ballot_box.list_pictures([drink.pk]) == {drink.pk: {new}}
        assert fetch("vote", old).status_code == fetch("result", old).status_code == 404

    def test_stays_where_the_box_refuses_an_edit_without_it(self, drink, monkeypatch):
        old = Picture.objects.get().hash
        Option.objects.update(picture=store_picture(drink, picture(60)))
        with monkeypatch.context() as patch:
            patch.setattr(ballot_box, "offer", fail)
            publish_election(drink)
        open_now(drink)
        keep_box()
        keep_box()
        assert list(Option.objects.exclude(picture="").values_list("picture", flat=True)) == [old]
        assert fetch("vote", old).status_code == fetch("result", old).status_code == 200

    def test_leaves_the_box_when_the_election_is_archived(self, drink):
        open_now(drink)
        drink.refresh_from_db()
        close_election(drink)
        drain_all()
        turn_phases()
        drink.refresh_from_db()
        assert archive_election(drink)
        keep_box()
        assert ballot_box.list_pictures([drink.pk]) == {drink.pk: set()}
        assert fetch("result", Picture.objects.get().hash).status_code == 200


def fail(*args: Any, **kwargs: Any) -> Any:
    raise ballot_box.Unavailable("frozen")


class TestStore:
    def test_holds_so_many_and_no_more_and_forgets_first_what_no_option_has(self, drink, monkeypatch):
        monkeypatch.setattr(pictures, "MOST_PICTURES", 2)
        store_picture(drink, picture(50))
        used = store_picture(drink, picture(60))
        Option.objects.filter(key="cola-cao").update(picture=used)
        assert Picture.objects.count() == 2
        with pytest.raises(ValidationError, match="at most 2 pictures"):
            store_picture(drink, picture(70))

    def test_holds_the_same_picture_once(self, drink):
        content = bytes(Picture.objects.get().content)
        assert store_picture(drink, content) == Picture.objects.get().hash
