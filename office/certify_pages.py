"""The pages of certification: what is known of the result, the order, and how far a worker is with it."""

import datetime as dt
from collections.abc import Iterator
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from polls.life import State
from polls.models import Election
from record.quorum import explain_missing
from results.views import get_certified, protocol_context
from tally.models import Certification

from .access import Right
from .account_page import describe_accounts
from .act_pages import Said, do_act
from .acts import name_actor
from .certify_acts import Certify, ChangeCertifying, WithdrawCertification, count_set_aside, find_obstacle
from .election_page import read_numbers
from .election_view import election_view, page_context
from .log_words import tell_changes
from .models import ActName, LoggedAct, Organisation
from .organisation_view import organisation_view
from .protocol import pages as protocol_pages

Step = Certification.Step


class CertifyForm(forms.Form):
    """Which result is certified, and that whoever certifies it knows of the ballots that do not count."""

    set_aside = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    result = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, set_aside: int, result: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["result"].initial = result
        self.fields["set_aside"].initial = set_aside
        if set_aside:
            text = ngettext(
                "I know that %(n)d ballot is set aside, and does not count.",
                "I know that %(n)d ballots are set aside, and do not count.",
                set_aside,
            )
            self.fields["known"] = forms.BooleanField(label=text % {"n": set_aside})


class CertifyPagesMixin(admin.ModelAdmin):
    """The certification of an election's admin."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        take_back: Any = require_POST(self.take_back_order_view)
        return [
            path("<int:pk>/protocol/", wrap(self.protocol_view), name="polls_election_protocol"),
            path("<int:pk>/protocol/protocol.pdf", wrap(self.protocol_pdf_view), name="polls_election_protocol_pdf"),
            path("<int:pk>/certify/", wrap(self.certify_view), name="polls_election_certify"),
            path("<int:pk>/certify/withdraw/", wrap(take_back), name="polls_election_take_back_order"),
            *super().get_urls(),
        ]

    @election_view(Right.CERTIFY)
    def certify_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Show what would be certified, and order or confirm it."""
        rejected = count_set_aside(election)
        sent = request.POST if request.method == "POST" else None
        form = CertifyForm(sent, set_aside=sum(n for _reason, n in rejected), result=election.result_revision)
        if form.is_valid():
            act = Certify(election, form.cleaned_data["set_aside"], result=form.cleaned_data["result"])
            return do_act(self, request, act, describe)
        row = Certification.objects.filter(election=election).first()
        shown, _problem = read_numbers(election)
        context = page_context(
            self,
            request,
            _("Certify the result"),
            election=election,
            row=row,
            waits=row is not None and row.step == Step.WAITING,
            is_own=row is not None and row.asked_by == name_actor(request.user),
            obstacle=find_obstacle(election),
            missing_witnesses=explain_missing(election) if election.state == State.FINAL else [],
            shown=shown,
            rejected=rejected,
            form=form,
            takes_two=Organisation.objects.filter(holdings__election=election.pk, two_certify=True).exists(),
            **describe_accounts(election),
        )
        return TemplateResponse(request, "office/certify.html", context)

    @election_view(Right.CERTIFY)
    def take_back_order_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Take back an order that waits for another manager."""
        return do_act(self, request, WithdrawCertification(election), describe)

    @election_view(Right.SEE)
    def protocol_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Show the protocol of a certified election with what was done and by whom, to be printed and signed."""
        return render(request, "results/protocol.html", full_context(election))

    @election_view(Right.SEE)
    def protocol_pdf_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Return the same protocol as PDF."""
        content = protocol_pages.write(full_context(election), protocol_pages.read_paper(request))
        return protocol_pages.file_response(content, election.slug)


def full_context(election: Election) -> dict[str, Any]:
    """Return what the protocol in the office says: what the public one does, with what was done and by whom."""
    row = Certification.objects.filter(election=election).first()
    return protocol_context(get_certified(election.slug)) | {
        "acts": list(tell_acts(election)),
        "certified_by": ", ".join(filter(None, (row.asked_by, row.confirmed_by))) if row else "",
    }


class ActTold(NamedTuple):
    """An act as the protocol tells it."""

    at: dt.datetime
    name: str
    actor: str


def tell_acts(election: Election) -> Iterator[ActTold]:
    """Yield what was done with an election; of the number of witnesses required also what it was before."""
    for act in LoggedAct.objects.filter(election=election.pk).order_by("pk"):
        name = act.get_act_display()
        changes = f" ({tell_changes(act)})" if act.act == ActName.CHANGE_QUORUM else ""
        yield ActTold(act.at, f"{name}{changes}", act.actor)


def describe(row: Certification | None) -> Said:
    """Say how far a certification has come; None is one that was withdrawn."""
    if row is None:
        return _("Withdrawn. Nothing is certified.")
    if row.step == Step.DONE:
        return _("Certified.")
    if row.step == Step.WAITING:
        return _("Ordered. It is certified once another manager has confirmed it.")
    if row.step == Step.REFUSED:
        reason = Certification.Problem(row.problem).label
        return _("Not certified: %(reason)s") % {"reason": reason}, messages.ERROR
    return (
        _("Ordered. The worker is at it: with very many ballots it takes minutes. This page shows how far it is."),
        messages.WARNING,
    )


class CertifyingForm(forms.Form):
    two = forms.BooleanField(
        required=False,
        label=gettext_lazy("It takes two managers to certify a result"),
        help_text=gettext_lazy("One orders it, another one confirms it. Until then the first one can withdraw it."),
    )


class CertifyingMixin(admin.ModelAdmin):
    """The page on which managers say how many of them certify."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.certifying_view)
        return [path("<int:pk>/certification/", view, name="office_organisation_certification"), *super().get_urls()]

    @organisation_view
    def certifying_view(self, request: HttpRequest, organisation: Organisation) -> HttpResponse:
        """Show how many managers certify, and change it."""
        sent = request.POST if request.method == "POST" else None
        form = CertifyingForm(sent, initial={"two": organisation.two_certify})
        if form.is_valid():
            ChangeCertifying(organisation, two=form.cleaned_data["two"]).perform(by=request.user)
            self.message_user(request, _("Saved."))
            return redirect("admin:office_organisation_certification", organisation.pk)
        context = page_context(self, request, _("Certification"), organisation=organisation, form=form)
        return TemplateResponse(request, "office/certifying.html", context)
