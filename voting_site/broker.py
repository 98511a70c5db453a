"""How the roles connect again to a broker that was down."""

from typing import Any, Self

from celery.app.amqp import AMQP
from kombu import Connection

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


class BriskAMQP(AMQP):
    """Celery's messaging, over these connections."""

    Connection = BriskConnection
