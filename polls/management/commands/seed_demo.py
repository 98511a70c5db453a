"""Make the demo election, the question of the exercise that Urna comes from; or one with rankings."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
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
RANKED_SLUG = "desayuno"
RANKED = {
    "title": "¿Qué ponemos en el desayuno de la asamblea?",
    "slug": RANKED_SLUG,
    "contests": [
        {
            "method": "stv",
            "seats": 2,
            "options": [{"label": label} for label in ("Churros", "Tostadas", "Fruta", "Magdalenas", "Bizcocho")],
        }
    ],
}


class Command(BaseCommand):
    help = "Make and publish the demo election, unless there is any election already."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--ranked", action="store_true", help="the one with rankings, unless there is one at its address"
        )

    @transaction.atomic
    def handle(self, *args: Any, ranked: bool = False, **options: Any) -> None:
        slug, paper = (RANKED_SLUG, RANKED) if ranked else (SLUG, DEMO)
        others = Election.objects.filter(slug=slug) if ranked else Election.objects.all()
        if others.exists():
            return
        publish_election(create_election(paper))
        self.stdout.write(f"The demo election is at /{slug}/.")
