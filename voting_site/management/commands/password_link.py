"""Print a link by which a user of the administration chooses a password."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from office.first_password import link_path
from voting_site.roles import ROLES

from .prepare import ADMINISTRATOR


class Command(BaseCommand):
    """The link works once, for a day, and until the user signs in."""

    help = "Prints a link by which a user chooses a password; it works once, for a day, and until the user signs in."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", nargs="?", default=ADMINISTRATOR, help=f"(default: {ADMINISTRATOR})")
        parser.add_argument(
            "--url",
            default=f"http://127.0.0.1:{ROLES['admin'].port}",
            help="where the administration is reached (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        users = get_user_model().objects.filter(is_active=True, is_staff=True)
        user = users.filter(username=options["username"]).first()
        if user is None:
            known = ", ".join(users.values_list("username", flat=True)) or "nobody"
            raise CommandError(
                f"{options['username']!r} cannot sign in to the administration; name one of those who can: {known}"
            )
        self.stdout.write(options["url"].rstrip("/") + link_path(user))
