"""The link by which a user of the administration chooses a password: once, within a day, and before any sign-in.

Only who may run management commands gets one; there is no form that sends it. Django's token depends on the hash of the
password and on the last sign-in, so that nothing has to be kept of it.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.views import INTERNAL_RESET_SESSION_TOKEN, PasswordResetConfirmView
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext_lazy as _

from .sign_in.entering import PASSWORDS, enter


class ChoosePasswordView(PasswordResetConfirmView):
    """Take a password from who has the link, sign that user in, and go on to the first page of the administration."""

    template_name = "office/choose_password.html"
    title = _("Choose your password")
    success_url = reverse_lazy("admin:index")

    def get_user(self, uidb64: str) -> User | None:
        user = super().get_user(uidb64)
        return user if user and user.is_active else None

    def form_valid(self, form: SetPasswordForm) -> HttpResponse:
        user = form.save()
        # The link is used up.
        self.request.session.pop(INTERNAL_RESET_SESSION_TOKEN, None)
        is_in = enter(self.request, user, PASSWORDS, self.get_success_url())
        return redirect(self.get_success_url() if is_in else "second_factor")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = admin.site.each_context(self.request) | super().get_context_data(**kwargs)
        # Django's own speaks of a reset.
        return context | {"title": self.title}


def link_path(user: User) -> str:
    """Return the path of a link for a user, at the administration."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    # Also where this runs without the addresses of the administration.
    return reverse("choose_password", args=[uid, token], urlconf="voting_site.urls.admin")
