"""Nothing typed is lost: forms that came after the end of a session, or with the token of an older one, are kept."""

import json
from http import HTTPStatus

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.csrf import requires_csrf_token

from pages.kept_forms import Fields, kept_fields
from polls import error_views

from .kept_labels import tell_typed


def read_kept(request: HttpRequest) -> tuple[Fields, str]:
    """Return the fields that a page of ours has kept, and where they go; nothing for anything else."""
    path = request.POST.get("path", "")
    try:
        content = json.loads(request.POST.get("kept", ""))
        fields = [(str(name), str(value)) for name, value in content]
    except (ValueError, TypeError, RecursionError):
        fields = []
    if not url_has_allowed_host_and_scheme(path, allowed_hosts=None) or not path.startswith("/"):
        path = reverse("admin:index")
    return fields, path


def show_kept(
    request: HttpRequest, path: str, fields: Fields, text: str, status: int = HTTPStatus.OK
) -> TemplateResponse:
    """Show a form that was kept, with a button that sends it."""
    context = {
        **admin.site.each_context(request),
        "title": _("What you typed is kept"),
        "text": text,
        "path": path,
        "fields": fields,
        "typed": tell_typed(fields),
        "has_files": bool(request.FILES),
    }
    return TemplateResponse(request, "office/kept_form.html", context, status=status)


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Refuse a form whose token does not fit: 403; one that a page of this site has sent is kept.

    A token changes whenever somebody signs in, for example in another window.
    """
    fields = kept_fields(request)
    if fields is None:
        return error_views.csrf_failure(request, reason)
    if admin.site.has_permission(request):
        text = _(
            "Nothing has been done yet: the page from which you sent this is older than your present sign-in. What you "
            "sent is kept here."
        )
    else:
        text = _(
            "Nothing has been done yet: you are not signed in any more. What you sent is kept here. Send it, and you "
            "will be asked to sign in first."
        )
    return show_kept(request, request.get_full_path(), fields, text, HTTPStatus.FORBIDDEN).render()
