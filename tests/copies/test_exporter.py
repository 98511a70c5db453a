"""What Prometheus is told of replicas, also of one that does not follow any more."""

import pytest
from prometheus_client import CollectorRegistry

from tally.exporter import Facts
from tests.masters import wait_until

pytestmark = [pytest.mark.copies, pytest.mark.django_db]


def test_tells_of_a_replica_that_is_lost(servers, box):
    registry = CollectorRegistry()
    registry.register(Facts())

    def told() -> list[float | None]:
        return [registry.get_sample_value(name) for name in ("urna_box_replicas", "urna_box_replicas_known")]

    assert told() == [2, 2]
    lost = servers.replicas()[0]
    servers.kill(lost)
    wait_until(lambda: told() == [1, 2])
    servers.start(servers.program(lost))
    wait_until(lambda: told() == [2, 2])
    with servers.standing_still(lost):
        wait_until(lambda: told() == [1, 2])
