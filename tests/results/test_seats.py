"""How many sockets a process holds open."""

import pytest
from django.test import override_settings

from results.seats import Seats


class TestSeats:
    @pytest.fixture(autouse=True)
    def _few(self, settings):
        settings.SOCKETS_LIMIT, settings.SOCKETS_PER_ADDRESS = 5, 2

    def test_of_one_network_are_few(self):
        seats = Seats()
        assert [seats.take("192.0.2.7") for _ in range(3)] == [True, True, False]
        assert seats.take("192.0.2.8")

    def test_in_sum_are_limited(self):
        seats = Seats()
        assert [seats.take(f"192.0.2.{number}") for number in range(6)] == [True] * 5 + [False]

    def test_of_visitors_who_cannot_be_told_apart_are_limited_in_sum_alone(self):
        seats = Seats()
        assert [seats.take("") for _ in range(6)] == [True] * 5 + [False]

    def test_are_free_again_once_left(self):
        seats = Seats()
        for _ in range(100):
            assert seats.take("192.0.2.7")
            seats.leave("192.0.2.7")
        assert (seats.taken, dict(seats._by_network)) == (0, {})

    def test_are_not_left_by_who_had_none(self):
        seats = Seats()
        with override_settings(SOCKETS_PER_ADDRESS=1):
            assert [seats.take("192.0.2.7"), seats.take("192.0.2.7")] == [True, False]
        assert seats.taken == 1
