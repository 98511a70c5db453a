"""Checks of what would fail late; `migrate` and `check --database default` run them, and `run` logs the second one."""

from collections.abc import Sequence
from typing import Any

import redis
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from polls import ballot_box

from .copies import NEEDED, find_missing_copies, find_wrong_settings

NEEDED_IN_CLUSTER = {"cluster-require-full-coverage": "no"}
LOSSES = {"cluster-require-full-coverage": "one lost master stops all voting"}


@register(Tags.database)
def check_redis_keeps_what_it_accepts(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Warn of a Redis that may lose an accepted ballot because of its settings."""
    if not databases:
        return []
    try:
        servers = ballot_box.connection.each_server()
        found = [(name, one.config_get(name).get(name)) for name in _needed() for one in servers]
    except redis.ResponseError:
        # A hosted Redis may refuse to tell its settings; its owner has to know them.
        return []
    except ballot_box.cluster.FAILURES as error:
        return [Warning(f"Redis cannot be reached: {error}", hint="Start it, or correct REDIS_URL.", id="urna.W001")]
    return [
        Warning(
            f"Redis has {name} {value!r}, so that {LOSSES.get(name, 'an accepted ballot may get lost')}.",
            hint=f"Start it with --{name} {_needed()[name]}.",
            id="urna.W002",
        )
        for name, value in dict.fromkeys(found)
        if value != _needed()[name]
    ]


def _needed() -> dict[str, str]:
    return NEEDED | NEEDED_IN_CLUSTER if settings.BALLOT_BOX_CLUSTER else NEEDED


@register(Tags.database)
def check_replicas_confirm(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse servers that cannot have the copies which BALLOT_BOX_COPIES asks for."""
    if not databases:
        return []
    try:
        found = find_missing_copies(), find_wrong_settings()
    except ballot_box.cluster.FAILURES:
        # The check above tells that.
        return []
    return [Error(one, hint="docs/deployment.md says how to set them up.", id="urna.E001") for one in found if one]


@register(Tags.security)
def check_proxies_are_named(**kwargs: Any) -> list[CheckMessage]:
    """Warn if TLS ends in a proxy that TRUSTED_PROXIES does not name."""
    if not settings.SCHEME_FROM_ANYBODY:
        return []
    return [
        Warning(
            "URNA_TLS is 'proxy' and TRUSTED_PROXIES is empty. X-Forwarded-Proto is believed of anybody, and all "
            "visitors count as one, with the address of the proxy.",
            hint="Set TRUSTED_PROXIES to the address of your proxy, as 192.0.2.7/32, or to its host name.",
            id="urna.W003",
        )
    ]
