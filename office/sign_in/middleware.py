"""What happens before each page of the office: who has to show, or set up, a second factor, and what is kept."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from pages.kept_forms import kept_fields

from ..kept_forms import show_kept
from .factors import has_shown, standing_of
from .pages import ask_to_sign_in

Answer = Callable[[HttpRequest], HttpResponse]

# Addresses for somebody who has to set up a second factor: setting it up, and leaving.
OPEN = ("account", "account_app", "account_passkey", "password_change", "password_change_done", "logout",
        "set_language")  # fmt: skip


class SecondFactorMiddleware:
    """End sessions that have not shown the second factor which their person has, and demand one that is mandatory."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.lacks_second_factor = False  # type: ignore[attr-defined]
        if request.user.is_authenticated:
            standing = standing_of(request.user)
            if not has_shown(request, standing.numbers):
                logout(request)
            elif not standing.numbers:
                request.lacks_second_factor = standing.is_demanded  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_arguments: Any) -> HttpResponse | None:
        """Lead somebody who lacks a second factor to setting one up; a form that was sent is kept."""
        match = request.resolver_match
        if not request.lacks_second_factor or (match and match.url_name in OPEN):  # type: ignore[attr-defined]
            return None
        fields = kept_fields(request)
        if fields is None:
            return redirect("account")
        text = _(
            "Nothing has been done yet: your organisation asks its members for a second factor now. Set one up on the "
            "page “Your account”; then come back here, and send this."
        )
        return show_kept(request, request.get_full_path(), fields, text).render()


class KeptFormsMiddleware:
    """Ask somebody whose session has ended to sign in, and keep the form that was sent."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_arguments: Any) -> HttpResponse | None:
        """Answer in the place of the view; the token of the form has been checked before."""
        fields = kept_fields(request)
        if fields is None or admin.site.has_permission(request):
            return None
        return ask_to_sign_in(request, fields, request.get_full_path())
