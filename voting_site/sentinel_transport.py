"""Celery's way to the primary among several servers of Redis, by its Sentinels."""

from typing import Any

from kombu.transport.redis import SentinelChannel, SentinelTransport

from polls.ballot_box.sentinels import ConnectionToPrimary, Sentinel, TlsConnectionToPrimary


class NewestChannel(SentinelChannel):
    """A channel to the primary of the newest fail-over that most Sentinels tell of, as all other clients go to it.

    Kombu's own goes by the first Sentinel that answers: if that one is cut off with the primary before, tasks would go
    there, and no worker would get them.
    """

    connection_class = ConnectionToPrimary
    connection_class_ssl = TlsConnectionToPrimary

    def _sentinel_managed_pool(self, asynchronous: bool = False) -> Any:
        pool = super()._sentinel_managed_pool(asynchronous)  # type: ignore[misc]
        # Made inside, of redis-py's class, from the transport's own options.
        pool.sentinel_manager.__class__ = Sentinel
        return pool


class NewestTransport(SentinelTransport):
    """The transport of addresses that begin with `sentinel://`."""

    Channel = NewestChannel
