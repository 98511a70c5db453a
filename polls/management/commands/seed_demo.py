"""Make the demo election, the question of the exercise that Urna comes from."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from polls.models import Election, Option
from polls.publishing import publish_election

SLUG = "nesquik-vs-cola-cao"


class Command(BaseCommand):
    help = "Make and publish the demo election, unless there is any election already."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if Election.objects.exists():
            return
        election = Election.objects.create(slug=SLUG, title="¿De qué somos? ¿Nesquik o Cola Cao?")
        for position, (key, label) in enumerate([("nesquik", "Nesquik"), ("cola-cao", "Cola Cao")]):
            Option.objects.create(election=election, key=key, label=label, position=position)
        publish_election(election)
        self.stdout.write(f"The demo election is at /{SLUG}/.")
