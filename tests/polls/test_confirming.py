"""How many replicas are asked to confirm a batch, and what their answers say."""

import pytest

from polls.ballot_box import confirming
from polls.ballot_box.confirming import Closing, Unconfirmed
from polls.ballot_box.in_sync import Noted


class TestClosing:
    @pytest.fixture(autouse=True)
    def copies(self, settings, monkeypatch):
        settings.BALLOT_BOX_COPIES = 1
        settings.REDIS_SENTINELS = "any"
        for name in ("_wanted", "_most"):
            monkeypatch.setattr(confirming, name, 0)
        monkeypatch.setattr(confirming, "_doubted", None)

    def test_asks_as_many_as_settings_say_until_redis_tells_of_more(self):
        first = confirming.closing()
        assert first.asked == 1
        assert not first.is_met([b"OK", 1, [1, 1], b"2", b"7"])
        second = confirming.closing()
        assert second.asked == 2
        assert second.is_met([b"OK", 2, [1, 2], b"2", b"7"])

    def test_is_met_where_more_have_confirmed_than_were_asked(self):
        assert confirming.closing().is_met([b"OK", 2, [1, 2], b"2", b"7"])

    def test_takes_fewer_once_redis_tells_of_fewer(self):
        assert Closing(2, ()).is_met([b"OK", 1, [1, 1], b"1", b"7"])
        assert confirming.closing().asked == 1

    def test_goes_by_settings_where_redis_tells_nothing(self):
        assert confirming.closing().is_met([b"OK", 1, [1, 1], None, None])
        assert confirming.closing().is_met([b"OK", 1, [1, 1], PermissionError(), PermissionError()])

    def test_takes_no_fewer_of_a_primary_that_is_doubted(self):
        assert confirming.closing().is_met([b"OK", 2, [1, 2], b"2", b"7"])
        confirming.doubt(7)
        with pytest.raises(Unconfirmed):
            Closing(2, ()).is_met([b"OK", 1, [1, 1], b"1", b"7"])
        assert not Closing(1, ()).is_met([b"OK", 1, [1, 1], b"1", b"7"])
        assert confirming.closing().asked == 2

    def test_takes_fewer_of_one_that_was_chosen_since_and_of_one_that_is_trusted_again(self):
        assert confirming.closing().is_met([b"OK", 2, [1, 2], b"2", b"7"])
        confirming.doubt(7)
        assert Closing(2, ()).is_met([b"OK", 1, [1, 1], b"1", b"8"])
        confirming.trust()
        assert Closing(2, ()).is_met([b"OK", 1, [1, 1], b"1", b"7"])

    @pytest.mark.parametrize("told", [b"", b"many", b"-1", b"1.5"])
    def test_goes_by_settings_where_the_number_is_none(self, told):
        assert confirming.closing().is_met([b"OK", 1, [1, 1], told, b"7"])
        assert Noted.read({b"number": told, b"fail_over": told}) == Noted()

    def test_asks_for_no_number_without_sentinels_who_keep_it(self, settings):
        assert [command[0] for command in confirming.closing().commands] == ["SET", "WAIT", "WAITAOF", "HGET", "HGET"]
        settings.REDIS_SENTINELS = None
        closing = confirming.closing()
        assert [command[0] for command in closing.commands] == ["SET", "WAIT", "WAITAOF"]
        assert closing.is_met([b"OK", 1, [1, 1]])

    @pytest.mark.parametrize(
        "replies",
        [
            [b"OK", 1, [1, 2], b"2", b"7"],
            [b"OK", 2, [1, 1], b"2", b"7"],
            [b"OK", 2, [0, 2], b"2", b"7"],
            [b"OK", 0, [1, 0], b"0", b"7"],
            [PermissionError(), 2, [1, 2], b"2", b"7"],
            [b"OK", PermissionError(), [1, 2], b"2", b"7"],
            [b"OK", 2, PermissionError(), b"2", b"7"],
        ],
    )
    def test_says_that_one_of_those_that_were_asked_lacks_it(self, replies):
        with pytest.raises(Unconfirmed, match="not on the disks"):
            Closing(2, ()).is_met(replies)
