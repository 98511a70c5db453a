"""Results that may not be seen yet: absent from every place where somebody could look, until the rule says so."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings
from django.urls import clear_url_caches, reverse
from prometheus_client import CollectorRegistry, generate_latest

from office.acts import Release
from office.models import LoggedAct
from polls.life import State
from polls.look import Look
from polls.models import Election
from results import feed, revalidation
from results.pictures.card import draw as draw_card
from results.views import get_snapshot
from tally.drain import drain_all
from tally.exporter import Facts
from tally.lifecycle import NotReleased, close_election, release_result, turn_phases
from tally.models import StoredOutcome
from tally.outcomes import catch_up
from tests.office.test_admin import organiser

__all__ = ["organiser"]

# Eleven ballots, 8 for one and 3 for the other: shares that stand nowhere else.
TOLD = re.compile(r'72[.,]7|27[.,]3|0\.727|\b727\b|\b273\b|"(count|share|permille|blank|winners|tied|reason|working)"')
# Also the number of ballots.
TURNOUT = re.compile(r'"ballots":\s*11|>11<')
# Addresses below an election that tell its result as soon as it may be seen; and those that never tell numbers.
TELLING = ("?view=wall", "wall.json", "", "contests/", "embed/", "results.json", "results.csv", "results.svg")
QUIET = ("/drink/feed.atom", "/feed.atom", "/oembed.json?url=http://testserver:8001/drink/", "/openapi.json")


@contextmanager
def serving(role: str) -> Iterator[Client]:
    with override_settings(ROOT_URLCONF=f"voting_site.urls.{role}"):
        clear_url_caches()
        yield Client()
    clear_url_caches()


@pytest.fixture
def hold(make_election, cast) -> Any:
    """Return a function that makes an election in which eleven people have voted."""

    def hold(shows: str, **fields: Any) -> Election:
        # With another one there is a list.
        make_election("other", shows=shows)
        election = make_election(shows=shows, **fields)
        for number in range(11):
            cast(election, f"v{number}", "nesquik" if number < 8 else "cola-cao")
        drain_all()
        return election

    return hold


def finish(election: Election) -> None:
    close_election(election)
    turn_phases()
    catch_up()
    election.refresh_from_db()
    assert election.state == State.FINAL


def public_places(election: Election) -> dict[str, str]:
    with serving("result") as visitor:
        found = {path: visitor.get(path).content.decode() for path in (f"/{election.slug}/{name}" for name in TELLING)}
        found["list"] = visitor.get("/").content.decode()
    found["socket"] = feed.read_again([election.pk])[0].to_json()
    return found


def inner_places(election: Election, organiser: Client, log: str) -> dict[str, str]:
    """What organisers and operators see, and what the roles that serve pages can read."""
    with serving("admin"):
        pages = {
            "office list": reverse("admin:polls_election_changelist"),
            "office page": reverse("admin:polls_election_page", args=[election.pk]),
            "office standing": reverse("admin:polls_election_standing", args=[election.pk]),
        }
        found = {name: organiser.get(address).content.decode() for name, address in pages.items()}
    registry = CollectorRegistry()
    registry.register(Facts())
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(o)::text FROM tally_outcome AS o WHERE election_id = %s", [election.pk])
        [(row,)] = cursor.fetchall()
    return found | {"row": row, "metrics": generate_latest(registry).decode(), "log": log}


def told(places: dict[str, str], what: re.Pattern[str] = TOLD) -> set[str]:
    """Return the places that tell it, without times, whose digits are anybody's."""
    restless = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+|\d\d:\d\d:\d\d|[\d.e+]+e\+\d\d|urna_\w*(age|memory)\w*.*")
    return {name for name, text in places.items() if what.search(restless.sub("", text))}


