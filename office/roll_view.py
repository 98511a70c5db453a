"""Pages about the roll of an election, and about one voter on it: which they are, and who may open them."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from polls.life import Phase
from polls.models import Election, Eligibility, Roll

from .access import Right
from .election_view import election_view, page_context

View = Callable[..., HttpResponse]


def roll_view(right: Right) -> Callable[[View], View]:
    """Turn a method about the roll of an election into a view, for those who have a right on the election."""

    def decorate(view: View) -> View:
        @election_view(right)
        @wraps(view)
        def wrapped(self: Any, request: HttpRequest, election: Election) -> HttpResponse:
            if election.eligibility != Eligibility.ROLL:
                text = _("This election has no roll. Edit it to let only those on its roll vote.")
                self.message_user(request, text, messages.WARNING)
                return redirect("admin:polls_election_page", election.pk)
            return view(self, request, election)

        return wrapped

    return decorate


def voter_view(view: View) -> View:
    """Turn a method about a voter who is on the roll into a view, by the numbers of the election and the entry."""

    @wraps(view)
    def wrapped(self: Any, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        @roll_view(Right.WRITE)
        def with_voter(self: Any, request: HttpRequest, election: Election) -> HttpResponse:
            entry = election.roll.select_related("election").filter(number=number).first()
            if entry is None or entry.struck_at:
                self.message_user(request, _("This voter is not on the roll any more."), messages.WARNING)
                return redirect("admin:polls_election_voters", election.pk)
            return view(self, request, entry)

        return with_voter(self, request, pk)

    return wrapped


def is_over(election: Election) -> bool:
    """Tell whether the roll of an election can be changed no more."""
    return election.phase(timezone.now()) in (Phase.CLOSED, Phase.CANCELLED)


def has_opened(election: Election) -> bool:
    """Tell whether people vote already, so that a change of the roll needs its reason."""
    return election.is_frozen(timezone.now())


def read_revision(election: Election) -> int:
    """Return the revision of the roll as it is now."""
    return Roll.objects.filter(election=election).values_list("revision", flat=True).first() or 0


def show_form(
    admin: Any, request: HttpRequest, election: Election, title: str, form: forms.Form, button: str, **more: Any
) -> TemplateResponse:
    """Show a form about the roll, with its button and a way back to the list of voters."""
    context = page_context(
        admin, request, title, election=election, form=form, button=button, voters_page=True,
        back=reverse("admin:polls_election_voters", args=[election.pk]), **more,
    )  # fmt: skip
    status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
    return TemplateResponse(request, "office/roll_form.html", context, status=status)
