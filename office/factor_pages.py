"""The pages on which managers decide about second factors: whether members need one, and who may set up another."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .factor_acts import DemandFactor, ResetFactor
from .member_pages import member_view
from .models import Membership, Organisation
from .organisation_acts import OrganisationAct
from .organisation_view import ask_about_members, organisation_view


class FactorPagesMixin(admin.ModelAdmin):
    """What an organisation's admin has about second factors."""

    def get_urls(self) -> list[URLPattern]:
        views: dict[str, tuple[str, Any]] = {
            "demand": ("second-factor/", self.demand_view),
            "reset": ("members/<int:member>/second-factor/", self.reset_view),
        }
        return [
            *(
                path(f"<int:pk>/{where}", self.admin_site.admin_view(view), name=f"office_organisation_{name}")
                for name, (where, view) in views.items()
            ),
            *super().get_urls(),
        ]

    @organisation_view
    def demand_view(self, request: HttpRequest, organisation: Organisation) -> HttpResponse:
        """Ask, then make a second factor mandatory, or optional again."""
        demanded = not organisation.demands_second_factor
        if request.method == "POST":
            # What was asked, which somebody else may have done since.
            act = DemandFactor(organisation, request.POST.get("demanded") == "yes")
            said = _("A second factor is mandatory now.") if act.demanded else _("A second factor is optional now.")
            return self._do_about_factors(request, act, said)
        return ask_about_members(
            self,
            request,
            organisation,
            describe_demand(organisation) if demanded else _("Let members sign in with their password alone again?"),
            _("Make it mandatory") if demanded else _("Make it optional"),
            [("demanded", "yes" if demanded else "no")],
        )

    @member_view
    def reset_view(self, request: HttpRequest, member: Membership) -> HttpResponse:
        """Ask, then take the second factors off a member's account."""
        names = {"who": member.user.username}
        if request.method == "POST":
            said = _("“%(who)s” signs in with the password alone now, and can set up another second factor.") % names
            return self._do_about_factors(request, ResetFactor(member), said)
        question = _(
            "Reset the second factor of “%(who)s”? Do it only if you know that it is they who ask: by telephone, or "
            "face to face. Apps, passkeys and recovery codes of this account stop working, and its sessions end."
        )
        return ask_about_members(self, request, member.organisation, question % names, _("Reset the second factor"))

    def _do_about_factors(self, request: HttpRequest, act: OrganisationAct[Any], said: str) -> HttpResponse:
        try:
            act.perform(by=request.user)
        except ValidationError as problem:
            self.message_user(request, " ".join(problem.messages), messages.ERROR)
        else:
            self.message_user(request, said)
        return redirect("admin:office_organisation_members", act.organisation.pk)


def describe_demand(organisation: Organisation) -> str:
    """Ask whether a second factor is to be mandatory, and say what that means for the members."""
    lacking = User.objects.filter(memberships__organisation=organisation, second_factors=None).count()
    text = _("Make a second factor mandatory for the members of “%(organisation)s”?") % {"organisation": organisation}
    if not lacking:
        return text + " " + _("All of them have one.")
    led = ngettext(
        "%(n)d of them has none yet, and is led to set one up at the next page; until then, nothing else is open.",
        "%(n)d of them have none yet, and are led to set one up at the next page; until then, nothing else is open.",
        lacking,
    )
    return f"{text} {led % {'n': lacking}}"
