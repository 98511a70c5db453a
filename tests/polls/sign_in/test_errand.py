"""What `vote` and `signin` hand each other."""

from dataclasses import asdict

import pytest

from polls.sign_in.errand import GOOD_FOR_MS, Errand, NotGood, Ticket, _signer, hash_secret

TICKET = Ticket(
    election=1, slug="drink", provider="choir", browser=hash_secret("mine"), at=1_000_000, number=7, issue=2
)


class TestTicket:
    def test_is_read_back_within_a_minute(self):
        for now in (TICKET.at, TICKET.at + GOOD_FOR_MS):
            assert Ticket.read(TICKET.sign(), now) == TICKET

    @pytest.mark.parametrize("late", [-1, GOOD_FOR_MS + 1])
    def test_is_not_good_later_nor_before_it_was_made(self, late):
        with pytest.raises(NotGood):
            Ticket.read(TICKET.sign(), TICKET.at + late)

    @pytest.mark.parametrize("text", ["", "x", "x:y", "é" * 3000, TICKET.sign()[:-1], TICKET.sign() + "A"])
    def test_is_not_made_by_anybody_else(self, text):
        with pytest.raises(NotGood):
            Ticket.read(text, TICKET.at)

    def test_is_no_errand_and_an_errand_is_no_ticket(self):
        errand = Errand(
            election=1, slug="drink", provider="choir", browser="", at=TICKET.at, by_subject=True, anew=False
        )
        with pytest.raises(NotGood):
            Ticket.read(errand.sign(), TICKET.at)
        with pytest.raises(NotGood):
            Errand.read(TICKET.sign(), TICKET.at)

    def test_is_not_that_of_another_release(self):
        fields = asdict(TICKET) | {"colour": "red"}
        with pytest.raises(NotGood):
            Ticket.read(_signer(Ticket).sign_object(fields), TICKET.at)

    def test_is_signed_with_the_key_of_this_installation(self, settings):
        text = TICKET.sign()
        settings.SECRET_KEY = "another"
        with pytest.raises(NotGood):
            Ticket.read(text, TICKET.at)

    def test_is_of_the_browser_that_has_the_secret(self):
        assert TICKET.is_of_browser("mine")
        assert not TICKET.is_of_browser("yours")
        assert not TICKET.is_of_browser("")

    def test_tells_a_log_no_entry_of_the_roll(self):
        assert repr(TICKET) == "Ticket(drink)"
