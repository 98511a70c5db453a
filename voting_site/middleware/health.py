"""Liveness and readiness of the web roles, answered before any other middleware looks at the request."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse, JsonResponse

from polls import ballot_box
from polls.ballot_box import inbox

logger = logging.getLogger(__name__)

_seen_migrated = False


class HealthMiddleware:
    """Answer /healthz with 200, and /readyz with 200 or, while something is missing, with 503 and what it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == "/healthz":
            return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")
        if request.path_info == "/readyz":
            missing = find_missing()
            answer = {"role": settings.URNA_ROLE, "missing": missing, "seconds_since_count": seconds_since_count()}
            return JsonResponse(answer, status=503 if missing else 200)
        return self.get_response(request)


def find_missing() -> list[str]:
    """Return a sentence for each thing that this role needs and does not have."""
    missing = []
    try:
        if ballot_box.read_epoch() is None:
            missing.append("the ballot box has no epoch: it is empty or being restored")
        elif settings.ROLE.waits_for_copies and not ballot_box.is_confirmed():
            missing.append("replicas do not confirm what is written: nothing is accepted")
    except ballot_box.Unavailable as error:
        missing.append(str(error))
    if connections.settings.get("default", {}).get("ENGINE", "").endswith("postgresql"):
        missing += _find_missing_in_database()
    return missing


def seconds_since_count() -> int | None:
    """Return the seconds since all waiting ballots could be counted, for a monitor; None if it is not known."""
    try:
        return inbox.seconds_since_good_drain()
    except ballot_box.Unavailable:
        return None


def _find_missing_in_database() -> list[str]:
    connection = connections["default"]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _is_migrated(connection):
            return ["the database schema is not up to date: run `migrate`"]
    except DatabaseError as error:
        # The page is public, but the error names hosts and ports.
        logger.warning("the database cannot be reached: %s", error)
        return ["the database cannot be reached"]
    return []


def _is_migrated(connection: BaseDatabaseWrapper) -> bool:
    """Tell whether the schema is up to date; looking is slow, so that a yes is remembered in this process."""
    global _seen_migrated
    if not _seen_migrated:
        # Here, since `vote`, which has no database, would keep these modules in memory for nothing.
        from django.db.migrations.executor import MigrationExecutor

        executor = MigrationExecutor(connection)
        _seen_migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _seen_migrated
