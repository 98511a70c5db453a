"""The log of the installation, for people and as files."""

import pytest

from polls.models import Election
from record import recorder
from record.models import InstallationLog
from tally.drain import drain_all
from tally.lifecycle import turn_phases
from tests.tally.test_certification import ask, certify_all, finish

pytestmark = pytest.mark.urls("voting_site.urls.result")


@pytest.fixture
def drink(make_election, cast) -> Election:
    """A certified election with three ballots, all of whose events are entered."""
    drink: Election = make_election()
    for voter in ("ana", "eva", "leo"):
        cast(drink, voter, "nesquik")
    drain_all()
    finish(drink)
    recorder.keep_logs()
    ask(drink)
    certify_all()
    recorder.keep_logs()
    drink.refresh_from_db()
    return drink


class TestPage:
    def test_tells_the_newest_events_in_words(self, drink, client):
        page = client.get("/installation.log/").content.decode()
        places = [page.index(words) for words in ("Its result is certified", "3 entries", "Closed", "People vote on")]
        assert places == sorted(places)
        assert drink.in_force in page
        assert '<a href="/drink/"><bdi>drink</bdi></a>' in page
        assert InstallationLog.objects.get().checkpoint.splitlines()[2] in page
        assert "No witness has cosigned it so far" in page

    def test_says_where_there_is_nothing_yet(self, db, redis, client):
        assert client.get("/installation.log/").status_code == 404
        response = client.get("/installation.log/key")
        assert response.status_code == 404
        assert "begins within seconds" in response.json()["detail"]
        recorder.keep_logs()
        assert "Nothing is entered so far" in client.get("/installation.log/").content.decode()

    def test_is_linked_from_the_list_and_from_each_election(self, make_election, client):
        make_election()
        make_election("tea")
        turn_phases()
        recorder.keep_logs()
        for page in ("/", "/drink/"):
            assert 'href="/installation.log/"' in client.get(page).content.decode()

    def test_takes_no_address_from_an_election(self, make_election, client):
        make_election("installation")
        turn_phases()
        recorder.keep_logs()
        assert "installation?" in client.get("/installation/").content.decode()


class TestFiles:
    def test_are_for_scripts_of_any_site(self, drink, client):
        for name in ("checkpoint", "key", "witnesses", "tile/0/000.p/4", "tile/entries/000.p/4"):
            response = client.get(f"/installation.log/{name}")
            assert response.status_code == 200
            assert response["Access-Control-Allow-Origin"] == "*"
        assert "immutable" in response["Cache-Control"]

    def test_end_where_the_log_ends(self, drink, client):
        for name in ("tile/0/000.p/5", "tile/1/000.p/1", "tile/entries/001.p/1", "tile/x"):
            assert client.get(f"/installation.log/{name}").status_code == 404
