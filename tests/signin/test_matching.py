"""Who on a roll somebody is whom a provider knows."""

import pytest
from django.utils import timezone

from polls.models import Election
from signin.matching import Found, NotOnRoll, NotVerified, find_entry
from tests.polls.roll.people import change, enrol

pytestmark = pytest.mark.django_db


@pytest.fixture
def election(make_election):
    election = make_election(eligibility="roll", providers=["choir"])
    enrol(election, ["Ana"], email="Ana@choir.example")
    enrol(election, ["Bea"], email="bea@choir.example", subject="b-2")
    return election


def look(election: Election, *, sub: str = "x", by_subject: bool = True, **claims: object) -> Found:
    return find_entry(election.pk, {"sub": sub, **claims}, by_subject=by_subject)


class TestEmail:
    @pytest.mark.parametrize("email", ["Ana@choir.example", "ana@CHOIR.example"])
    def test_finds_an_entry_whatever_its_capitals(self, election, email):
        assert look(election, email=email, email_verified=True) == Found(1, 1)

    @pytest.mark.parametrize("verified", [False, None, "true", 1, "false"])
    def test_finds_nobody_if_it_is_not_confirmed(self, election, verified):
        with pytest.raises(NotVerified):
            look(election, email="ana@choir.example", email_verified=verified)

    @pytest.mark.parametrize("claims", [{}, {"email": None}, {"email": ""}, {"email_verified": True}])
    def test_finds_nobody_if_there_is_none(self, election, claims):
        with pytest.raises(NotVerified):
            look(election, **claims)

    @pytest.mark.parametrize(
        "email", ["leo@choir.example", "ana@choir.example ", "%", "a\0", "x" * 300 + "@choir.example"]
    )
    def test_finds_nobody_else(self, election, email):
        with pytest.raises(NotOnRoll):
            look(election, email=email, email_verified=True)

    def test_does_not_take_a_foreign_letter_for_a_plain_one(self, election):
        """The Kelvin sign is a k in small letters, for PostgreSQL as for Python."""
        enrol(election, ["Kim"], email="kim@choir.example")
        with pytest.raises(NotOnRoll):
            look(election, email="\N{KELVIN SIGN}im@choir.example", email_verified=True)

    def test_finds_nobody_who_was_struck_or_is_on_another_roll(self, election, make_election):
        other = make_election(slug="other", eligibility="roll", providers=["choir"])
        with pytest.raises(NotOnRoll):
            look(other, email="ana@choir.example", email_verified=True)
        change(election.roll.get(name="Ana"), struck_at=timezone.now())
        with pytest.raises(NotOnRoll):
            look(election, email="ana@choir.example", email_verified=True)

    def test_finds_nobody_if_two_have_it(self, election):
        enrol(election, ["Ana II"], email="ana@choir.example")
        with pytest.raises(NotOnRoll):
            look(election, email="ana@choir.example", email_verified=True)


class TestSubject:
    def test_finds_its_entry_and_the_address_does_not(self, election):
        assert look(election, sub="b-2") == Found(2, 1)
        with pytest.raises(NotOnRoll):
            look(election, sub="another", email="bea@choir.example", email_verified=True)

    @pytest.mark.parametrize("sub", ["", "B-2", "b-2\0", "b" * 1000])
    def test_is_that_one_exactly(self, election, sub):
        with pytest.raises(NotOnRoll):
            look(election, sub=sub)

    def test_finds_nobody_where_several_providers_may_use_it(self, election):
        with pytest.raises(NotOnRoll):
            look(election, sub="b-2", by_subject=False)
