"""The servers of this run: a primary, two replicas, three Sentinels."""

import pytest

from polls.ballot_box import confirming
from tests.masters import wait_until
from tests.plugin import PROMOTABLE


@pytest.fixture
def servers(request, monkeypatch):
    """The servers, all of which serve at the beginning of a test and at its end; this process knows nothing of them."""
    for name, value in (("_wanted", 0), ("_most", 0), ("_doubted", None)):
        monkeypatch.setattr(confirming, name, value)
    found = request.config.stash[PROMOTABLE]
    wait_until(found.is_whole)
    yield found
    wait_until(found.is_whole)
