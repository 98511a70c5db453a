"""What has become of each entry, once the election is final."""

from collections import Counter
from typing import Any

import pytest

from polls import ballot_box
from polls.models import Election
from record import fates, recorder
from record.models import Log, LogSecret
from record.openings import Opener
from tally.drain import drain_all
from tally.lifecycle import close_election, release_result, turn_phases
from tally.models import CastRecord, Certification, CountedBallot
from tally.recorder import Contradiction
from tests.tally.entries import put
from tests.tally.test_certification import ask, certify_all, finish

from .whole import check_whole, serve

pytestmark = pytest.mark.urls("voting_site.urls.result")


def end(election: Election) -> list[str]:
    """Close an election, let its record be finished, and return the fates as they are served."""
    close_election(election)
    drain_all()
    turn_phases()
    recorder.keep_logs()
    return read_fates(election.slug)


def read_fates(slug: str) -> list[str]:
    text: str = serve(f"/{slug}/record/fates").content.decode()
    assert text.endswith("\n") or not text
    return text.splitlines()


def test_each_entry_has_its_own(make_election, cast, redis):
    drink = make_election()
    cast(drink, "ana", "nesquik")
    drain_all()
    cast(drink, "ana", "cola-cao")
    cast(drink, "eva", "nesquik")
    redis.xadd(ballot_box.key(drink.pk, 0, "ballots"), {"v": 2, "voter": "?"})
    drink.refresh_from_db()
    put(redis, drink, "leo", "q1=nesquik,cola-cao")
    told = end(drink)
    assert Counter(told) == {"counts": 2, "replaced": 1, "set-aside unreadable": 1, "set-aside invalid": 1}
    entries = check_whole(drink)
    opener = Opener(bytes(LogSecret.objects.get().salt_secret), "drink", drink.in_force)
    counting = {entry.commitment for entry, fate in zip(entries, told, strict=True) if fate == "counts"}
    ids = set(CountedBallot.objects.values_list("ballot_id", flat=True))
    assert counting == {opener.commit_to(one) for one in CastRecord.objects.all() if one.ballot_id in ids}


def test_of_final_votes_the_first_counts(make_election, cast):
    drink = make_election(votes_final=True)
    cast(drink, "ana", "nesquik")
    drain_all()
    ballot_box.connection.client().delete(ballot_box.key(drink.pk, 0, "voters"))
    cast(drink, "ana", "cola-cao")
    assert end(drink) == ["counts", "set-aside already-counted"]


def test_none_is_told_before_the_election_is_final(make_election, cast, client: Any):
    drink = make_election()
    cast(drink, "ana", "nesquik")
    drain_all()
    recorder.keep_logs()
    response = client.get("/drink/record/fates")
    assert response.status_code == 404
    assert "once the election is final" in response.json()["detail"]
    assert end(drink) == ["counts"]


def test_none_is_told_before_a_hidden_result_is_released(make_election, cast, client: Any):
    drink = make_election(shows="hidden")
    cast(drink, "ana", "nesquik")
    close_election(drink)
    drain_all()
    turn_phases()
    recorder.keep_logs()
    assert client.get("/drink/record/fates").status_code == 404
    drink.refresh_from_db()
    release_result(drink)
    recorder.keep_logs()
    assert read_fates("drink") == ["counts"]


def test_an_election_without_a_ballot_has_none(make_election):
    assert end(make_election()) == []


def test_many_entries_are_read_in_parts(make_election, cast, monkeypatch):
    monkeypatch.setattr(fates, "MOST_IN_MEMORY", 7)
    drink = make_election()
    for number in range(30):
        cast(drink, f"v{number}", "nesquik")
    assert end(drink) == ["counts"] * 30


def test_they_stay_after_certification(make_election, cast):
    drink = make_election()
    for number in range(5):
        cast(drink, f"v{number}", "nesquik")
    drain_all()
    finish(drink)
    ask(drink)
    certify_all()
    assert Certification.objects.get().step == Certification.Step.DONE
    assert read_fates("drink") == ["counts"] * 5


def test_an_entry_without_a_ballot_is_named(make_election, cast):
    drink = make_election()
    for number in range(3):
        cast(drink, f"v{number}", "nesquik")
    drain_all()
    CastRecord.objects.first().delete()
    drink.refresh_from_db()
    with pytest.raises(Contradiction, match="an entry of which there is no ballot, with the index"):
        fates.write(drink)


def test_a_ballot_without_an_entry_is_named(make_election, cast):
    drink = make_election()
    cast(drink, "ana", "nesquik")
    drain_all()
    record = CastRecord.objects.get()
    record.pk, record.voter_key = None, "x" * 22
    record.save()
    drink.refresh_from_db()
    with pytest.raises(Contradiction, match="a ballot has no entry"):
        fates.write(drink)
    assert Log.objects.get().fates is None
