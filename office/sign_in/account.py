"""The page “Your account”: second factors are set up and removed there, each by the person alone."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pyotp
from django import forms
from django.contrib import admin, messages
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import Organisation
from ..qr_code import draw_code
from .entering import try_factor
from .factors import (
    NEW_KEY,
    Kind,
    Wrong,
    add_factor,
    check_code,
    factors_of,
    find_step,
    remove_factor,
    renew_codes,
    signed_in,
)
from .pages import LONGEST_CODE, LONGEST_PASSKEY
from .passkeys import MOST, are_possible, ask_for_new, passkeys_of, read_new

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class PersonForm(forms.Form):
    """Ask who is there once more: by the password, by a code where somebody has none, by nothing where both lack."""

    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.POST or None)
        self.request, self.user = request, signed_in(request)
        self.has_password = self.user.has_usable_password()
        if not self.has_password:
            # Somebody who signs in elsewhere. Still hidden from those who look over the shoulder.
            self.fields["password"].label = _("A code of your app, or a recovery code")
            if not factors_of(self.user):
                del self.fields["password"]

    def clean_password(self) -> str:
        typed: str = self.cleaned_data["password"]
        if self.has_password:
            if authenticate(self.request, username=self.user.get_username(), password=typed) != self.user:
                raise ValidationError(_("This is not your password."))
        else:
            try:
                try_factor(self.request, self.user, lambda: check_code(self.user, typed))
            except Wrong:
                raise ValidationError(_("This code is not valid.")) from None
        return typed


class AppForm(PersonForm):
    """What an app shows that has just been set up."""

    code = forms.CharField(
        label=gettext_lazy("Six digits that the app shows"),
        max_length=LONGEST_CODE,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )
    field_order = ("code", "password")

    def __init__(self, request: HttpRequest, key: str) -> None:
        super().__init__(request)
        self.key = key

    def clean_code(self) -> int:
        typed = "".join(self.cleaned_data["code"].split())
        step = find_step(self.key, typed, timezone.now()) if typed.isascii() and typed.isdigit() else None
        if step is None:
            raise ValidationError(_("This is not what the app shows now. Check the time of its device, and try again."))
        return step


class PasskeyForm(PersonForm):
    """A passkey that a browser has made, and how its owner calls it."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=60,
        help_text=gettext_lazy("So that you can tell it from others: “phone”, or “blue key”."),
    )
    passkey = forms.CharField(max_length=LONGEST_PASSKEY, required=False, widget=forms.HiddenInput)
    field_order = ("name", "password", "passkey")

    def clean_passkey(self) -> dict[str, Any]:
        try:
            return read_new(self.request, self.cleaned_data["passkey"])
        except Wrong:
            raise ValidationError(_("Your browser made no passkey. Try again.")) from None


def account_view(request: HttpRequest) -> HttpResponse:
    """Show what somebody can change about the own way in."""
    own = factors_of(request.user)
    recovery = next((one for one in own if one.kind == Kind.RECOVERY), None)
    return _show(
        request,
        "office/account.html",
        _("Your account"),
        factors=[one for one in own if one.kind != Kind.RECOVERY],
        recovery_left=len(recovery.data["hashes"]) if recovery else 0,
        has_app=any(one.kind == Kind.APP for one in own),
        demanded_by=demanding(request.user),
        passkeys_are_possible=are_possible(request),
        has_password=signed_in(request).has_usable_password(),
    )


def app_view(request: HttpRequest) -> HttpResponse:
    """Set up an app that shows codes."""
    if any(one.kind == Kind.APP for one in factors_of(request.user)):
        messages.warning(request, _("You have set up an app already. To change to another one, remove it first."))
        return redirect("account")
    # The same in two windows, and for a code that was wrong.
    key = request.session.setdefault(NEW_KEY, pyotp.random_base32())
    form = AppForm(request, key)
    if form.is_valid():
        del request.session[NEW_KEY]
        data = {"key": key, "step": form.cleaned_data["code"]}
        return _add(request, Kind.APP, "", data)
    address = pyotp.TOTP(key).provisioning_uri(name=request.user.get_username(), issuer_name="Urna")
    return _show(
        request,
        "office/account_app.html",
        _("Set up an app"),
        form=form,
        drawing=draw_code(address),
        key=" ".join(key[at : at + 4] for at in range(0, len(key), 4)),
        address=address,
    )


def passkey_view(request: HttpRequest) -> HttpResponse:
    """Make a passkey."""
    if not are_possible(request) or len(passkeys_of(signed_in(request))) >= MOST:
        return redirect("account")
    form = PasskeyForm(request)
    if form.is_valid():
        return _add(request, Kind.PASSKEY, form.cleaned_data["name"], form.cleaned_data["passkey"])
    return _show(request, "office/account_passkey.html", _("Add a passkey"), form=form, options=ask_for_new(request))


def codes_view(request: HttpRequest) -> HttpResponse:
    """Ask, then make new recovery codes in the place of the earlier ones."""
    if not factors_of(request.user):
        return redirect("account")
    form = PersonForm(request)
    if form.is_valid():
        return _show_codes(request, renew_codes(signed_in(request)))
    return _ask(
        request,
        form,
        _("New recovery codes"),
        _("Make new recovery codes? The ones that you have kept will not work any more."),
        _("Make new codes"),
    )


def remove_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then remove an app or a passkey."""
    own = [one for one in factors_of(request.user) if one.kind != Kind.RECOVERY]
    factor = next((one for one in own if one.pk == pk), None)
    if factor is None:
        messages.warning(request, _("It was removed already."))
        return redirect("account")
    demanded_by = demanding(request.user)
    if len(own) == 1 and demanded_by:
        text = _("“%(organisation)s” asks its members for a second factor. Set up another one before you remove this.")
        messages.error(request, text % {"organisation": demanded_by})
        return redirect("account")
    form = PersonForm(request)
    if form.is_valid():
        remove_factor(request, factor)
        messages.success(request, _("Removed."))
        return redirect("account")
    question = _("Remove “%(name)s”?") % {"name": factor.name or factor.get_kind_display()}
    if len(own) == 1:
        question += " " + _("It is your only second factor: your password alone will be enough to sign in then.")
    return _ask(request, form, _("Remove"), question, _("Remove"))


def demanding(user: "User | AnonymousUser") -> Organisation | None:
    """Return an organisation that asks somebody for a second factor, None if there is none."""
    return Organisation.objects.filter(memberships__user=user.pk, demands_second_factor=True).first()


def _add(request: HttpRequest, kind: Kind, name: str, data: dict[str, Any]) -> HttpResponse:
    try:
        codes = add_factor(request, kind, name, data)
    except IntegrityError:
        # Pressed twice, or in two windows: the first has made it.
        return redirect("account")
    if codes:
        return _show_codes(request, codes)
    messages.success(request, _("Added. You can sign in with it from now on."))
    return redirect("account")


def _show_codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    # In the answer itself, and not at an address of its own: they are shown once.
    return _show(request, "office/account_codes.html", _("Recovery codes"), codes=codes)


def _ask(request: HttpRequest, form: forms.Form, title: str, question: str, button: str) -> HttpResponse:
    return _show(request, "office/account_confirm.html", title, form=form, question=question, button=button)


def _show(request: HttpRequest, template: str, title: str, **more: Any) -> HttpResponse:
    form = more.get("form")
    status = HTTPStatus.BAD_REQUEST if form is not None and form.errors else HTTPStatus.OK
    context = {**admin.site.each_context(request), "title": title, "account_page": reverse("account"), **more}
    return TemplateResponse(request, template, context, status=status)
