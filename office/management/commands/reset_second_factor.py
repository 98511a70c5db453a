"""Take all second factors off an account."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from office.factor_acts import reset_by_operator


class Command(BaseCommand):
    """For somebody who has lost them, and whose manager cannot help; the log has a line of it."""

    help = "Takes all second factors off an account, whose password is enough to sign in then, and ends its sessions."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(username=options["username"]).first()
        if person is None:
            raise CommandError(f"There is no account {options['username']!r}.")
        if not reset_by_operator(person):
            raise CommandError(f"{person.username} has no second factor.")
        self.stdout.write(f"{person.username} signs in with the password alone now, and can set up a second factor.")
