"""The elections that show what Urna does."""

import pytest
from django.core.management import call_command

from polls.models import Election


@pytest.mark.usefixtures("transactional_db", "redis")
class TestSeedDemo:
    def test_makes_the_question_of_the_exercise_where_there_is_no_election(self):
        call_command("seed_demo")
        call_command("seed_demo")
        [election] = Election.objects.published()
        assert election.slug == "nesquik-vs-cola-cao"

    def test_makes_one_with_rankings_if_asked_once(self, make_election):
        make_election()
        call_command("seed_demo")
        for _ in range(2):
            call_command("seed_demo", ranked=True)
        [_drink, ranked] = Election.objects.published().order_by("pk")
        [contest] = ranked.contests.all()
        assert (ranked.slug, contest.method, contest.seats, contest.options.count()) == ("desayuno", "stv", 2, 5)
