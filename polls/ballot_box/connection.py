"""The way to Redis: one client for each process, one round trip for each question, one error for every failure."""

from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry

from . import cluster, confirming, sentinels
from .cluster import FAILURES, Command

EMPTY = "the ballot box has no epoch: it is empty or being restored"


class Unavailable(Exception):
    """The ballot box cannot be reached, or has no epoch; the same request may succeed a moment later."""


@cache
def client() -> Any:
    """Return this process's client; it repeats a command once on a broken connection, never after a time-out."""
    return cluster.connect() if settings.BALLOT_BOX_CLUSTER else ordinary_client()


def each_server() -> list[Any]:
    """Return a client of each server that has a part of the box; raises the client's errors."""
    if not settings.BALLOT_BOX_CLUSTER:
        return [client()]
    return [client().get_redis_connection(node) for node in client().get_primaries()]


@cache
def ordinary_client() -> Any:
    """Return this process's client of REDIS_URL, which has Celery's queue."""
    options: dict[str, Any] = {
        "socket_timeout": settings.REDIS_TIMEOUT,
        "socket_connect_timeout": settings.REDIS_TIMEOUT,
        "retry": Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    }
    if settings.REDIS_SENTINELS:
        return sentinels.connect(**options)
    # Typed as Any: its annotations leave open whether replies are bytes (here they are) or text.
    return redis.Redis.from_url(settings.REDIS_URL, **options)


class reaching:
    """Turn whatever goes wrong between here and Redis into Unavailable."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, FAILURES):
            raise Unavailable("the ballot box cannot be reached") from error


@cache
def script(name: str) -> Script:
    """Return the script `name`.lua; it is loaded into Redis whenever Redis does not know it."""
    return client().register_script((Path(__file__).parent / f"{name}.lua").read_text())


def _ask_alone(commands: Sequence[Command], confirmed: bool) -> list[Any]:
    """Send commands on a connection of the client's; repeat them once if it is broken, never after a time-out.

    The client's own pipeline and script calls take two to three times the processor time.
    """
    if settings.BALLOT_BOX_CLUSTER:
        return cluster.ask(client(), commands)
    pool = client().connection_pool
    for last in (False, True):
        connection = pool.get_connection()
        try:
            return _trade_confirmed(connection, commands) if confirmed else _trade(connection, commands)
        except BaseException as error:
            # The next question must not read the replies to this one: a server that starts refuses each command with
            # an error of the connection, which stays open if it was found by Sentinels. And where nothing is confirmed,
            # another server may have been promoted, and this one be cut off.
            connection.disconnect()
            if last or not isinstance(error, redis.ConnectionError):
                raise
        finally:
            pool.release(connection)
    raise AssertionError("unreachable")


def _trade(connection: Any, commands: Sequence[Command]) -> list[Any]:
    connection.send_packed_command(connection.pack_commands(commands))
    return [connection.read_response() for _ in commands]


def _trade_confirmed(connection: Any, commands: Sequence[Command]) -> list[Any]:
    closing = confirming.closing()
    connection.send_packed_command(connection.pack_commands([*commands, *closing.commands]))
    replies = [connection.read_response() for _ in commands]
    while not closing.is_met([cluster.read_reply(connection) for _ in closing.commands]):
        closing = confirming.closing()
        connection.send_packed_command(connection.pack_commands(closing.commands))
    return replies


# The function by which a request reaches the box, with commands and whether replicas have to confirm them: a server may
# set one that all its requests share.
line: ContextVar[Callable[[Sequence[Command], bool], list[Any]]] = ContextVar("line", default=_ask_alone)


def ask(*commands: Command, confirmed: bool = False) -> list[Any]:
    """Send commands in one round trip, and return their replies; raises the client's errors.

    With `confirmed` replicas have all that was written by then, BALLOT_BOX_COPIES at least; else Unconfirmed is
    raised, which is one of the client's errors, and it is not known what became of it.
    """
    return line.get()(commands, confirmed and settings.BALLOT_BOX_COPIES > 0)


def evaluate(
    name: str,
    keys: Sequence[str],
    arguments: Sequence[str | int],
    *,
    before: Sequence[Command] = (),
    confirmed: bool = False,
) -> Any:
    """Run the script `name` in one round trip, with commands `before` it; raises the client's errors.

    These may run twice: they have to allow that. If one fails, the script has run even so. For `confirmed` see `ask`.
    """
    found = script(name)
    command = ("EVALSHA", found.sha, len(keys), *keys, *arguments)
    try:
        return ask(*before, command, confirmed=confirmed)[-1]
    except redis.exceptions.NoScriptError:
        return ask(*before, ("SCRIPT", "LOAD", str(found.script)), command, confirmed=confirmed)[-1]


def evaluate_all(
    name: str, calls: Iterable[tuple[Sequence[str], Sequence[str | int]]], *, confirmed: bool = False
) -> list[Any]:
    """Run the script `name` once for each (keys, arguments), in one round trip; raises the client's errors.

    It may run twice: the script has to allow that. For `confirmed` see `ask`.
    """
    calls = list(calls)
    if settings.BALLOT_BOX_CLUSTER or (confirmed and settings.BALLOT_BOX_COPIES):
        sha = script(name).sha
        commands = [("EVALSHA", sha, len(keys), *keys, *arguments) for keys, arguments in calls]
        try:
            return ask(*commands, confirmed=confirmed)
        except redis.exceptions.NoScriptError:
            # Some master does not know it; whatever the others have done is done once more.
            return [evaluate(name, keys, arguments, confirmed=confirmed) for keys, arguments in calls]
    with client().pipeline(transaction=False) as pipe:
        for keys, arguments in calls:
            script(name)(keys, arguments, client=pipe)
        found: list[Any] = pipe.execute()
    return found
