"""What every page needs: the addresses of the other pages, and, for lessons, the name of the replica."""

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django_guid import get_guid


def site(request: HttpRequest) -> dict[str, str]:
    """Return the addresses of the voting and the results pages, and the name of this replica if pages show it."""
    return {
        "vote_url": settings.VOTE_URL.rstrip("/") or _same_host(request, settings.VOTE_PORT),
        "result_url": settings.RESULT_URL.rstrip("/") or _same_host(request, settings.RESULT_PORT),
        "replica": settings.REPLICA if settings.SHOW_REPLICA else "",
    }


def find_signin(request: HttpRequest) -> str:
    """Return the address of the role where voters sign in, which no template needs."""
    return settings.SIGNIN_URL.rstrip("/") or _same_host(request, settings.SIGNIN_PORT)


def request_id(request: HttpRequest) -> dict[str, str]:
    """Return the id by which an operator finds this request in the log."""
    return {"request_id": get_guid() or ""}


def _same_host(request: HttpRequest, port: int) -> str:
    try:
        host = request.get_host()
    except DisallowedHost:
        # The error page for this host must not fail because of it again.
        return ""
    name = host[: host.index("]") + 1] if host.startswith("[") else host.partition(":")[0]
    return f"{request.scheme}://{name}:{port}"
