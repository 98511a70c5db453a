"""The results pages and the snapshot that they show."""

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from polls import methods
from polls.models import Election
from polls.publishing import cancel_election
from results import snapshot as snapshots
from results.views import get_snapshot
from tally.drain import drain_all, drain_shard
from tally.lifecycle import archive_election, close_election, turn_phases
from tally.models import Count, StoredOutcome
from tally.outcomes import make_outcome

from .papers import LIVELY, PAPER, make_snapshot

pytestmark = pytest.mark.urls("voting_site.urls.result")


def results(client: Any, slug: str = "drink") -> dict[str, Any]:
    return client.get(f"/{slug}/results.json").json()


class TestSnapshot:
    @pytest.mark.parametrize("worker_is_first", [True, False])
    def test_has_what_no_longer_waits_while_the_worker_counts(self, make_election, cast, monkeypatch, worker_is_first):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        look = snapshots.read_levels

        def look_beside_the_worker(boxes: Any) -> dict[int, int]:
            if worker_is_first:
                drain_shard(drink, 0)
            found = look(boxes)
            drain_shard(drink, 0)
            return found

        monkeypatch.setattr(snapshots, "read_levels", look_beside_the_worker)
        shown = snapshots.read_snapshot(Election.objects.filter(pk=drink.pk))
        assert (shown.ballots, shown.pending) == (1, 0 if worker_is_first else 1)

    def test_has_the_shape_of_the_contract(self, make_election, cast, client):
        drink = make_election()
        for voter, marking in (("ana", "nesquik"), ("eva", "cola-cao"), ("leo", "cola-cao"), ("mia", "cola-cao")):
            cast(drink, voter, marking)
        drain_all()
        shown = results(client)
        assert dt.datetime.fromisoformat(shown.pop("as_of")) <= timezone.now() + dt.timedelta(seconds=1)
        assert dt.datetime.fromisoformat(shown.pop("opens_at")) == drink.opens_at
        pace = shown.pop("pace")
        assert (pace["every"], pace["goes_on"], sum(pace["counted"])) == (1, True, 4)
        assert dt.datetime.fromisoformat(pace["first"]) <= timezone.now()
        assert shown == {
            "election": "drink",
            "title": "drink?",
            "phase": "open",
            "final": False,
            "certified": False,
            "certificate": None,
            "version": 2,
            "ballots": 4,
            "pending": 0,
            "closes_at": None,
            "shows": "live",
            "withheld": False,
            "turnout": None,
            "draw": {"sha256": drink.draw_hash, "secret": None},
            "weight": None,
            "rest": 0,
            "contests": [
                {
                    "key": "q1",
                    "title": "drink?",
                    "method": "plurality",
                    "seats": 1,
                    "ballots": 4,
                    "blank": 0,
                    "entitled": None,
                    "options": [
                        {"key": "nesquik", "label": "Nesquik", "count": 1, "share": 0.25, "permille": 250},
                        {"key": "cola-cao", "label": "Cola-Cao", "count": 3, "share": 0.75, "permille": 750},
                    ],
                    "winners": ["cola-cao"],
                    "tied": [],
                    "reason": "elected",
                    "working": {
                        "ballots": 4,
                        "blank": 0,
                        "seats": 1,
                        "ranking": [{"votes": 3, "keys": ["cola-cao"]}, {"votes": 1, "keys": ["nesquik"]}],
                    },
                }
            ],
        }

    def test_is_the_same_in_text_as_in_fields(self):
        shown = make_snapshot(LIVELY, 12, replace(PAPER, title='¿Ñam "nesquik"?'))
        assert shown.to_json() == json.dumps(shown.as_dict(), ensure_ascii=False, separators=(",", ":"))

    def test_is_made_anew_where_anything_of_it_changes(self, make_election, cast):
        drink = make_election()
        first = get_snapshot("drink")
        assert get_snapshot("drink").shown is first.shown
        cast(drink, "ana", "nesquik")
        drain_all()
        second = get_snapshot("drink")
        assert (first.ballots, second.ballots) == (0, 1)
        assert not second.shows_the_same_as(first)
        # A repair makes the outcome of the same version once more.
        StoredOutcome.objects.update(ballots=7)
        assert get_snapshot("drink").ballots == 7

    @pytest.mark.parametrize("method", ["plurality", "approval", "irv"])
    def test_is_the_same_whether_the_worker_wrote_it_or_the_page_computes_it(self, make_election, cast, method):
        drink = make_election(method=method)
        cast(drink, "ana", "nesquik")
        drain_all()
        [stored] = snapshots.read_snapshots(snapshots.Election.objects.all())
        assert stored.shown.source.json == StoredOutcome.objects.get().shown
        whole = get_snapshot("drink")
        assert [one.as_dict() for one in whole.contests] == json.loads(stored.shown.json)

    @pytest.mark.parametrize(
        "change",
        [{"version": 9}, {"shown": "", "shown_of": ""}, {"shown_of": "1 0 0"}],
        ids=["newer", "older", "other"],
    )
    def test_is_computed_where_the_last_release_has_made_the_outcome(self, make_election, cast, change):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        StoredOutcome.objects.update(**{"shown": "[1]"} | change)
        [snapshot] = snapshots.read_snapshots(snapshots.Election.objects.all())
        assert json.loads(snapshot.to_json())["contests"][0]["winners"] == ["nesquik"]

    def test_for_a_frame_alone_has_no_contests_for_a_page(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        snapshots._kept.clear()
        [frame] = snapshots.read_snapshots(snapshots.Election.objects.all())
        with pytest.raises(ValueError, match="only the frame"):
            frame.contests[0]

    def test_for_a_page_is_kept_for_frames_and_not_the_other_way_round(self, make_election, cast):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        drain_all()
        snapshots._kept.clear()
        [frame] = snapshots.read_snapshots(snapshots.Election.objects.all())
        page = get_snapshot("drink")
        assert page.shown is not frame.shown
        [frame] = snapshots.read_snapshots(snapshots.Election.objects.all())
        assert frame.shown is page.shown
        assert get_snapshot("drink").shown is page.shown

    def test_is_kept_of_some_elections_only(self, make_election, monkeypatch):
        monkeypatch.setattr(snapshots, "KEPT", 3)
        slugs = [f"drink-{number}" for number in range(7)]
        for slug in slugs:
            make_election(slug=slug)
            get_snapshot(slug)
            assert len(snapshots._kept) <= 3
        assert [get_snapshot(slug).election.slug for slug in slugs] == slugs

    def test_has_each_contest_with_its_blank_ballots(self, make_election, cast, client):
        drink = make_election(contests=3, rules={"blank": True})
        cast(drink, "ana", "q1=nesquik;q2=;q3=cola-cao")
        cast(drink, "eva", "q1=nesquik;q2=;q3=nesquik")
        drain_all()
        shown = results(client)["contests"]
        assert [(one["key"], one["title"], one["blank"]) for one in shown] == [
            ("q1", "Question 1", 0),
            ("q2", "Question 2", 2),
            ("q3", "Question 3", 0),
        ]
        assert [(one["winners"], one["tied"]) for one in shown] == [
            (["nesquik"], []),
            ([], []),
            ([], ["nesquik", "cola-cao"]),
        ]

    def test_sums_the_shards(self, make_election, cast, client, settings):
        settings.BALLOT_BOX_SHARDS = 4
        drink = make_election(method="approval")
        for number in range(30):
            cast(drink, f"v{number}", "cola-cao,nesquik")
        drain_all()
        shown = results(client)
        [contest] = shown["contests"]
        assert (shown["ballots"], [one["count"] for one in contest["options"]]) == (30, [30, 30])

    def test_tells_what_the_box_still_holds(self, make_election, cast, client):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        assert (results(client)["pending"], results(client)["ballots"]) == (1, 0)

    def test_does_not_guess_what_a_box_out_of_reach_holds(self, make_election, client, request):
        make_election()
        request.getfixturevalue("unreachable_redis")
        assert results(client)["pending"] is None

    def test_is_final_only_when_sealed_and_empty(self, make_election, cast, client):
        drink = make_election()
        cast(drink, "ana", "nesquik")
        close_election(drink)
        turn_phases()
        assert (results(client)["phase"], results(client)["final"]) == ("closed", False)
        drain_all()
        turn_phases()
        assert (results(client)["phase"], results(client)["final"], results(client)["ballots"]) == ("closed", True, 1)

    def test_never_lowers_the_version(self, make_election, cast):
        drink = make_election()
        versions = [get_snapshot("drink").version]
        for voter in ("ana", "eva"):
            cast(drink, voter, "nesquik")
            drain_all()
            versions.append(get_snapshot("drink").version)
        close_election(drink)
        versions.append(get_snapshot("drink").version)
        turn_phases()
        versions.append(get_snapshot("drink").version)
        assert versions == sorted(set(versions))

    @pytest.mark.expects_logged_exceptions
    def test_shows_damaged_counts_of_no_election_and_goes_on_with_the_others(self, make_election, cast, caplog):
        drink, tea = make_election("drink"), make_election("tea")
        for election in (drink, tea):
            cast(election, "ana", "nesquik")
        drain_all()
        Count.objects.filter(election=drink).update(n=7)
        make_outcome(drink.pk)
        shown = snapshots.read_snapshots(snapshots.Election.objects.published())
        assert [one.election.slug for one in shown] == ["tea"]
        assert "no results of drink: its counts contradict each other; run `recount`" in caplog.text
        assert "1 marked ballots cannot give 7 votes" in caplog.text
        # Not "not found", which would be untrue.
        with pytest.raises(snapshots.NoOutcome):
            get_snapshot("drink")

    def test_takes_two_statements_however_many_elections(self, make_election, django_assert_num_queries):
        for number in range(5):
            make_election(f"e{number}")
        # Where their boxes are, and after the look into these what is shown, as of one moment.
        with django_assert_num_queries(2):
            assert len(snapshots.read_snapshots(snapshots.Election.objects.published())) == 5


class TestPages:
    def test_the_dashboard_is_complete_without_javascript(self, make_election, cast, client):
        drink = make_election()
        for voter in ("ana", "eva", "leo"):
            cast(drink, voter, "nesquik")
        drain_all()
        page = client.get("/drink/").content.decode()
        assert "drink?" in page
        assert "Cola-Cao" in page
        assert "100" in page
        assert "no-store" in client.get("/drink/")["Cache-Control"]

    def test_the_dashboard_and_the_list_call_to_the_short_address(self, make_election, client):
        drink, old = make_election(), make_election("old")
        old.short_code = ""
        old.save()
        dashboard, listed = (client.get(path).content.decode() for path in ("/drink/", "/"))
        assert f"testserver:8000<wbr>/{drink.short_code}</span>" in dashboard
        assert f"testserver:8000/{drink.short_code}</span>" in listed
        assert 'href="http://testserver:8000/drink/"><svg' in dashboard
        assert listed.count('<p class="way-in"><svg') == 1
        without = client.get("/old/").content.decode()
        assert 'href="http://testserver:8000/old/"><b>Vote</b>' in without
        assert '<span dir="ltr">testserver:8000<wbr>/old</span>' in without

    def test_the_dashboard_of_a_cancelled_election_shows_the_reason(self, make_election, client):
        drink = make_election(opens_at=timezone.now() + dt.timedelta(hours=1))
        cancel_election(drink, "The hall is <closed>.")
        assert "The hall is &lt;closed&gt;." in client.get("/drink/").content.decode()

    def test_the_dashboard_has_a_section_with_its_heading_for_each_contest(self, make_election, client):
        make_election(contests=3)
        page = client.get("/drink/").content.decode()
        # And one for the ballots over time.
        assert page.count("<section ") == 4
        for number in (1, 2, 3):
            assert f'<h2 id="contest-q{number}" data-title dir="auto">Question {number}</h2>' in page

    def test_the_only_contest_has_no_heading_but_that_of_the_page(self, make_election, client):
        make_election()
        page = client.get("/drink/").content.decode()
        assert (page.count("<section "), page.count("<h1")) == (2, 1)
        assert "<h2" not in page.partition("data-pace")[0]

    def test_the_contests_alone_are_those_of_the_dashboard(self, make_election, cast, client):
        make_election(method="irv", contests=2)
        page, alone = (client.get(address).content.decode() for address in ("/drink/", "/drink/contests/"))
        assert alone.count("data-told") == 2
        assert alone.strip() in page

    def test_the_contests_are_written_once_for_each_language_and_version(
        self, make_election, cast, client, monkeypatch
    ):
        drink = make_election(method="irv")
        told = []
        tell = methods.get("irv").tell
        monkeypatch.setattr(type(methods.get("irv")), "tell", lambda _, *given: told.append(given) or tell(*given))
        for languages in (("en", "en", "es"), ("es", "en")):
            for language in languages:
                client.get("/drink/", headers={"accept-language": language})
                client.get("/drink/contests/", headers={"accept-language": language})
            cast(drink, "ana", "nesquik")
            drain_all()
        assert len(told) == 4

    def test_the_list_tells_how_many_questions_there_are(self, make_election, client):
        make_election("drink", contests=3)
        make_election("tea")
        page = client.get("/").content.decode()
        assert (page.count("3 questions"), page.count("Question 1"), page.count("Question 2")) == (1, 1, 0)

    @pytest.mark.parametrize("path", ["/nothing/", "/nothing/results.json", "/drink/results.xml"])
    def test_an_unknown_address_is_not_found(self, make_election, client, path):
        make_election()
        assert client.get(path).status_code == 404

    def test_a_single_election_is_shown_at_once(self, make_election, client):
        make_election()
        assert client.get("/")["Location"] == "/drink/"

    def test_the_list_has_all_but_the_archived(self, make_election, client):
        for slug in ("drink", "tea", "gone"):
            election = make_election(slug)
        close_election(election)
        turn_phases()
        election.refresh_from_db()
        archive_election(election)
        page = client.get("/").content.decode()
        assert ("/drink/" in page, "/tea/" in page, "/gone/" in page) == (True, True, False)
        assert client.get("/gone/").status_code == 200

    def test_the_list_has_a_page_when_it_is_empty(self, transactional_db, client):
        assert client.get("/").status_code == 200

    def test_a_post_is_refused(self, make_election, client):
        make_election()
        assert client.post("/drink/").status_code == 405
