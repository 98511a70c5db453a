"""The presenter: a page, good on a phone, from which somebody in front of a hall drives its walls."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pages.context_processors import site
from polls.design import Paper
from polls.life import Phase, State, describe
from polls.models import Election
from results.models import WallState
from results.wall import direct_walls, hide_result, reveal_result, show_result

from .access import Right
from .acts import Close
from .election_page import read_numbers
from .election_view import election_view, page_context
from .soon_acts import CloseSoon, OpenSoon

# Seconds for which everybody counts down.
COUNTDOWNS = (10, 30, 60)
# Seconds between two places of a result that is revealed.
DEFAULT_PAUSE = 2


class CommandForm(forms.Form):
    """What a button of the presenter's page sends: one of these, and how a result is to be revealed."""

    contest = forms.CharField(required=False, max_length=40)
    result = forms.ChoiceField(required=False, choices=[("hide", ""), ("show", "")])
    reveal_in = forms.TypedChoiceField(
        required=False, coerce=int, empty_value=None, choices=[(n, "") for n in (0, *COUNTDOWNS)]
    )
    open_in = forms.TypedChoiceField(
        required=False, coerce=int, empty_value=None, choices=[(n, "") for n in (0, *COUNTDOWNS)]
    )
    close_in = forms.TypedChoiceField(
        required=False, coerce=int, empty_value=None, choices=[(n, "") for n in (0, *COUNTDOWNS)]
    )
    reveal = forms.ChoiceField(
        label=gettext_lazy("How the result appears"),
        required=False,
        choices=[
            (WallState.Reveal.PLACES, gettext_lazy("from the last place to the first")),
            (WallState.Reveal.BARS, gettext_lazy("the bars grow")),
        ],
        widget=forms.RadioSelect,
        initial=WallState.Reveal.PLACES,
    )
    pause = forms.TypedChoiceField(
        label=gettext_lazy("Seconds between two places"),
        required=False,
        coerce=int,
        choices=[(n, n) for n in (1, 2, 3, 5, 10)],
        initial=DEFAULT_PAUSE,
        empty_value=None,
    )


class PresenterMixin(admin.ModelAdmin):
    """The presenter's page of an election."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/presenter/", wrap(self.presenter_view), name="polls_election_presenter"),
            path("<int:pk>/presenter/status/", wrap(self.presenting_view), name="polls_election_presenting"),
            *super().get_urls(),
        ]

    @election_view(Right.RUN)
    def presenter_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Show the buttons; do what one of them sends."""
        form = CommandForm(request.POST or None)
        if request.method == "POST":
            if not form.is_valid():
                return HttpResponse(status=HTTPStatus.BAD_REQUEST)
            try:
                do_command(election, form.cleaned_data, request)
            except ValidationError as problem:
                self.message_user(request, " ".join(problem.messages), messages.ERROR)
            return redirect("admin:polls_election_presenter", election.pk)
        context = page_context(self, request, _("Wall"), **describe_walls(election))
        context["form"] = CommandForm(
            initial={"reveal": context["wall"].reveal or WallState.Reveal.PLACES, "pause": context["wall"].pause}
        )
        context["wall_url"] = f"{site(request)['result_url']}/{election.slug}/?view=wall"
        return TemplateResponse(request, "office/presenter.html", context)

    @election_view(Right.RUN)
    def presenting_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Show what changes by itself, for the page's script to put in the place of what was."""
        return render(request, "office/_presenting.html", describe_walls(election))


def describe_walls(election: Election) -> dict[str, Any]:
    """Return what the page shows: how far the election is, and what the walls show."""
    now = timezone.now()
    shown, problem = read_numbers(election)
    phase = election.phase(now)
    return {
        "election": election,
        "phase": describe(election, now),
        "shown": shown,
        "problem": problem,
        "paper": Paper.of(election),
        "wall": WallState.objects.filter(election=election).first() or WallState(),
        "countdowns": COUNTDOWNS,
        "may_open": election.state == State.PUBLISHED and phase == Phase.SCHEDULED,
        "may_close": election.state == State.PUBLISHED and phase == Phase.OPEN,
        "closes_at": election.closes_at if phase == Phase.OPEN else None,
    }


def do_command(election: Election, sent: Mapping[str, Any], request: HttpRequest) -> None:
    """Do what a button stands for; raises ValidationError if it cannot be done."""
    if "contest" in request.POST:
        direct_walls(election, contest=known_contest(election, sent["contest"]))
    elif sent["result"] == "hide":
        hide_result(election)
    elif sent["result"] == "show":
        show_result(election)
    elif sent["reveal_in"] is not None:
        how = WallState.Reveal(sent["reveal"] or WallState.Reveal.PLACES)
        reveal_result(election, how, seconds=sent["reveal_in"], pause=sent["pause"] or DEFAULT_PAUSE)
    elif sent["open_in"] is not None:
        OpenSoon(election, sent["open_in"]).perform(by=request.user)
    elif sent["close_in"] == 0:
        Close(election).perform(by=request.user)
    elif sent["close_in"] is not None:
        CloseSoon(election, sent["close_in"]).perform(by=request.user)
    else:
        raise ValidationError(_("Nothing was done: the browser did not say which button it was. Load the page again."))


def known_contest(election: Election, key: str) -> str:
    """Return the key of a contest on the paper, or what stands for several of them; raises ValidationError."""
    if key not in ("", WallState.SIDE_BY_SIDE, *(one.key for one in Paper.of(election).contests)):
        raise ValidationError(_("This question is not on the paper any more. Choose another one."))
    return key
