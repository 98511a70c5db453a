"""What Sentinels tell, one of which may be cut off from the others."""

import pytest
from redis.sentinel import MasterNotFoundError

from polls.ballot_box import sentinels
from tests.promotable import PRIMARY

UP = {"is_master": True, "is_sdown": False, "is_odown": False}
BEFORE = UP | {"ip": "192.0.2.1", "port": 1, "config-epoch": 4}
AFTER = UP | {"ip": "192.0.2.2", "port": 2, "config-epoch": 5}


class TestNewest:
    def test_fail_over_counts_whoever_tells_of_it(self):
        assert sentinels._find_newest([BEFORE, AFTER]) == ("192.0.2.2", 2)
        assert sentinels._find_newest([AFTER, None, BEFORE]) == ("192.0.2.2", 2)

    @pytest.mark.parametrize("state", [{"is_sdown": True}, {"is_odown": True}, {"is_master": False}])
    def test_is_not_replaced_by_an_older_one_while_it_is_down(self, state):
        assert sentinels._find_newest([BEFORE, AFTER | state]) is None

    def test_is_up_if_any_sentinel_reaches_it(self):
        assert sentinels._find_newest([AFTER | {"is_sdown": True}, AFTER]) == ("192.0.2.2", 2)

    def test_is_none_where_nobody_knows_any(self):
        assert sentinels._find_newest([None]) is None


SETTLED = AFTER | {"flags": "master"}
PROMOTING = BEFORE | {"config-epoch": 5, "flags": "s_down,o_down,master,disconnected,failover_in_progress"}


class TestSettled:
    def test_is_the_one_on_which_most_agree(self):
        assert sentinels.settle([SETTLED, SETTLED | {"flags": "master,disconnected"}, None]) == (("192.0.2.2", 2), 5)
        assert sentinels.settle([SETTLED, None, None]) is None

    def test_is_the_one_that_was_promoted_while_its_sentinel_is_not_done_yet(self):
        assert sentinels.settle([PROMOTING, SETTLED, None]) == (("192.0.2.2", 2), 5)
        assert sentinels.settle([PROMOTING, PROMOTING, None]) is None

    def test_needs_none_that_was_cut_off_before(self):
        assert sentinels.settle([SETTLED, BEFORE | {"flags": "master"}, SETTLED]) == (("192.0.2.2", 2), 5)
        assert sentinels.settle([SETTLED, BEFORE | {"flags": "master"}, None]) is None

    def test_may_be_doubted_by_one_alone(self):
        doubting = SETTLED | {"flags": "s_down,master"}
        assert sentinels.settle([SETTLED, SETTLED, doubting]) == (("192.0.2.2", 2), 5)
        assert sentinels.settle([SETTLED, doubting, doubting]) is None
        assert sentinels.settle([SETTLED, doubting, None]) is None

    @pytest.mark.parametrize(
        "other",
        [
            SETTLED | {"flags": "s_down,o_down,master"},
            SETTLED | {"flags": "master,failover_in_progress"},
            SETTLED | {"config-epoch": 6},
            SETTLED | {"ip": "192.0.2.3"},
            PROMOTING | {"config-epoch": 4},
            PROMOTING | {"flags": "s_down,o_down,master"},
        ],
    )
    def test_is_none_where_one_thinks_otherwise(self, other):
        assert sentinels.settle([SETTLED, SETTLED, other]) is None


@pytest.mark.copies
class TestSentinel:
    def test_is_not_waited_for_twice(self, servers):
        client = sentinels.connect()
        asked = client.connection_pool.sentinel_manager
        with servers.standing_still(0, kind="sentinel"):
            expected = (servers.hosts[0], servers.ports[servers.find_primary()])
            assert asked.discover_master(PRIMARY) == expected
            assert asked.sentinels[-1].connection_pool.connection_kwargs["port"] == servers.sentinel_ports[0]

    def test_alone_is_enough_while_nothing_has_to_be_decided(self, servers):
        asked = sentinels.connect().connection_pool.sentinel_manager
        primary = servers.find_primary()
        with servers.standing_still(0, 1, kind="sentinel"):
            assert asked.discover_master(PRIMARY) == (servers.hosts[primary], servers.ports[primary])

    def test_that_knows_no_such_primary_is_no_answer(self, servers):
        asked = sentinels.connect().connection_pool.sentinel_manager
        with pytest.raises(MasterNotFoundError):
            asked.discover_master("another")
