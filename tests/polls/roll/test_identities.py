"""Whether those on a roll can be told apart when they sign in."""

import pytest
from django.utils import timezone

from polls.design import Paper
from polls.roll.identities import count_unreachable, find_clash
from polls.roll.ready import find_problem
from tests.polls.roll.people import change, enrol

pytestmark = pytest.mark.django_db


@pytest.fixture
def election(make_election):
    return make_election(eligibility="roll", providers=["choir"])


class TestClash:
    def test_is_none_where_everybody_has_an_address_of_their_own(self, election):
        enrol(election, ["Ana"], email="ana@choir.example")
        enrol(election, ["Bea"], email="bea@choir.example")
        enrol(election, ["Eva", "Leo"])
        assert find_clash(election) == ""
        assert count_unreachable(election) == 2

    @pytest.mark.parametrize("second", [{"email": "ANA@choir.example"}, {"subject": "1"}])
    def test_names_the_two_who_have_the_same(self, election, second):
        enrol(election, ["Ana"], **({"email": "ana@choir.example"} if "email" in second else second))
        enrol(election, ["Bea"], **second)
        assert find_clash(election).startswith("“Ana” and “Bea” have the same e-mail address")
        assert "choir.example" not in find_clash(election)

    def test_is_none_with_somebody_who_was_struck(self, election):
        enrol(election, ["Ana", "Bea"], email="ana@choir.example")
        change(election.roll.get(name="Ana"), struck_at=timezone.now())
        assert find_clash(election) == ""

    def test_is_none_where_voters_have_codes(self, election):
        enrol(election, ["Ana", "Bea"], email="ana@choir.example")
        election.providers = []
        assert find_clash(election) == ""

    def test_is_a_subject_where_there_are_several_providers(self, election):
        enrol(election, ["Ana"], subject="1")
        election.providers = ["choir", "club"]
        assert find_clash(election).startswith("“Ana” has a subject, and the voters")


class TestReady:
    def test_is_not_where_nobody_could_sign_in(self, election):
        enrol(election, ["Ana"])
        assert "nobody on the roll has an e-mail address or a subject" in find_problem(election, Paper.of(election))
        enrol(election, ["Bea"], subject="2")
        assert find_problem(election, Paper.of(election)) == ""
