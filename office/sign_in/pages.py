"""The pages on which somebody signs in: the password, and the second factor if there is one."""

import json
from http import HTTPStatus
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache

from pages.kept_forms import Fields

from ..kept_forms import read_kept, show_kept
from ..models import SecondFactor
from .entering import enter, enter_with, read_due, try_factor
from .factors import Kind, Wrong, check_code, factors_of
from .passkeys import ask_for_one, check_passkey, host_of, passkeys_of

# The longest that a person types, and more than a browser writes of a passkey.
LONGEST_CODE, LONGEST_PASSKEY = 100, 20_000


class SignInView(LoginView):
    """Take a name and a password."""

    form_class = AdminAuthenticationForm
    template_name = "admin/login.html"

    def get_default_redirect_url(self) -> str:
        return reverse("admin:index")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Lead somebody who is in already to the first page."""
        return redirect("admin:index") if admin.site.has_permission(request) else super().get(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user, where = form.get_user(), self.get_success_url()
        is_in = enter(self.request, user, user.backend, where)
        return HttpResponseRedirect(where) if is_in else redirect("second_factor")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **admin.site.each_context(self.request),
            **super().get_context_data(**kwargs),
            "title": _("Log in"),
            "subtitle": None,
            "app_path": self.request.get_full_path(),
            "provider": settings.OIDC_NAME,
        }


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
        user = form.get_user()
        if enter(self.request, user, user.backend, self.path):
            return show_again(self.request, self.kept, self.path)
        return show_second_factor(self.request, user, SecondFactorForm(), self.kept, self.path)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **admin.site.each_context(self.request),
            **super().get_context_data(**kwargs),
            "title": gettext_lazy("Sign in again"),
            "app_path": reverse("sign_in_again"),
            "kept": json.dumps(self.kept),
            "path": self.path,
        }


class SecondFactorForm(forms.Form):
    """A code that somebody types, or what a browser says of a passkey."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=LONGEST_CODE,
        required=False,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false", "autofocus": ""}
        ),
    )
    passkey = forms.CharField(max_length=LONGEST_PASSKEY, required=False, widget=forms.HiddenInput)


def ask_to_sign_in(request: HttpRequest, fields: Fields, path: str) -> HttpResponse:
    """Ask for name and password again, and keep what was sent."""
    view = SignInAgainView()
    view.setup(request)
    view.kept, view.path = fields, path
    # An empty form: what was sent is none of it.
    form = AdminAuthenticationForm(request)
    response = view.render_to_response(view.get_context_data(form=form))
    response.status_code = HTTPStatus.FORBIDDEN
    # The middleware of messages and sessions expects a page that is complete.
    return response.render() if isinstance(response, TemplateResponse) else response


def show_again(request: HttpRequest, kept: Fields, path: str) -> HttpResponse:
    """Show what was sent before the sign-in, with a button that sends it."""
    text = _("You are signed in again. What you sent before has not been done yet; it is kept here.")
    return show_kept(request, path, kept, text)


@never_cache
def second_factor_view(request: HttpRequest) -> HttpResponse:
    """Take the second factor of somebody who has just shown the password."""
    has_kept = "kept" in request.POST
    kept, path = read_kept(request) if has_kept else ([], "")
    found = read_due(request)
    if found is None:
        # Too late, or in another window already.
        return ask_to_sign_in(request, kept, path) if has_kept else redirect("admin:login")
    user, _due = found
    form = SecondFactorForm(request.POST or None)
    if form.is_valid():
        try:
            factor = try_factor(request, user, lambda: _read_shown(request, user, form.cleaned_data))
        except Wrong:
            form.add_error(None, _("This did not work, and nobody is signed in yet. Try again, with a fresh code."))
        else:
            where = enter_with(request, user, factor)
            _tell_of_codes(request, factor)
            return show_again(request, kept, path) if has_kept else HttpResponseRedirect(where)
    return show_second_factor(request, user, form, kept if has_kept else None, path)


def show_second_factor(
    request: HttpRequest, user: User, form: SecondFactorForm, kept: Fields | None = None, path: str = ""
) -> HttpResponse:
    """Ask for the second factor; `kept` is what was sent before the sign-in, and `path` where it goes."""
    elsewhere = sorted({one.data["host"] for one in passkeys_of(user) if one.data["host"] != host_of(request)})
    context = {
        **admin.site.each_context(request),
        "title": _("Second factor"),
        "form": form,
        "who": user.get_username(),
        "options": ask_for_one(request, user),
        "elsewhere": elsewhere,
        "has_app": any(one.kind == Kind.APP for one in factors_of(user)),
        "kept": None if kept is None else json.dumps(kept),
        "path": path,
    }
    return TemplateResponse(request, "office/second_factor.html", context)


def _read_shown(request: HttpRequest, user: User, sent: dict[str, str]) -> SecondFactor:
    return check_passkey(request, user, sent["passkey"]) if sent["passkey"] else check_code(user, sent["code"])


def _tell_of_codes(request: HttpRequest, factor: SecondFactor) -> None:
    """Say how many recovery codes are left to somebody who has used one."""
    if factor.kind == Kind.RECOVERY:
        left = len(factor.data["hashes"])
        text = ngettext(
            "%(n)d recovery code is left. You get new ones on the page “Your account”.",
            "%(n)d recovery codes are left. You get new ones on the page “Your account”.",
            left,
        )
        messages.warning(request, text % {"n": left})
