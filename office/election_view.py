"""Pages about one election: which it is, and who may open them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from polls.models import Election

from .access import Right, may

View = Callable[[Any, HttpRequest, Election], HttpResponse]


def page_context(admin: ModelAdmin, request: HttpRequest, title: str, **more: Any) -> dict[str, Any]:
    """Return what the templates of all pages need, and `more` for this one."""
    return {**admin.admin_site.each_context(request), "opts": admin.opts, "title": title, **more}


def election_view(right: Right) -> Callable[[View], Callable[..., HttpResponse]]:
    """Turn a method that shows an election into a view by its number, for those who have a right on it.

    Of an election that somebody may not even see, the answer is that there is none.
    """

    def decorate(view: View) -> Callable[..., HttpResponse]:
        @wraps(view)
        def wrapped(admin: Any, request: HttpRequest, pk: int) -> HttpResponse:
            election = get_object_or_404(admin.get_queryset(request), pk=pk)
            if not may(request.user, right, election):
                raise PermissionDenied
            return view(admin, request, election)

        return wrapped

    return decorate
