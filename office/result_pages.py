"""The pages on which a manager enters a lot, and notes that an option has withdrawn."""

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from polls import methods
from polls.definition import Definition
from polls.design import Paper
from polls.labels import LONGEST_EXPLANATION
from polls.methods import ContestOnBallot
from polls.models import Election
from tabulation.ties import OpenTie
from tally.tie_breaks import find_open_ties

from .access import Right
from .act_pages import Said, do_typed
from .election_view import election_view, page_context
from .result_acts import EnterLot, Withdraw


class LotForm(forms.Form):
    """The place that the lot gave each of the tied options."""

    def __init__(self, contest: ContestOnBallot, tie: OpenTie, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tie = tie
        self.fields["tie"] = forms.CharField(widget=forms.HiddenInput, initial=name_tie(contest.key, tie))
        labels = {option.key: option.label for option in contest.options}
        places = [("", "–"), *((str(place), str(place)) for place in range(1, len(tie.keys) + 1))]
        for key in tie.keys:
            self.fields[f"place-{key}"] = forms.ChoiceField(label=labels[key], choices=places)
        self.fields["note"] = forms.CharField(
            label=_("Who drew the lot, where, and who looked on"),
            max_length=LONGEST_EXPLANATION,
            widget=forms.Textarea(attrs={"rows": 3}),
            help_text=_("Everybody who sees the result reads it."),
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        places = [cleaned.get(f"place-{key}") for key in self.tie.keys]
        if all(places) and len(set(places)) < len(places):
            raise ValidationError(_("Two options have the same place. Give each its own."))
        return cleaned

    def order(self) -> list[str]:
        """Return the options in the order of their places."""
        return sorted(self.tie.keys, key=lambda key: int(self.cleaned_data[f"place-{key}"]))


def name_tie(contest: str, tie: OpenTie) -> str:
    """Name the tie that a form is about: others may be between the same options."""
    return f"{contest} {tie.round_number} {','.join(tie.keys)}"


class WithdrawalForm(forms.Form):
    """Which option has withdrawn, and why."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_EXPLANATION,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Everybody who sees the result reads it."),
    )

    def __init__(self, paper: Paper, gone: set[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = [
            (contest.title or paper.title, _options_of(contest, gone))
            for contest in paper.contests
            if methods.get(contest.method).on_withdrawal
        ]
        self.fields["option"] = forms.ChoiceField(label=_("Option"), choices=[("", "–"), *groups])
        self.order_fields(("option", "reason"))


def _options_of(contest: ContestOnBallot, gone: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the options that can still withdraw, as choices."""
    return [
        (f"{contest.key}:{option.key}", option.label)
        for option in contest.options
        if (contest.key, option.key) not in gone and option.key != contest.rules.get("none_of_the_above")
    ]


def describe_withdrawal(act: Withdraw) -> Said:
    """Say what comes of a withdrawal."""
    if act.ended_order:
        text = _(
            "Noted. The second result is shown in a moment. It had been ordered to certify the first one: that order "
            "has ended. Look at the result, and order it again."
        )
        return text, messages.WARNING
    return _("Noted. The second result is shown in a moment.")


class ResultPagesMixin(admin.ModelAdmin):
    """What a manager can do with a counted election before it is certified."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/lot/", wrap(self.lot_view), name="polls_election_lot"),
            path("<int:pk>/withdraw/", wrap(self.withdraw_view), name="polls_election_withdraw"),
            *super().get_urls(),
        ]

    @election_view(Right.MANAGE)
    def lot_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Ask for the order that a lot gave to the first open tie, and store it."""
        ties = find_open_ties(election)
        open_contests = [one for one in Definition.of(election).paper.contests if one.key in ties]
        if request.method == "POST":
            sent = request.POST.get("tie")
            open_contests = [one for one in open_contests if name_tie(one.key, ties[one.key]) == sent]
            if not open_contests:
                text = _("Not entered: there is no tie here any more. Look at the result.")
                self.message_user(request, text, messages.ERROR)
                return redirect("admin:polls_election_page", election.pk)
        if not open_contests:
            self.message_user(request, _("No tie is open."))
            return redirect("admin:polls_election_page", election.pk)
        contest = open_contests[0]
        tie = ties[contest.key]
        form = LotForm(contest, tie, request.POST or None)
        if form.is_valid():
            act = EnterLot(election, contest.key, tie.round_number, form.order(), form.cleaned_data["note"])
            said = _("Entered. The result follows it in a moment.")
            if done := do_typed(self, request, form, act, lambda _lot: said):
                return done
        question = _("“%(title)s”: give the tied options the places that the lot has drawn. First comes first.")
        question %= {"title": contest.title or election.title}
        return self._ask_for(request, election, question, _("Enter the lot"), form)

    @election_view(Right.MANAGE)
    def withdraw_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Ask which option has withdrawn and why, and have a second result counted without it."""
        gone = set(election.withdrawals.values_list("contest", "option"))
        form = WithdrawalForm(Definition.of(election).paper, gone, request.POST or None)
        if form.is_valid():
            contest, _colon, option = form.cleaned_data["option"].partition(":")
            act = Withdraw(election, contest, option, form.cleaned_data["reason"])
            if done := do_typed(self, request, form, act, lambda _withdrawal: describe_withdrawal(act)):
                return done
        question = _(
            "Who has withdrawn after the close? A second result is counted without this option, and shown below "
            "the first one, which stays. It cannot be undone."
        )
        return self._ask_for(request, election, question, _("Count a second time"), form)

    def _ask_for(
        self, request: HttpRequest, election: Election, question: str, button: str, form: forms.Form
    ) -> HttpResponse:
        context = page_context(
            self, request, button, election=election, question=question, button=button, form=form,
            back=reverse("admin:polls_election_page", args=[election.pk]),
        )  # fmt: skip
        status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
        return TemplateResponse(request, "office/confirm.html", context, status=status)
