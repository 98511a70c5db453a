"""The pages on which an organiser acts: each asks first, then does the act, and says what was done, or why not."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from pages.templatetags.display import isolate
from polls.ballot_box import Seal
from polls.delivery import Arrival
from polls.labels import LONGEST_EXPLANATION
from polls.models import Election
from polls.publishing import Publication

from .access import Right
from .acts import Act, Archive, Cancel, Close, Duplicate, Publish, Release
from .checklist import check
from .election_view import election_view, page_context

# What is said of an act that was done; with a level of Django's messages where it is no success.
Said = str | tuple[str, int]


class ReasonForm(forms.Form):
    """Why an election is cancelled."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_EXPLANATION,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Everybody who opens the election's address reads it."),
    )


class ActsMixin(admin.ModelAdmin):
    """The acts of an election's admin."""

    def get_urls(self) -> list[URLPattern]:
        views: dict[str, Any] = {
            "publish": self.publish_view,
            "cancel": self.cancel_view,
            "close": self.close_view,
            "release": self.release_view,
            "archive": self.archive_view,
            "duplicate": require_POST(self.duplicate_view),
        }
        return [
            *(
                path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"polls_election_{name}")
                for name, view in views.items()
            ),
            *super().get_urls(),
        ]

    @election_view(Right.WRITE)
    def publish_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Show the check-list of a draft, and publish just what it was made of."""
        checklist = check(election, timezone.now())
        status = HTTPStatus.OK
        if request.method == "POST":
            if request.POST.get("seen") == checklist.fingerprint:
                return do_act(self, request, Publish(election), describe_publication)
            text = _("Not published: somebody has edited it since you opened this page. Look it over again.")
            self.message_user(request, text, messages.ERROR)
            status = HTTPStatus.CONFLICT
        context = page_context(self, request, _("Publish"), election=election, checklist=checklist)
        return TemplateResponse(request, "office/publish.html", context, status=status)

    @election_view(Right.WRITE)
    def cancel_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Ask for the reason, then call off an election that has not opened."""
        form = ReasonForm(request.POST or None)
        if form.is_valid():
            act = Cancel(election, form.cleaned_data["reason"])
            if done := do_typed(self, request, form, act, describe_cancellation):
                return done
        question = _("Cancel “%(title)s”? It will not open, and it cannot be published again.")
        return self._ask(request, election, question, _("Cancel the election"), form=form)

    @election_view(Right.RUN)
    def close_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Ask, then close the election at this moment; say what still waits to be counted."""
        question = _("Close “%(title)s” now? Nobody can vote any more, and it cannot be opened again.")
        return self._ask_and_do(request, Close(election), question, _("Close now"), describe_seal)

    @election_view(Right.RUN)
    def release_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Ask, then let everybody see a result that is hidden until then."""
        question = _("Release the result of “%(title)s”? Everybody sees it from then on.")
        return self._ask_and_do(request, Release(election), question, _("Release the result"), describe_release)

    @election_view(Right.RUN)
    def archive_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Ask, then take a finished election off the lists."""
        question = _("Archive “%(title)s”? It leaves the public lists; its results stay at their address.")
        return self._ask_and_do(request, Archive(election), question, _("Archive"), lambda _result: _("Archived."))

    @election_view(Right.WRITE)
    def duplicate_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Make a draft with the same paper, and open it."""
        draft = Duplicate(election).perform(by=request.user)
        self.message_user(request, _("This draft has the same paper. Give it its own title and times."))
        return redirect("admin:polls_election_change", draft.pk)

    def _ask_and_do(
        self, request: HttpRequest, act: Act[Any], question: str, button: str, describe: Callable[[Any], Said]
    ) -> HttpResponse:
        """Ask a question, and do the act once its button is pressed."""
        if request.method == "POST":
            return do_act(self, request, act, describe)
        return self._ask(request, act.election, question, button)

    def _ask(
        self, request: HttpRequest, election: Election, question: str, button: str, *, form: forms.Form | None = None
    ) -> HttpResponse:
        """Show a question with the button that does it."""
        context = page_context(
            self,
            request,
            button,
            election=election,
            question=question % {"title": isolate(election)},
            button=button,
            form=form,
            back=reverse("admin:polls_election_page", args=[election.pk]),
        )
        status = HTTPStatus.BAD_REQUEST if form and form.errors else HTTPStatus.OK
        return TemplateResponse(request, "office/confirm.html", context, status=status)


def do_typed(
    site: admin.ModelAdmin,
    request: HttpRequest,
    form: forms.Form,
    act: Act[Any],
    describe: Callable[[Any], Said],
    *,
    back_to: str = "page",
) -> HttpResponse | None:
    """Do an act as `do_act` does; None if it is refused, and then the form says why, with all that was typed in it."""
    try:
        said = describe(act.perform(by=request.user))
    except ValidationError as problem:
        form.add_error(None, problem.messages)
        return None
    return _answer(site, request, act, said, back_to=back_to)


def do_act(
    site: admin.ModelAdmin,
    request: HttpRequest,
    act: Act[Any],
    describe: Callable[[Any], Said],
    *,
    back_to: str = "page",
) -> HttpResponse:
    """Do an act, say what has come of it, and go back to a page of the election."""
    try:
        said = describe(act.perform(by=request.user))
    except ValidationError as problem:
        said = " ".join(problem.messages), messages.ERROR
    return _answer(site, request, act, said, back_to=back_to)


def _answer(site: admin.ModelAdmin, request: HttpRequest, act: Act[Any], said: Said, *, back_to: str) -> HttpResponse:
    text, level = said if isinstance(said, tuple) else (said, messages.SUCCESS)
    site.message_user(request, text, level)
    return redirect(f"admin:polls_election_{back_to}", act.election.pk)


def describe_publication(publication: Publication) -> Said:
    """Say how far a publication has come."""
    if publication.arrival is Arrival.TAKEN:
        return _("Published.")
    if publication.worker_is_silent:
        text = _(
            "Not published yet: the worker, which publishes and counts, does not answer. Voters do not see the "
            "election. It is published as soon as the worker runs; ask whoever runs this server to look at it."
        )
    else:
        text = _(
            "Not published yet: the ballot box does not answer. Voters do not see the election. It is published as "
            "soon as the ballot box answers; there is nothing to do for that but to wait."
        )
    return text, messages.WARNING


def describe_cancellation(publication: Publication) -> Said:
    """Say how far a cancellation has come."""
    if publication.arrival is Arrival.TAKEN:
        return _("Cancelled. Its page shows the reason.")
    if publication.worker_is_silent:
        text = _(
            "Not cancelled yet: the worker, which tells the ballot box, does not answer. It is cancelled as soon as "
            "the worker runs, unless it has opened by then. Look at this page again in a moment."
        )
    else:
        text = _(
            "Not cancelled yet: the ballot box does not answer. It is cancelled as soon as the ballot box answers, "
            "unless it has opened by then. Look at this page again in a moment."
        )
    return text, messages.WARNING


def describe_release(_result: None) -> str:
    """Say what a release brings."""
    return _("Released. Within seconds the result is on all its pages.")


def describe_seal(seal: Seal) -> str:
    """Say what a box held when it was sealed."""
    if not seal.waiting:
        return _("Closed. Every ballot is counted.")
    text = ngettext(
        "Closed. %(n)d ballot still waits to be counted; it was accepted in time, and will count.",
        "Closed. %(n)d ballots still wait to be counted; they were accepted in time, and will count.",
        seal.waiting,
    )
    return text % {"n": seal.waiting}
