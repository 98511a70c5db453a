"""The page of an election's witnesses: what each has cosigned, how many are required, and the key that they need."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pages.templatetags.display import isolate
from polls.life import State
from polls.models import Election
from record.models import LONGEST_ADDRESS, LONGEST_WITNESS, Witness
from record.quorum import Quorum, find_head, read_quorum

from .access import Right, may
from .act_pages import do_act
from .acts import Act
from .election_view import election_view, page_context
from .times import in_zone
from .witness_acts import AddWitness, RemoveWitness, RequireWitnesses


class WitnessForm(forms.Form):
    """A witness that is added."""

    key = forms.CharField(
        label=gettext_lazy("Key of the witness"),
        max_length=LONGEST_WITNESS + 60,
        help_text=gettext_lazy("Its operator tells it to you: a name, a plus sign, and letters and digits behind it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "dir": "ltr"}),
    )
    address = forms.CharField(
        label=gettext_lazy("Address of the witness"),
        max_length=LONGEST_ADDRESS,
        help_text=gettext_lazy("As in https://witness.example/"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url", "dir": "ltr"}),
    )

    def act(self, election: Election) -> AddWitness:
        return AddWitness(election, self.cleaned_data["key"], self.cleaned_data["address"])

    def describe(self, added: Witness) -> str:
        return _("%(name)s is a witness now. Give its operator the key of the record.") % {"name": isolate(added.name)}


class QuorumForm(forms.Form):
    """How many witnesses certification requires."""

    required = forms.IntegerField(
        label=gettext_lazy("Witnesses required"),
        min_value=0,
        help_text=gettext_lazy(
            "So many have to have cosigned the last head of the record before the result can be certified. 0: none. "
            "Everybody sees the number beside the results."
        ),
    )

    def act(self, election: Election) -> RequireWitnesses:
        return RequireWitnesses(election, self.cleaned_data["required"])

    def describe(self, required: int) -> str:
        if not required:
            return _("The result can be certified without a witness.")
        text = ngettext(
            "The result is certified only once %(n)d witness has cosigned the last head.",
            "The result is certified only once %(n)d witnesses have cosigned the last head.",
            required,
        )
        return text % {"n": required}


class WitnessShown(NamedTuple):
    """A witness as the page shows it."""

    stored: Witness
    has_newest: bool
    cosigned_at: str


class WitnessPagesMixin(admin.ModelAdmin):
    """The witnesses of an election's admin."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        remove = wrap(self.remove_witness_view)
        return [
            path("<int:pk>/witnesses/", wrap(self.witnesses_view), name="polls_election_witnesses"),
            path("<int:pk>/witnesses/<int:number>/remove/", remove, name="polls_election_remove_witness"),
            *super().get_urls(),
        ]

    @election_view(Right.SEE)
    def witnesses_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Show the witnesses; add one, or say how many are required."""
        add = WitnessForm(request.POST if "add" in request.POST else None)
        require = QuorumForm(
            request.POST if "require" in request.POST else None, initial={"required": election.witness_quorum}
        )
        form = require if require.is_bound else add
        if form.is_valid():
            act: Act[Any] = form.act(election)
            try:
                result: Any = act.perform(by=request.user)
            except ValidationError as problem:
                form.add_error(None, problem)
            else:
                self.message_user(request, form.describe(result), messages.SUCCESS)
                return redirect("admin:polls_election_witnesses", election.pk)
        log = find_head(election.pk)
        quorum = read_quorum(log, election.witness_quorum) if log else None
        context = page_context(
            self, request, _("Witnesses"), election=election, add=add, require=require, log=log, quorum=quorum,
            witnesses=list(show_witnesses(election, quorum)), may_change=may(request.user, Right.WRITE, election),
            is_draft=election.state == State.DRAFT, is_certified=election.state == State.CERTIFIED,
        )  # fmt: skip
        status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
        return TemplateResponse(request, "office/witnesses.html", context, status=status)

    def remove_witness_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """Ask, then ask this witness no more."""

        @election_view(Right.WRITE)
        def remove(self: WitnessPagesMixin, request: HttpRequest, election: Election) -> HttpResponse:
            witness = Witness.objects.filter(election=election, pk=number).first()
            if witness is None:
                raise Http404(_("This election has no such witness any more."))
            if request.method == "POST":
                act = RemoveWitness(election, witness.name)
                return do_act(self, request, act, describe_removal, back_to="witnesses")
            context = page_context(
                self, request, _("Remove the witness"), election=election, witnesses_page=True,
                question=describe_question(witness), button=_("Remove the witness"),
                back=reverse("admin:polls_election_witnesses", args=[election.pk]),
            )  # fmt: skip
            return TemplateResponse(request, "office/confirm.html", context)

        return remove(self, request, pk)


def show_witnesses(election: Election, quorum: Quorum | None) -> Iterator[WitnessShown]:
    """Yield the witnesses of an election, in the order of their adding."""
    newest = {one.name for one in quorum.standings if one.cosigned_at} if quorum else set()
    for stored in Witness.objects.filter(election=election).order_by("pk"):
        when = in_zone(stored.cosigned_at, election) if stored.cosigned_at else ""
        yield WitnessShown(stored, stored.name in newest, when)


def describe_question(witness: Witness) -> str:
    """Ask whether a witness is to be removed, and say what that brings."""
    text = _("Remove %(name)s? It is asked no more, and its cosignatures are not shown any more.")
    if witness.contradicts:
        text = _(
            "Remove %(name)s? It contradicts the record. Removing it solves nothing, and hides the contradiction from "
            "those who have not kept its key."
        )
    return text % {"name": isolate(witness.name)}


def describe_removal(removed: Witness) -> str:
    """Say that a witness was removed."""
    return _("%(name)s is no witness any more.") % {"name": isolate(removed.name)}
