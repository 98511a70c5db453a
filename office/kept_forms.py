"""Nothing typed is lost: forms that came after the end of a session, or with the token of an older one, are kept."""

import json
from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import requires_csrf_token

from pages.kept_forms import Fields, kept_fields
from polls import error_views

from .kept_labels import tell_typed


class KeptFormsMiddleware:
    """Ask somebody whose session has ended to sign in, and keep the form that was sent."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse = self.get_response(request)
        return response

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """Answer in the place of the view; the token of the form has been checked before."""
        fields = kept_fields(request)
        return None if fields is None or admin.site.has_permission(request) else _ask_to_sign_in(request, fields)


def _ask_to_sign_in(request: HttpRequest, fields: Fields) -> HttpResponse:
    view = SignInAgainView()
    view.setup(request)
    view.kept, view.path = fields, request.get_full_path()
    # An empty form: what was sent is none of it.
    form = AdminAuthenticationForm(request)
    response = view.render_to_response(view.get_context_data(form=form))
    response.status_code = HTTPStatus.FORBIDDEN
    # The middleware of messages and sessions expects a page that is complete.
    return response.render() if isinstance(response, TemplateResponse) else response


class SignInAgainView(LoginView):
    """Sign somebody in, and offer to send what was sent before."""

    form_class = AdminAuthenticationForm
    template_name = "office/sign_in_again.html"
    kept: Fields
    path: str

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Lead somebody who comes here without a form to the usual sign-in."""
        return redirect("admin:login")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.kept, self.path = read_kept(request)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        login(self.request, form.get_user())
        text = _("You are signed in again. What you sent before has not been done yet; it is kept here.")
        return show_kept(self.request, self.path, self.kept, text)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **admin.site.each_context(self.request),
            **super().get_context_data(**kwargs),
            "title": gettext_lazy("Sign in again"),
            "app_path": reverse("sign_in_again"),
            "kept": json.dumps(self.kept),
            "path": self.path,
        }


def read_kept(request: HttpRequest) -> tuple[Fields, str]:
    """Return the fields that a page of ours has kept, and where they go; nothing for anything else."""
    path = request.POST.get("path", "")
    try:
        content = json.loads(request.POST.get("kept", ""))
        fields = [(str(name), str(value)) for name, value in content]
    except (ValueError, TypeError):
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