class TestHidden:
    def test_is_absent_everywhere_until_it_is_released(self, hold, organiser, caplog):
        drink = hold("hidden")
        for _ in range(2):
            assert told(public_places(drink)) == set()
            assert told(public_places(drink), TURNOUT) == set()
            assert told(inner_places(drink, organiser, caplog.text)) == set()
            if drink.state != State.FINAL:
                finish(drink)
        Release(drink).perform(by=None)
        assert told(public_places(drink)) == set(), "the worker has to make it first"
        catch_up()
        assert told(public_places(drink)) == {*public_places(drink)}
        assert told(inner_places(drink, organiser, "")) == {"office page", "row"}

    def test_shows_what_was_asked_and_says_when_it_comes(self, hold):
        drink = hold("hidden")
        with serving("result") as visitor:
            page = visitor.get("/drink/").content.decode()
            shown = visitor.get("/drink/results.json").json()
        assert "The result shows when the organisers release it." in page
        assert "Cola-Cao" in page
        assert (shown["shows"], shown["withheld"], shown["ballots"], shown["pending"]) == ("hidden", True, None, None)
        [contest] = shown["contests"]
        assert contest == {
            "key": "q1", "title": "drink?", "method": "plurality", "seats": 1,
            "options": [{"key": "nesquik", "label": "Nesquik"}, {"key": "cola-cao", "label": "Cola-Cao"}],
        }  # fmt: skip
        assert drink.slug == shown["election"]

    def test_is_called_no_final_result_after_the_close(self, hold):
        drink = hold("hidden")
        finish(drink)
        heading = re.compile(r'<span class="phase" data-phase="(\w+)">')
        with serving("result") as visitor:
            assert heading.findall(visitor.get("/drink/").content.decode()) == ["withheld"]
            assert "withheld" in heading.findall(visitor.get("/").content.decode())
            release_result(drink)
            catch_up()
            assert heading.findall(visitor.get("/drink/").content.decode()) == ["final"]

    def test_is_withheld_before_the_first_ballot_as_well(self, make_election):
        make_election(shows="hidden")
        with serving("result") as visitor:
            assert visitor.get("/drink/results.json").json()["withheld"]

    def test_comes_with_a_higher_version(self, hold):
        drink = hold("hidden")
        finish(drink)
        [before] = feed.read_again([drink.pk])
        release_result(drink)
        catch_up()
        [after] = feed.read_again([drink.pk])
        assert after.version > before.version
        assert not after.shows_the_same_as(before)
        assert (after.withheld, after.ballots) == ("", 11)

    def test_is_not_released_before_it_is_final_nor_twice(self, hold):
        drink = hold("hidden")
        with pytest.raises(NotReleased, match="not final"):
            release_result(drink)
        finish(drink)
        release_result(drink)
        with pytest.raises(NotReleased, match="already"):
            release_result(drink)

    def test_is_released_by_a_command_with_a_line_in_the_log(self, hold, capsys):
        finish(hold("hidden"))
        call_command("release_result", "drink")
        assert "is released" in capsys.readouterr().out
        [act] = LoggedAct.objects.all()
        assert act.act == "release"
        assert list(act.changes) == ["released_at"]

    def test_is_released_only_by_who_runs_it(self, hold, django_user_model):
        drink = hold("hidden")
        finish(drink)
        with pytest.raises(PermissionDenied):
            Release(drink).perform(by=django_user_model.objects.create_user("eva"))

    def test_takes_no_time_that_tells_it(self, hold):
        drink = hold("hidden")
        row = StoredOutcome.objects.get(election=drink)
        assert (row.contests, row.withheld, row.rest, row.ballots) == (None, "hidden", 0, 11)


def quiet_places(election: Election) -> dict[str, str]:
    """What feeds and oEmbed say, and what is drawn on the card before it is a picture."""
    revalidation._known.clear()
    with serving("result") as visitor:
        found = {path: visitor.get(path).content.decode() for path in QUIET}
    return found | {"card": draw_card(get_snapshot(election.slug), Look())}


class TestQuietPlaces:
    @pytest.mark.parametrize("shows", ["hidden", "turnout"])
    def test_tell_no_number_and_no_winner(self, hold, shows):
        drink = hold(shows)
        for _ in range(2):
            places = quiet_places(drink)
            told_of_api = places.pop("/openapi.json")
            assert "Nesquik" not in told_of_api
            assert told(places) == told(places, TURNOUT) == set()
            assert "Winner" not in places["card"]
            assert all("Nesquik" not in text for path, text in places.items() if path != "card")
            with serving("result") as visitor:
                for name in ("results.csv", "results.svg", "results.png"):
                    assert visitor.get(f"/drink/{name}").status_code == 404
            if shows == "turnout" or drink.state == State.FINAL:
                break
            finish(drink)

    def test_name_the_winner_once_that_may_be_seen(self, hold):
        drink = hold("hidden")
        finish(drink)
        assert "Final result" in quiet_places(drink)["/drink/feed.atom"]
        Release(drink).perform(by=None)
        catch_up()
        places = quiet_places(drink)
        assert "Nesquik" in places["/drink/feed.atom"]
        assert "72.7" in places["card"]

    def test_of_an_unlisted_election_are_found_by_its_address_alone(self, hold):
        drink = hold("live", unlisted=True)
        places = quiet_places(drink)
        assert "drink?" in places["/drink/feed.atom"]
        assert "drink" not in places["/feed.atom"]
        assert "other" in places["/feed.atom"]


class TestTurnout:
    def test_shows_how_many_have_voted_and_nothing_else_until_the_close(self, hold, organiser, caplog):
        drink = hold("turnout")
        places = public_places(drink)
        assert told(places) == set()
        assert "socket" in told(places, TURNOUT)
        assert told(inner_places(drink, organiser, caplog.text)) == set()
        close_election(drink)
        catch_up()
        assert told(public_places(drink)) == {*places}

    def test_needs_no_release(self, hold):
        drink = hold("turnout")
        finish(drink)
        with pytest.raises(NotReleased, match="by itself"):
            release_result(drink)


def test_a_late_worker_does_not_hide_again_what_is_released(hold):
    drink = hold("hidden")
    finish(drink)
    release_result(drink)
    catch_up()
    # A worker that was stopped for a while writes what it knew before.
    StoredOutcome.objects.filter(election=drink).update(contests=None, withheld="hidden")
    catch_up()
    assert json.dumps(StoredOutcome.objects.get(election=drink).contests).count("nesquik")
