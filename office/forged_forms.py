"""Forms of new rows say that they change none; one that says otherwise was made by no page of ours."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse


class ForgedFormsMixin(admin.ModelAdmin):
    """Refuses the form of something new that names rows which exist: Django would look for them, and fail."""

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Answer 400 to a forged form."""
        if object_id is None and any(
            name.endswith("-INITIAL_FORMS") and value != "0" for name, value in request.POST.items()
        ):
            raise BadRequest("a form of something new names rows that exist")
        return super().changeform_view(request, object_id, *args, **kwargs)
