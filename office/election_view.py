"""Pages about one election: who may open them, and which election it is."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from polls.models import Election


def election_view(view: Callable[[Any, HttpRequest, Election], HttpResponse]) -> Callable[..., HttpResponse]:
    """Turn a method that shows an election into a view by its number, for those who may change it."""

    @wraps(view)
    def wrapped(admin: Any, request: HttpRequest, pk: int) -> HttpResponse:
        election = get_object_or_404(admin.get_queryset(request), pk=pk)
        if not admin.has_change_permission(request, election):
            raise PermissionDenied
        return view(admin, request, election)

    return wrapped
