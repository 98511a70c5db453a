"""How the roles connect again to a broker that was down."""

from typing import Any, Self

from celery.app.amqp import AMQP
from kombu import Connection, Consumer
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport.virtual import Message

# Seconds between two tries: at first, how much more each time, and at most.
INTERVALS = {"interval_start": 0.2, "interval_step": 0.2, "interval_max": 1.0}


class BriskConnection(Connection):
    """A connection that tries again within a second, however long the broker has been down.

    Worker and beat use kombu's own intervals, which no setting changes: 2 s at first, and 2 s more each time up to
    30 s. A worker would still be waiting long after Redis is back, and ballots would not be counted.
    """

    def ensure_connection(self, *args: Any, **kwargs: Any) -> Self:
        """Connect, and try again as the arguments say."""
        return super().ensure_connection(*args, **INTERVALS | kwargs)


class TakenMessage(Message):
    """A message that was gone from its queue when it was taken: to acknowledge it there is nothing to do.

    Celery acknowledges each one, a moment later. Where Redis was lost in that moment, the channel of the message is
    closed, and an error ended the worker.
    """

    def ack(self, multiple: bool = False) -> None:
        self._state = "ACK"


class BriskAMQP(AMQP):
    """Celery's messaging, over these connections, in which a message that is taken is gone."""

    Connection = BriskConnection

    def TaskConsumer(self, *args: Any, **kwargs: Any) -> Consumer:
        """Return what takes tasks, and notes nowhere which it has taken: each is only a hint to look.

        Noting it, and taking the note back, are writes to Redis's disk for each task. And a worker that has lost its
        connection would put all tasks back that wait in it, one after the other: a hundred took half a minute on a
        busy machine, in which nothing was counted.
        """
        consumer = super().TaskConsumer(*args, no_ack=True, **kwargs)
        channel: Any = consumer.channel
        channel.Message = TakenMessage
        return consumer


# Loaded by kombu where an address begins so: all others need none of it.
TRANSPORT_ALIASES["sentinel"] = "voting_site.sentinel_transport:NewestTransport"
