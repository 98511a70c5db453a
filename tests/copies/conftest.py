"""The servers of this run: a primary, two replicas, three Sentinels."""

import pytest

from tests.masters import wait_until
from tests.plugin import PROMOTABLE


@pytest.fixture
def servers(request):
    """The servers, all of which serve at the beginning of a test and at its end."""
    found = request.config.stash[PROMOTABLE]
    wait_until(found.is_whole)
    yield found
    wait_until(found.is_whole)
