"""The hint that a ballot waits; the voter, whose ballot is safe by then, must not wait for it."""

from tests.voting_site.test_settings import python

SEND = """
import time
from celery import current_app
# The first one loads what it needs.
for _ in range(2):
    started = time.monotonic()
    try:
        current_app.send_task("tally.drain", (1, 0), retry=False)
    except Exception as error:
        said = type(error).__name__, time.monotonic() - started < 2
print(*said)
"""


class TestAskForDrain:
    def test_gives_up_soon_on_a_broker_that_is_dead(self):
        # Port 9 is the discard service, which nobody runs.
        tried = python(SEND, URNA_ROLE="vote", REDIS_URL="redis://127.0.0.1:9/0")
        assert tried.stdout == "OperationalError True\n", tried.stderr
