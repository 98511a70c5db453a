"""How a time that somebody writes is read, while it is written: an answer for the form's script."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from polls.models import validate_time_zone

from .access import Right, may
from .forms import ElectionForm
from .time_fields import DATE, TIME, as_shown, find_zone, read_time
from .times import write_in_full


class TimePageMixin(admin.ModelAdmin):
    """The address at which the form asks."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.read_time_view))
        return [path("read-time/", view, name="polls_election_read_time"), *super().get_urls()]

    def read_time_view(self, request: HttpRequest) -> JsonResponse:
        """Answer with a time in full, and as the pickers have it, or with what is wrong with it.

        `name` is that of the field, `0` to `2` are its parts, `zone` is the election's as it is written in the form,
        `before` and `shown_in` are what the form showed when it was loaded.
        """
        if not may(request.user, Right.WRITE):
            raise PermissionDenied
        asked = request.GET
        field = ElectionForm.base_fields.get(asked.get("name", ""))
        try:
            validate_time_zone(asked.get("zone", ""))
            zone = find_zone(asked.get("zone", ""))
            typed = _clean(field, [asked.get(part, "") for part in "012"])
            before = parse_datetime(asked.get("before", ""))
            moment = read_time(typed, before, find_zone(asked.get("shown_in", "")), zone)
        except (ValidationError, ValueError) as problem:
            return JsonResponse({"problem": " ".join(getattr(problem, "messages", []))})
        shown = as_shown(moment, zone)
        if moment is None or shown is None:
            return JsonResponse({"text": ""})
        return JsonResponse(
            {"text": write_in_full(moment, zone, timezone.now()), "date": f"{shown:{DATE}}", "time": f"{shown:{TIME}}"}
        )


def _clean(field: forms.Field | None, parts: list[str]) -> Any:
    if field is None or not hasattr(field, "fields"):
        raise ValueError("no field of a time")
    return field.clean(parts)
