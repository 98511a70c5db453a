"""Pages about one organisation: which it is, and who may open them."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from .access import Right, organisations_of
from .election_view import page_context
from .models import Organisation

View = Callable[..., HttpResponse]


def ask_about_members(
    admin: ModelAdmin,
    request: HttpRequest,
    organisation: Organisation,
    question: str,
    button: str,
    hidden: Sequence[tuple[str, str]] = (),
) -> HttpResponse:
    """Show a question about members of an organisation, with the button that does it; `hidden` is sent along."""
    page = reverse("admin:office_organisation_members", args=[organisation.pk])
    context = page_context(
        admin, request, button, organisation=organisation, question=question, button=button, hidden=hidden,
        members_page=page, back=page,
    )  # fmt: skip
    return TemplateResponse(request, "office/confirm.html", context)


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
