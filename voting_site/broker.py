"""How the roles come back to a broker that was away."""

from typing import Any, Self

from celery.app.amqp import AMQP
from kombu import Connection

# Seconds between two tries: the first time, by how much it grows, and at most.
INTERVALS = {"interval_start": 0.2, "interval_step": 0.2, "interval_max": 1.0}


class BriskConnection(Connection):
    """A connection that tries again within a second, however long the broker has been away.

    Worker and beat leave these intervals to kombu, and no setting reaches them: 2 s at first, and 2 s more each time
    up to 30 s. A worker would still be waiting long after Redis is back, and nobody would count.
    """

    def ensure_connection(self, *args: Any, **kwargs: Any) -> Self:
        """Connect, and go on trying as the arguments say."""
        return super().ensure_connection(*args, **INTERVALS | kwargs)


class BriskAMQP(AMQP):
    """Celery's messaging, over such connections."""

    Connection = BriskConnection
