"""Find the primary among several servers, by its Sentinels, if REDIS_URL names them.

Clients are redis-py's own, which ask at each new connection. They take the answer of whichever Sentinel is first to
give one, also of one that is cut off from the others and tells of a primary that was replaced. Here most of them are
asked, and the newest answer counts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import redis
import redis.asyncio.sentinel
import redis.sentinel
from django.conf import settings
from redis.asyncio.sentinel import MasterNotFoundError as NotFoundInLoop
from redis.sentinel import MasterNotFoundError

State = Mapping[str, Any]
Address = tuple[str, int]
_SILENT = (redis.ConnectionError, redis.TimeoutError, redis.ResponseError)
# How Redis begins the refusal of a write for `min-replicas-to-write`.
_TOO_FEW_REPLICAS = "NOREPLICAS"


class Sentinel(redis.sentinel.Sentinel):
    """Tells the primary after most Sentinels have told theirs."""

    def discover_master(self, service_name: str) -> Address:
        told: list[State | None] = []
        for one in self.sentinels:
            known = one.connection_pool.connection_kwargs
            try:
                told.append(_ask(known["host"], known["port"], service_name, self.sentinel_kwargs))
            except _SILENT:
                self.sentinels = _with_last(self.sentinels, one)
            if _are_most(told, self.sentinels):
                break
        if address := _find_newest(told):
            return address
        raise MasterNotFoundError(f"no Sentinel knows a primary {service_name} that answers")


class SentinelInLoop(redis.asyncio.sentinel.Sentinel):
    """The same for asyncio."""

    async def discover_master(self, service_name: str) -> Address:
        told: list[State | None] = []
        for one in self.sentinels:
            known = one.connection_pool.connection_kwargs
            client: Any = redis.asyncio.Redis(host=known["host"], port=known["port"], **self.sentinel_kwargs)
            try:
                told.append((await client.sentinel_masters()).get(service_name))
            except _SILENT:
                self.sentinels = _with_last(self.sentinels, one)
            finally:
                await client.aclose()
            if _are_most(told, self.sentinels):
                break
        if address := _find_newest(told):
            return address
        raise NotFoundInLoop(f"no Sentinel knows a primary {service_name} that answers")


def _ask(host: str, port: int, primary: str, options: Mapping[str, Any]) -> State | None:
    """Return what one Sentinel tells of a primary, None if it knows none of that name; raises the client's errors.

    On a connection of this question alone: threads ask at the same time, and the next question may come days later,
    when nobody has kept it alive.
    """
    client: Any = redis.Redis(host, port, **options)
    try:
        found: State | None = client.sentinel_masters().get(primary)
        return found
    finally:
        client.close()


def _with_last(sentinels: list[Any], silent: Any) -> list[Any]:
    """Return the Sentinels in another order: whoever connects next would wait for the silent one again."""
    return [*(one for one in sentinels if one is not silent), silent]


def _are_most(told: list[State | None], sentinels: list[Any]) -> bool:
    return 2 * len(told) > len(sentinels)


def _find_newest(told: list[State | None]) -> Address | None:
    """Return the address of the primary of the latest fail-over, if any Sentinel that knows of this one finds it up."""
    known = [state for state in told if state]
    newest = max((state["config-epoch"] for state in known), default=0)
    for state in known:
        is_up = state["is_master"] and not state["is_sdown"] and not state["is_odown"]
        if is_up and state["config-epoch"] == newest:
            return state["ip"], state["port"]
    return None


def find_settled() -> tuple[Address, int] | None:
    """Return the primary on which most Sentinels agree, and the number of the fail-over that chose it; else None."""
    return settle(_ask_all())


def count_replicas() -> int:
    """Return how many replicas Sentinels know of, those that are lost among them; 0 if no Sentinel answers."""
    return max((state["num-slaves"] for state in _ask_all() if state), default=0)


def _ask_all() -> list[State | None]:
    """Return what each Sentinel tells of the primary; None of one that is silent, or does not know it."""
    own = settings.REDIS_SENTINELS
    told: list[State | None] = []
    for host, port in own.hosts:
        try:
            told.append(_ask(host, port, own.primary, own.options_for_sentinels()))
        except _SILENT:
            told.append(None)
    return told


def settle(told: Sequence[State | None]) -> tuple[Address, int] | None:
    """Return the primary on which most of all Sentinels agree, with the number of the fail-over that chose it.

    None may be choosing another one, or know that enough of them doubt this one. The Sentinel that promoted it goes on
    to name the primary before for some seconds, until its fail-over is over; but it has the number already. One that is
    cut off from the others does not know the number. One that doubts the primary, and is alone with that, only does not
    count: it promotes no other, and with a wrong password it doubts for weeks.
    """
    known = [state for state in told if state]
    number = max((state["config-epoch"] for state in known), default=0)
    agreeing, trusted, before = 0, set(), set()
    for state in known:
        flags, address = set(state["flags"].split(",")), (state["ip"], state["port"])
        is_choosing = "failover_in_progress" in flags
        if state["config-epoch"] < number:
            if is_choosing:
                return None
            continue
        # For a moment after a fail-over a Sentinel has no connection to the new primary yet.
        if flags <= {"master", "disconnected"}:
            trusted.add(address)
        elif is_choosing:
            before.add(address)
        elif "o_down" in flags:
            return None
        else:
            continue
        agreeing += 1
    # One that is choosing, and names the trusted one, is not at the end of the last fail-over: it chooses another.
    if 2 * agreeing <= len(told) or len(trusted) != 1 or trusted & before:
        return None
    [found] = trusted
    return found, number


class ConnectionToPrimary(redis.sentinel.SentinelManagedConnection):
    """A connection that ends with a time-out, as redis-py's ordinary ones do, and where a write lacks replicas.

    Redis-py's own for Sentinels stays open after a time-out, and the late reply goes to the next question. It also
    stays with a primary that is cut off from its replicas, long after another was promoted: the old one refuses writes,
    and becomes a replica only when the Sentinels reach it again.
    """

    def read_response(self, *args: Any, disconnect_on_error: bool | None = True, **options: Any) -> Any:
        try:
            return super().read_response(*args, disconnect_on_error=disconnect_on_error, **options)
        except redis.ResponseError as error:
            if str(error).startswith(_TOO_FEW_REPLICAS):
                self.disconnect()
                raise redis.ConnectionError(str(error)) from error
            raise


class TlsConnectionToPrimary(ConnectionToPrimary, redis.SSLConnection):
    """The same with TLS."""


def connect(**options: Any) -> Any:
    """Return a client of the primary; `options` are those of redis-py's clients."""
    own = settings.REDIS_SENTINELS
    asked = Sentinel(own.hosts, sentinel_kwargs=own.options_for_sentinels())
    for_servers = own.options_for_servers()
    kind = TlsConnectionToPrimary if for_servers.pop("ssl") else ConnectionToPrimary
    return asked.master_for(own.primary, connection_class=kind, **for_servers, **options)


def make_pool(**options: Any) -> Any:
    """Return a pool of asyncio's connections to the primary."""
    own = settings.REDIS_SENTINELS
    asked = SentinelInLoop(own.hosts, sentinel_kwargs=own.options_for_sentinels(in_loop=True))
    return redis.asyncio.sentinel.SentinelConnectionPool(own.primary, asked, **own.options_for_servers(), **options)
