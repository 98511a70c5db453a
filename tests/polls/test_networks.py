"""Places: which addresses are one, and what Redis knows of them."""

import pytest

from polls.networks import network_of, pseudonym


class TestNetworkOf:
    @pytest.mark.parametrize(
        ("address", "network"),
        [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::", "2001:db8:1:3::/64"),
            ("fe80::1%eth0", "fe80::/64"),
            ("", ""),
            ("a socket", ""),
        ],
    )
    def test_is_what_one_household_cannot_change(self, address, network):
        assert network_of(address) == network

    def test_is_one_for_all_where_addresses_tell_nothing(self, settings):
        settings.CLIENT_ADDRESS = "shared"
        assert network_of("192.0.2.7") == network_of("2001:db8::1") == ""


class TestPseudonym:
    def test_differs_by_network_and_by_election(self, define):
        tea, drink = define(voter_secret="cd" * 32), define()
        names = {pseudonym(one, network) for one in (tea, drink) for network in ("192.0.2.7", "192.0.2.8", "")}
        assert len(names) == 6

    def test_says_nothing_of_the_address(self, define):
        assert "192" not in pseudonym(define(), "192.0.2.7")
        assert len(pseudonym(define(), "192.0.2.7")) == 16
