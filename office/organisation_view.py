"""Pages about one organisation: which it is, and who may open them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from .access import Right, organisations_of

View = Callable[..., HttpResponse]


def organisation_view(view: View) -> View:
    """Turn a method about an organisation into a view by its number, for those who manage it.

    Of an organisation of which somebody is no member, the answer is that there is none.
    """

    @wraps(view)
    def wrapped(self: Any, request: HttpRequest, pk: int, **more: Any) -> HttpResponse:
        organisation = get_object_or_404(organisations_of(request.user, Right.SEE), pk=pk)
        if not organisations_of(request.user, Right.MANAGE).filter(pk=pk).exists():
            raise PermissionDenied
        return view(self, request, organisation, **more)

    return wrapped
