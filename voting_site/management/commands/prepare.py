"""Bring the database to this version, and give a new one its first administrator and its demonstration."""

import logging
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection

from office.access import hold_all
from office.first_password import link_path
from polls import ballot_box
from polls.ballot_box.replicas import connect_to
from polls.publishing import give_missing_short_codes
from tally import outcomes
from tally.healing import keep_box
from voting_site.copies import find_missing_copies, find_wrong_settings
from voting_site.rights.database_users import NotAllowed, grant, users
from voting_site.rights.redis_users import replays_everything
from voting_site.roles import ROLES, WITH_DATABASE, own_variable, runs_here

logger = logging.getLogger(__name__)

ADMINISTRATOR = "admin"


def write_secret(file: Path, text: str) -> None:
    """Write what nobody but this user may read."""
    file.touch(mode=0o600)
    file.write_text(text)


class Command(BaseCommand):
    """Idempotent, so that it may run at every start."""

    help = (
        "Waits for PostgreSQL and Redis, migrates, grants each role its rights, makes the first administrator, "
        "gives the ballot box its epoch."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--timeout", type=float, default=60, help="seconds to wait for the servers")
        parser.add_argument(
            "--password-file",
            type=Path,
            help="file of the administrator's first password; if there is no such file, a password is made and written",
        )
        parser.add_argument(
            "--link-file",
            type=Path,
            help="file for the path of the page of the administration on which a new administrator chooses a password",
        )
        parser.add_argument("--demo", action="store_true", help="make the demo election, unless there is any election")

    def handle(self, *args: Any, **options: Any) -> None:
        self._wait(options["timeout"])
        call_command("migrate", interactive=False, verbosity=0)
        self._grant_rights()
        self._ensure_administrator(options["password_file"], options["link_file"])
        if options["demo"]:
            call_command("seed_demo")
        hold_all()
        give_missing_short_codes()
        # A database of an earlier release has no outcomes, and nothing else makes those of final elections.
        outcomes.make_all()
        # Beat does this as well, but later, and nobody can vote before the box has an epoch.
        keep_box()

    def _wait(self, timeout: float) -> None:
        box = ballot_box.connection
        deadline = time.monotonic() + timeout
        while True:
            try:
                connection.ensure_connection()
                box.ordinary_client().ping()
                with box.reaching():
                    for server in box.each_server() if settings.BALLOT_BOX_CLUSTER else ():
                        server.ping()
                missing, wrong = find_missing_copies(), find_wrong_settings()
            except (OperationalError, redis.RedisError, ballot_box.Unavailable) as error:
                missing, wrong = f"no answer within {timeout:.0f} seconds: {error}", None
            if wrong:
                raise CommandError(wrong)
            if not missing:
                return
            # Replicas may start later than their primary.
            if time.monotonic() > deadline:
                raise CommandError(missing)
            time.sleep(0.05)

    def _grant_rights(self) -> None:
        running = [role for role in WITH_DATABASE if runs_here(ROLES[role], settings)]
        if missing := [role for role in running if role not in settings.ROLE_DATABASE_URLS]:
            logger.warning(
                "%s may do whatever the owner of the database may: give each a user with %s (docs/security.md)",
                " and ".join(missing), " and ".join(own_variable(role, "DATABASE_URL") for role in missing),
            )  # fmt: skip
        try:
            grant(users(settings.ROLE_DATABASE_URLS))
        except NotAllowed as error:
            raise CommandError(str(error)) from error
        self._load_redis_users()

    def _load_redis_users(self) -> None:
        connection = ballot_box.connection
        self._load_users_of(connection.ordinary_client())
        for server in connection.each_server() if settings.BALLOT_BOX_CLUSTER else ():
            self._load_users_of(server)
        for replica in _find_replicas() if settings.REDIS_SENTINELS else ():
            # Each may be the primary one day, and has a file of its own. One that is away reads it when it starts.
            with suppress(redis.ConnectionError, redis.TimeoutError):
                self._load_users_of(replica)

    def _load_users_of(self, client: Any) -> None:
        if client.acl_whoami() == b"default":
            logger.warning("every role may do everything in Redis: give each a user of its own (docs/security.md)")
        # The file may have changed since Redis read it; a Redis without such a file answers with an error.
        with suppress(redis.ResponseError):
            client.acl_load()
        with suppress(redis.exceptions.NoPermissionError):
            if not replays_everything(client.acl_getuser("default")):
                raise CommandError(
                    "Redis would lose accepted ballots at its next start, since it replays its file as the user"
                    " `default`, who has not all rights here. Give it all, and nobody the use of it:"
                    " ACL SETUSER default off ~* &* +@all"
                )

    def _ensure_administrator(self, password_file: Path | None, link_file: Path | None) -> None:
        users = get_user_model().objects
        if users.filter(is_superuser=True).exists():
            return
        given = password_file and password_file.exists()
        password = password_file.read_text().strip() if password_file and given else secrets.token_urlsafe(9)
        administrator = users.create_superuser(ADMINISTRATOR, password=password)
        if link_file:
            write_secret(link_file, link_path(administrator))
        if given:
            return
        if password_file:
            write_secret(password_file, password)
        else:
            self.stdout.write(f"administrator: {ADMINISTRATOR}, first password: {password}")


def _find_replicas() -> list[Any]:
    """Return a client of each replica that the Sentinels know; raises redis.RedisError."""
    asked = ballot_box.connection.ordinary_client().connection_pool.sentinel_manager
    return [connect_to(*address, timeout=2) for address in asked.discover_slaves(settings.REDIS_SENTINELS.primary)]
