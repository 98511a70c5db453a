"""The pages on which organisers see the roll of an election, and managers change it voter by voter."""

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pages.templatetags.display import isolate
from polls.models import Election, Roll, RollEntry

from .access import Right, rights_on
from .election_view import page_context
from .retention_acts import DELETABLE
from .roll_acts import ChangeEntry, CopyRoll, StrikeEntry
from .roll_forms import CopyForm, RevisionForm, VoterForm, find_sources
from .roll_summary import find_voters, summarise
from .roll_view import has_opened, is_over, roll_view, show_form, voter_view

PER_PAGE = 50
LONGEST_SEARCH = 100


class SearchForm(forms.Form):
    """Which voters are listed."""

    q = forms.CharField(
        label=gettext_lazy("Name or member number"),
        max_length=LONGEST_SEARCH,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )


class RollPagesMixin(admin.ModelAdmin):
    """The roll of an election's admin."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        voter = "<int:pk>/voters/<int:number>/"
        return [
            path("<int:pk>/voters/", wrap(self.voters_view), name="polls_election_voters"),
            path("<int:pk>/voters/copy/", wrap(self.copy_roll_view), name="polls_election_copy_roll"),
            path(voter, wrap(self.change_voter_view), name="polls_election_voter"),
            path(f"{voter}strike/", wrap(self.strike_voter_view), name="polls_election_strike_voter"),
            *super().get_urls(),
        ]

    @roll_view(Right.SEE)
    def voters_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Show how many are on the roll, and a page of those who are searched for."""
        rights = rights_on(request.user, election)
        search = SearchForm(request.GET)
        words = search.cleaned_data["q"] if search.is_valid() else ""
        page = Paginator(find_voters(election, words), PER_PAGE).get_page(request.GET.get("page"))
        summary = summarise(election)
        context = page_context(
            self, request, _("Voters"),
            election=election,
            summary=summary,
            search=search,
            words=words,
            page=page,
            shows_who_voted=election.shows_who_voted and Right.RUN in rights,
            may_write=Right.WRITE in rights and not is_over(election),
            may_delete=Right.CERTIFY in rights and election.state in DELETABLE and (summary.voters or summary.struck),
            deleted=Roll.objects.filter(election=election).first(),
            has_opened=has_opened(election),
            can_copy=not summary.voters and not summary.struck and find_sources(election).exists(),
        )  # fmt: skip
        return TemplateResponse(request, "office/voters.html", context)

    @voter_view
    def change_voter_view(self, request: HttpRequest, entry: RollEntry) -> HttpResponse:
        """Show what stands on the roll of one voter, and change it."""
        election = entry.election
        form = VoterForm(election, request.POST or None, entry=entry)
        if form.is_valid():
            act = ChangeEntry(entry, form.values(), reason=form.reason, entry_seen=form.cleaned_data["seen"])
            try:
                changed = act.perform(by=request.user)
            except ValidationError as problem:
                form.refuse(problem)
                entry.refresh_from_db()
            else:
                self.message_user(request, _("Saved: %(voter)s.") % {"voter": isolate(changed)})
                return redirect("admin:polls_election_voters", election.pk)
        note = _("A changed weight counts from the voter's next ballot on; one that was cast keeps its own.")
        return show_form(
            self, request, election, _("Change a voter"), form, _("Save"),
            entry=entry, note=note if has_opened(election) else "",
        )  # fmt: skip

    @voter_view
    def strike_voter_view(self, request: HttpRequest, entry: RollEntry) -> HttpResponse:
        """Ask, then take one voter off the roll."""
        election = entry.election
        form = RevisionForm(election, request.POST or None)
        if form.is_valid():
            try:
                StrikeEntry(entry, reason=form.reason).perform(by=request.user)
            except ValidationError as problem:
                form.refuse(problem)
            else:
                self.message_user(request, _("Struck off the roll: %(voter)s.") % {"voter": isolate(entry)})
                return redirect("admin:polls_election_voters", election.pk)
        question = _(
            "Strike %(voter)s off the roll? No ballot of this voter is accepted from then on; one that was accepted "
            "stands. It cannot be undone, but the voter can be added anew."
        ) % {"voter": isolate(entry)}
        return show_form(self, request, election, _("Strike a voter"), form, _("Strike"), note=question)

    @roll_view(Right.WRITE)
    def copy_roll_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Ask for an election of the same organisation, and put on the roll who is on that of it."""
        form = CopyForm(election, request.POST or None)
        if form.is_valid():
            act = CopyRoll(election, form.cleaned_data["source"], reason=form.reason)
            try:
                number = act.perform(by=request.user)
            except ValidationError as problem:
                form.refuse(problem)
            else:
                self.message_user(request, say_imported(election, number))
                return redirect("admin:polls_election_voters", election.pk)
        note = _("All voters of the other roll are copied, but for those who were struck there.")
        if not election.providers:
            note = _(
                "All voters of the other roll are copied, but for those who were struck there. Their codes are not: "
                "make new ones afterwards."
            )
        return show_form(self, request, election, _("Copy a roll"), form, _("Copy"), note=note)


def say_imported(election: Election, number: int) -> str:
    """Say how many voters have come to the roll, and what to do next."""
    if election.providers:
        return ngettext("%(n)d voter was put on the roll.", "%(n)d voters were put on the roll.", number) % {
            "n": number
        }
    text = ngettext(
        "%(n)d voter was put on the roll, without a code. Look at the list, then make the codes.",
        "%(n)d voters were put on the roll, without codes. Look at the list, then make the codes.",
        number,
    )
    return text % {"n": number}
