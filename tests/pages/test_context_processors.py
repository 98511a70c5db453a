"""What every page has."""

import pytest
from django.test import Client

pytestmark = pytest.mark.urls("voting_site.urls.vote")


@pytest.mark.parametrize("shown", [False, True])
def test_a_page_names_the_process_that_served_it_for_lessons_alone(define, settings, shown):
    define()
    assert not settings.SHOW_REPLICA
    settings.SHOW_REPLICA, settings.REPLICA = shown, "r1"
    assert ("Served by <b>r1</b>" in Client().get("/nothing/").content.decode()) == shown
