"""An election opens or closes so many seconds from now, by the clock of the ballot box."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from office.models import LoggedAct
from office.soon_acts import CloseSoon, OpenSoon
from polls import ballot_box
from polls.definition import moment
from polls.life import Phase
from polls.models import Election


def box_time() -> dt.datetime:
    return moment(ballot_box.read_clock())


class TestCloseSoon:
    def test_closes_by_the_clock_of_the_box(self, make_election, cast):
        drink = make_election()
        before = box_time()
        CloseSoon(drink, 60).perform(by=None)
        drink = Election.objects.get()
        assert before + dt.timedelta(seconds=60) <= drink.closes_at <= box_time() + dt.timedelta(seconds=60)
        # The box has it, which decides about each ballot.
        [closes] = ballot_box.read_rules([(drink.pk, 0)], "closes")[0]
        assert moment(int(closes)) == drink.closes_at.replace(microsecond=drink.closes_at.microsecond // 1000 * 1000)
        assert drink.phase(timezone.now()) == Phase.OPEN
        assert cast(drink, "ana", "nesquik").verdict is ballot_box.Verdict.ACCEPTED

    def test_takes_no_ballot_afterwards(self, make_election, cast):
        drink = make_election()
        CloseSoon(drink, 0).perform(by=None)
        assert cast(drink, "ana", "nesquik").verdict is not ballot_box.Verdict.ACCEPTED

    def test_is_logged_with_the_old_and_the_new_time(self, make_election):
        CloseSoon(make_election(), 60).perform(by=None)
        assert LoggedAct.objects.latest("pk").changes["closes_at"][0] is None

    @pytest.mark.parametrize("closes_in", [20, None])
    def test_makes_no_election_longer_and_none_that_is_not_open(self, make_election, closes_in):
        now = timezone.now()
        if closes_in:
            drink = make_election(closes_at=now + dt.timedelta(seconds=closes_in))
        else:
            drink = make_election(opens_at=now + dt.timedelta(hours=1))
        with pytest.raises(ValidationError, match="earlier than that" if closes_in else "gone on"):
            CloseSoon(drink, 60).perform(by=None)
        drink.refresh_from_db()
        assert drink.closes_at == (now + dt.timedelta(seconds=closes_in) if closes_in else None)

    def test_says_so_where_the_box_is_out_of_reach(self, make_election, unreachable_redis):
        with pytest.raises(ValidationError, match="cannot be reached"):
            CloseSoon(
                Election.objects.create(slug="tea", title="Tea", opens_at=timezone.now(), state="published"), 60
            ).perform(by=None)


class TestOpenSoon:
    def test_opens_an_election_earlier(self, make_election, cast):
        drink = make_election(opens_at=timezone.now() + dt.timedelta(hours=1))
        OpenSoon(drink, 0).perform(by=None)
        drink = Election.objects.get()
        assert drink.phase(timezone.now() + dt.timedelta(seconds=1)) == Phase.OPEN
        assert cast(drink, "ana", "nesquik").verdict is ballot_box.Verdict.ACCEPTED

    def test_moves_the_opening_so_that_everybody_counts_down(self, make_election):
        drink = make_election(opens_at=timezone.now() + dt.timedelta(hours=1))
        OpenSoon(drink, 30).perform(by=None)
        left = Election.objects.get().opens_at - box_time()
        assert dt.timedelta(seconds=20) < left <= dt.timedelta(seconds=30)

    def test_opens_none_later_and_none_that_is_open(self, make_election):
        with pytest.raises(ValidationError, match="gone on"):
            OpenSoon(make_election(), 10).perform(by=None)
        soon = make_election("soon", opens_at=timezone.now() + dt.timedelta(seconds=20))
        with pytest.raises(ValidationError, match="earlier than that"):
            OpenSoon(soon, 60).perform(by=None)
