"""The preview of an election: its ballot and its results page, as voters will get them, and counted nowhere."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from polls import ballots
from polls.contest_on_page import ContestOnPage
from polls.definition import Definition, milliseconds
from polls.design import Paper
from polls.forms import MarkedBallot, OtherDesign
from polls.methods import InvalidMarking
from polls.models import Election
from polls.paper_language import FIELD, QUERY, list_choices
from polls.views import say_what_is_wrong
from polls.wording import InLanguages
from results import snapshot

from .access import Right
from .checklist import find_problem
from .election_view import election_view, page_context
from .framing import in_frame, with_frames


def find_language(request: HttpRequest, paper: InLanguages) -> str:
    """Return the language in which a paper is previewed: the one that the address says, or the paper's own."""
    asked = request.GET.get(QUERY, "")
    return asked if asked in paper.languages else "".join(paper.languages[:1])


class PreviewMixin(admin.ModelAdmin):
    """What an election's admin shows before anybody else sees it."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/preview/", wrap(self.preview_view), name="polls_election_preview"),
            path("<int:pk>/preview/ballot/", wrap(self.preview_ballot_view), name="polls_election_preview_ballot"),
            path("<int:pk>/preview/results/", wrap(self.preview_results_view), name="polls_election_preview_results"),
            *super().get_urls(),
        ]

    @election_view(Right.SEE)
    def preview_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Show ballot and results in frames as wide as a phone and as a desktop."""
        of = "results" if request.GET.get("of") == "results" else "ballot"
        paper = Paper.of(election)
        context = page_context(
            self,
            request,
            _("Preview"),
            election=election,
            of=of,
            framed=f"admin:polls_election_preview_{of}",
            problem=find_problem(paper),
            language=find_language(request, paper),
        )
        return with_frames(TemplateResponse(request, "office/preview.html", context).render())

    @election_view(Right.SEE)
    def preview_ballot_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Show the ballot, and what becomes of it when it is sent, but for the counting."""
        now = timezone.now()
        definition = Definition.preview(election, Paper.of(election), now)
        language = find_language(request, definition)
        shown = definition.in_language(language)
        error, accepted = "", False
        errors: Mapping[str, Any] = {}
        if request.method == "POST" and FIELD not in request.POST:
            try:
                MarkedBallot.from_form(request.POST, shown)
                accepted = True
            except OtherDesign:
                error = _("The paper was edited meanwhile. This is how it is now.")
            except InvalidMarking as problem:
                errors = getattr(problem, "errors", {})
                error = say_what_is_wrong(shown, problem)
        context: dict[str, Any] = {
            "election": shown,
            "contests": ContestOnPage.all_of(shown, request.POST, seed="preview", errors=errors),
            "ballot_id": ballots.sign(ballots.new_ballot_id(milliseconds(now))),
            "design": definition.design,
            "paper_languages": list_choices(definition, language),
            "error": error,
            "accepted": accepted,
        }
        return in_frame(render(request, "office/preview_ballot.html", context))

    @election_view(Right.SEE)
    def preview_results_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Show the results page with numbers that are invented, and says so."""
        now = timezone.now()
        election.opens_at = election.opens_at or now
        paper = Paper.of(election)
        shown = snapshot.preview(election, paper, now)
        language = find_language(request, paper)
        context = {
            "snapshot": shown.in_language(language),
            "election": election,
            "data": shown.as_dict(),
            "paper_languages": list_choices(paper, language),
        }
        return in_frame(render(request, "office/preview_results.html", context))
