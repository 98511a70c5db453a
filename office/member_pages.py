"""The page on which managers say who is a member of their organisation."""

from collections.abc import Callable, Sequence
from functools import wraps
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from .access import Right, organisations_of
from .election_view import page_context
from .factor_acts import may_reset
from .first_password import link_path
from .member_acts import AddMember, ChangeRole, LastManager, MakeLink, RemoveMember, may_make_link
from .models import MemberRole, Membership, Organisation
from .organisation_acts import OrganisationAct
from .organisation_view import ask_about_members, organisation_view

View = Callable[..., HttpResponse]


class MemberForm(forms.Form):
    """Who becomes a member."""

    who = forms.CharField(
        label=gettext_lazy("User name or e-mail address"),
        max_length=150,
        help_text=gettext_lazy(
            "Somebody who has no account yet gets one under this name, and you get a link to pass on. "
            "Urna does not mail it."
        ),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=MemberRole, initial=MemberRole.OPERATOR)


class RoleForm(forms.Form):
    """What a member becomes."""

    role = forms.ChoiceField(choices=MemberRole)


def member_view(view: View) -> View:
    """Turn a method about a member into a view, by the numbers of the organisation and the membership."""

    @wraps(view)
    def wrapped(self: Any, request: HttpRequest, organisation: Organisation, member: int) -> HttpResponse:
        found = organisation.memberships.select_related("user", "organisation").filter(pk=member).first()
        if found is None:
            self.message_user(request, _("This member was removed meanwhile."), messages.WARNING)
            return redirect("admin:office_organisation_members", organisation.pk)
        return view(self, request, found)

    return organisation_view(wrapped)


class MemberPagesMixin(admin.ModelAdmin):
    """The members of an organisation's admin."""

    def get_urls(self) -> list[URLPattern]:
        views: dict[str, tuple[str, Any]] = {
            "members": ("members/", self.members_view),
            "role": ("members/<int:member>/role/", require_POST(self.role_view)),
            "remove": ("members/<int:member>/remove/", self.remove_view),
            "link": ("members/<int:member>/link/", require_POST(self.link_view)),
        }
        return [
            *(
                path(f"<int:pk>/{where}", self.admin_site.admin_view(view), name=f"office_organisation_{name}")
                for name, (where, view) in views.items()
            ),
            *super().get_urls(),
        ]

    @organisation_view
    def members_view(self, request: HttpRequest, organisation: Organisation) -> HttpResponse:
        """List the members, and add one."""
        form = MemberForm(request.POST or None)
        if form.is_valid():
            act = AddMember(organisation, form.cleaned_data["who"], MemberRole(form.cleaned_data["role"]))
            try:
                person = act.perform(by=request.user)
            except ValidationError as problem:
                form.add_error("who", problem.messages)
            else:
                if act.is_new:
                    return self._show_link(request, organisation, person)
                text = _(
                    "“%(who)s” had an account already, and is a member now. Remove them again if you meant somebody "
                    "else."
                )
                self.message_user(request, text % {"who": person.username})
                return redirect("admin:office_organisation_members", organisation.pk)
        members = organisation.memberships.select_related("user").prefetch_related("user__second_factors")
        context = page_context(
            self,
            request,
            _("Members"),
            organisation=organisation,
            form=form,
            members=[
                (one, may_make_link(request.user, one.user), may_reset(request.user, one.user))
                for one in members.order_by("user__username")
            ],
            roles=MemberRole.choices,
        )
        status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
        return TemplateResponse(request, "office/members.html", context, status=status)

    @member_view
    def role_view(self, request: HttpRequest, member: Membership) -> HttpResponse:
        """Give a member another role; ask first if that leaves no manager."""
        form = RoleForm(request.POST)
        if not form.is_valid():
            self.message_user(request, _("Choose one of the roles in the list."), messages.ERROR)
            return redirect("admin:office_organisation_members", member.organisation.pk)
        role = MemberRole(form.cleaned_data["role"])
        act = ChangeRole(member, role, knowing_last="sure" in request.POST)
        said = _("“%(who)s” has another role now.") % {"who": member.user.username}
        return self._do_with_member(request, act, said, _("Change the role"), [("role", role.value)])

    @member_view
    def remove_view(self, request: HttpRequest, member: Membership) -> HttpResponse:
        """Ask, then end a membership; tell a manager who would leave nobody behind."""
        names = {"who": member.user.username, "organisation": member.organisation}
        if request.method != "POST":
            if member.user == request.user:
                question = _("Leave “%(organisation)s”? You will not see its elections any more.") % names
            else:
                question = _("Remove “%(who)s” from “%(organisation)s”? The account itself stays.") % names
            return ask_about_members(self, request, member.organisation, question, _("Remove"))
        act = RemoveMember(member, knowing_last="sure" in request.POST)
        said = _("“%(who)s” is no member of “%(organisation)s” any more.") % names
        return self._do_with_member(request, act, said, _("Remove"))

    @member_view
    def link_view(self, request: HttpRequest, member: Membership) -> HttpResponse:
        """Show another link to a first password."""
        try:
            person = MakeLink(member).perform(by=request.user)
        except ValidationError as problem:
            self.message_user(request, " ".join(problem.messages), messages.ERROR)
            return redirect("admin:office_organisation_members", member.organisation.pk)
        return self._show_link(request, member.organisation, person)

    def _do_with_member(
        self,
        request: HttpRequest,
        act: OrganisationAct[User],
        said: str,
        button: str,
        hidden: Sequence[tuple[str, str]] = (),
    ) -> HttpResponse:
        try:
            act.perform(by=request.user)
        except LastManager as problem:
            question = " ".join(problem.messages)
            return ask_about_members(self, request, act.organisation, question, button, [*hidden, ("sure", "yes")])
        except ValidationError as problem:
            self.message_user(request, " ".join(problem.messages), messages.ERROR)
        else:
            self.message_user(request, said)
        if organisations_of(request.user, Right.MANAGE).filter(pk=act.organisation.pk).exists():
            return redirect("admin:office_organisation_members", act.organisation.pk)
        return redirect("admin:index")

    def _show_link(self, request: HttpRequest, organisation: Organisation, person: User) -> HttpResponse:
        # On a page of its own and not in a message: those wait in a cookie.
        context = page_context(
            self,
            request,
            _("A link for %(who)s") % {"who": person.username},
            organisation=organisation,
            person=person,
            members_page=reverse("admin:office_organisation_members", args=[organisation.pk]),
            link=request.build_absolute_uri(link_path(person)),
        )
        return TemplateResponse(request, "office/member_link.html", context)
