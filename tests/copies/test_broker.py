"""Celery's tasks follow the primary."""

import pytest
import redis
from kombu.exceptions import OperationalError

from polls import ballot_box
from polls.ballot_box.sentinels import Sentinel
from tests.masters import wait_until
from tests.promotable import NUMBER
from voting_site.celery import app

pytestmark = pytest.mark.copies

QUEUE = "urna:celery:celery"


class TestTask:
    def test_goes_to_the_primary_by_the_word_of_most_sentinels(self, servers):
        app.send_task("tally.drain_all", retry=False)
        assert ballot_box.connection.ordinary_client().llen(QUEUE) == 1
        with app.connection_for_write() as connection:
            channel = connection.default_channel
            assert type(channel.client.connection_pool.sentinel_manager) is Sentinel

    def test_goes_to_the_next_primary(self, servers):
        app.send_task("tally.drain_all", retry=False)
        before = servers.find_primary()
        with servers.standing_still(before):
            servers.wait_for_another(before)

            def is_sent():
                try:
                    app.send_task("tally.drain_all", retry=False)
                except OperationalError:
                    return False
                return servers.ask(servers.find_primary(), "LLEN", QUEUE) > 1

            wait_until(is_sent)

    def test_is_not_offered_again_to_a_primary_that_lacks_replicas(self, servers):
        """Another may have been promoted. One that is cut off refuses writes, and keeps its connections."""
        primary = servers.find_primary()
        with app.connection_for_write() as connection:
            client = connection.default_channel.client
            before = client.client_id()
            servers.ask(primary, "CONFIG", "SET", "min-replicas-to-write", NUMBER)
            try:
                with pytest.raises(redis.ConnectionError, match="NOREPLICAS"):
                    client.lpush(QUEUE, "a task")
            finally:
                servers.ask(primary, "CONFIG", "SET", "min-replicas-to-write", 1)
            assert client.client_id() != before
