"""The page of an election: what it is, where it stands, and what comes next."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from polls.design import Paper
from polls.life import ARCHIVABLE, HAS_RESULT, Phase, State, describe
from polls.models import Election, Eligibility, Shows, TieBreak
from polls.withholding import withheld
from record.models import Audit, Log
from results.snapshot import NoOutcome, Snapshot, read_snapshot
from tally.models import Certification, Tally
from tally.tie_breaks import find_open_ties

from .access import Right, rights_on
from .account_page import describe_accounts, judge
from .election_view import election_view, page_context
from .kiosk_acts import may_have_kiosks
from .language_states import judge_languages
from .models import LoggedAct
from .saving import describe_refused
from .times import in_full
from .way_in import find_addresses, find_snippet

# Acts of the log that the page shows; all of them are in the list of acts.
LATEST_ACTS = 10


@dataclass(frozen=True)
class Step:
    """Something that can be done next: the view that does it, the words on its button, and the right it takes."""

    view: str
    label: str
    right: Right


def next_steps(election: Election, now: dt.datetime, *, has_ballots: bool) -> list[Step]:
    """Return what can be done with an election, what is most likely first, and its roll last."""
    steps = _find_steps(election, now, has_ballots=has_ballots)
    if election.eligibility == Eligibility.ROLL:
        steps.append(Step("voters", _("Voters"), Right.SEE))
        if may_have_kiosks(election, now):
            steps.append(Step("kiosks", _("Kiosks…"), Right.RUN))
    return steps


def _find_steps(election: Election, now: dt.datetime, *, has_ballots: bool) -> list[Step]:
    phase = election.phase(now)
    if election.state == State.DRAFT:
        return [
            Step("publish", _("Publish…"), Right.WRITE),
            Step("preview", _("Preview"), Right.SEE),
            Step("change", _("Edit"), Right.WRITE),
        ]
    if phase == Phase.SCHEDULED:
        return [
            Step("preview", _("Preview"), Right.SEE),
            Step("change", _("Edit"), Right.WRITE),
            Step("cancel", _("Cancel the election…"), Right.WRITE),
        ]
    if phase == Phase.OPEN:
        steps = [Step("close", _("Close now…"), Right.RUN), Step("change", _("Move the closing"), Right.WRITE)]
        return steps if has_ballots else [*steps, Step("mend", _("Mend a typo…"), Right.WRITE)]
    steps = []
    if election.state == State.FINAL and not withheld(election.shows, election.state, election.released_at):
        steps.append(Step("certify", _("Certify…"), Right.CERTIFY))
        steps.append(Step("audit", _("Audit by sample"), Right.AUDIT))
    if election.state in HAS_RESULT and election.shows == Shows.HIDDEN and election.released_at is None:
        steps.append(Step("release", _("Release the result…"), Right.RUN))
    if election.state == State.FINAL and election.archived_at is None:
        if election.tie_break == TieBreak.LOT and find_open_ties(election):
            steps.append(Step("lot", _("Enter the lot…"), Right.MANAGE))
        steps.append(Step("withdraw", _("An option withdraws…"), Right.MANAGE))
    if election.state in ARCHIVABLE and election.archived_at is None:
        steps.insert(-1 if steps else 0, Step("archive", _("Archive…"), Right.RUN))
    if election.state == State.CERTIFIED:
        steps.insert(0, Step("protocol", _("Protocol"), Right.SEE))
        if Audit.objects.filter(pk=election.pk).exists():
            steps.append(Step("audit", _("Audit by sample"), Right.AUDIT))
    return steps


class ElectionPageMixin(admin.ModelAdmin):
    """The page of one election."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/", wrap(self.page_view), name="polls_election_page"),
            path("<int:pk>/standing/", wrap(self.standing_view), name="polls_election_standing"),
            *super().get_urls(),
        ]

    @election_view(Right.SEE)
    def page_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Show an election, its numbers, its addresses and its paper."""
        rights = rights_on(request.user, election)
        paper = Paper.of(election)
        context = page_context(
            self,
            request,
            election.title,
            **self._standing(election, rights),
            **describe_accounts(election),
            refused_edit=describe_refused(election),
            other_head=Log.objects.filter(election=election).exclude(other_head="").only("other_head_at").first(),
            paper=paper,
            languages=judge_languages(paper),
            addresses=find_addresses(request, election),
            snippet=find_snippet(request, election),
            embed_origins=settings.EMBED_ORIGINS,
            acts=LoggedAct.objects.filter(election=election.pk)[:LATEST_ACTS],
            may_write=Right.WRITE in rights,
            is_frozen=election.is_frozen(timezone.now()),
            may_delete=self.has_delete_permission(request, election),
        )
        return TemplateResponse(request, "office/page.html", context)

    @election_view(Right.SEE)
    def standing_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Show what changes by itself, for the page's script to put in the place of what was."""
        return render(request, "office/_standing.html", self._standing(election, rights_on(request.user, election)))

    def _standing(self, election: Any, rights: Collection[Right]) -> dict[str, Any]:
        now = timezone.now()
        shown, problem = read_numbers(election)
        # Where results go in steps, ballots may be counted and not shown yet.
        is_counted = Tally.objects.filter(election=election, ballots__gt=0).exists()
        has_ballots = shown is None or bool(is_counted or shown.waiting)
        return {
            "election": election,
            "phase": describe(election, now),
            "times": list(tell_times(election, now)),
            "steps": [step for step in next_steps(election, now, has_ballots=has_ballots) if step.right in rights],
            "has_mail": bool(settings.EMAIL_HOST)
            and election.eligibility == Eligibility.ROLL
            and election.state != State.DRAFT,
            "has_wall": Right.RUN in rights and election.state not in (State.DRAFT, State.CANCELLED),
            "has_witnesses": election.state not in (State.DRAFT, State.CANCELLED),
            "shown": shown,
            "problem": problem,
            "is_over": election.state in HAS_RESULT,
            "is_draft": election.state == State.DRAFT,
            "accounts_mark": judge(election.accounts, closed=election.state == State.CERTIFIED),
            "certification": Certification.objects.filter(election=election).first(),
        }


def read_numbers(election: Election) -> tuple[Snapshot | None, str]:
    """Return what the results page shows, or why there is nothing to show."""
    if election.state == State.DRAFT:
        return None, ""
    try:
        return read_snapshot(Election.objects.filter(pk=election.pk), whole=True), ""
    except NoOutcome:
        return None, _(
            "There are no results to show: the counts contradict each other. Ask whoever runs this server to run "
            "“recount”."
        )


def tell_times(election: Election, now: dt.datetime) -> Sequence[tuple[str, str]]:
    """Return the times of an election in its own zone, each with its name and its distance."""
    named = [
        (_("Opens"), election.opens_at) if election.phase(now) == Phase.SCHEDULED else (_("Opened"), election.opens_at),
        (_("Closed"), election.closes_at) if election.phase(now) == Phase.CLOSED else (_("Closes"), election.closes_at),
        (_("Text mended"), election.mended_at),
        (_("Final"), election.final_at),
        (_("Result released"), election.released_at),
        (_("Certified"), election.certified_at),
        (_("Cancelled"), election.cancelled_at),
        (_("Archived"), election.archived_at),
    ]
    times = [(name, in_full(time, election, now)) for name, time in named if time]
    if election.state == State.DRAFT and election.opens_at is None:
        times.insert(0, (_("Opens"), _("at once, when you publish it")))
    if election.closes_at is None and election.state in (State.DRAFT, State.PUBLISHED):
        times.append((_("Closes"), _("when you close it by hand")))
    return times
