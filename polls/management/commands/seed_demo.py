"""Make the demo election, the question of the exercise that Urna comes from."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from polls.models import Election
from polls.paper_file import create_election
from polls.publishing import publish_election

SLUG = "nesquik-vs-cola-cao"
DEMO = {
    "title": "¿De qué somos? ¿Nesquik o Cola Cao?",
    "slug": SLUG,
    "contests": [{"options": [{"label": "Nesquik"}, {"label": "Cola Cao"}]}],
}


class Command(BaseCommand):
    help = "Make and publish the demo election, unless there is any election already."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if Election.objects.exists():
            return
        election = create_election(DEMO)
        publish_election(election)
        self.stdout.write(f"The demo election is at /{SLUG}/.")
