"""Run one role alone, as a container does."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from voting_site.ports import find_address
from voting_site.roles import ROLES, Place


class Command(BaseCommand):
    """`manage.py` reads the role as well, since settings depend on it."""

    help = "Runs one role in the foreground: vote, result, admin, worker or beat."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role", choices=ROLES)
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, help="port to listen on")
        parser.add_argument("--processes", type=int, help="processes that serve requests or tasks in parallel")

    def handle(self, *args: Any, **options: Any) -> None:
        role = ROLES[options["role"]]
        port = options["port"] or role.port
        host = find_address(options["host"], port) if port else ""
        if not role.serve(Place(host, port or 0, options["processes"] or role.processes)):
            sys.exit(f"{options['role']} has stopped without having been told to")
