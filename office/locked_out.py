"""What somebody sees who has to wait after too many wrong passwords; a form that was kept stays kept."""

from http import HTTPStatus
from typing import Any

from axes.helpers import get_cool_off
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


def show_locked_out(request: HttpRequest, _response: HttpResponse, _credentials: dict[str, Any] | None) -> HttpResponse:
    """Say how long to wait, with the form that was kept: 429."""
    pause = get_cool_off(request)
    seconds = int(pause.total_seconds()) if pause else 0
    context = {
        **admin.site.each_context(request),
        "title": _("Too many wrong attempts"),
        "minutes": -(-seconds // 60),
        # An empty one: what was typed was wrong.
        "form": AdminAuthenticationForm(request),
        "kept": request.POST.get("kept"),
        "path": request.POST.get("path"),
    }
    response = render(request, "office/locked_out.html", context, status=HTTPStatus.TOO_MANY_REQUESTS)
    response["Retry-After"] = str(seconds)
    response["Cache-Control"] = "no-store"
    return response
