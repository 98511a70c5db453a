"""The pages on which managers make codes: for one voter, or for all; what they answer with is the only copy.

A code is shown once, and only its keyed hash is kept. So the codes of all are the answer of the request that makes
them; if that answer is lost, they are made again.
"""

from http import HTTPStatus

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from pages.context_processors import site
from pages.templatetags.display import isolate
from polls.models import Election, RollEntry
from polls.roll import codes

from .access import Right
from .cards.card import Card
from .cards.files import CardForm, CardForms, write_file, write_notice
from .election_view import page_context
from .roll_acts import AddEntry, ReissueAllCodes, ReissueCode
from .roll_forms import CodesForm, EntryForm, VoterForm
from .roll_summary import summarise
from .roll_view import has_opened, roll_view, show_form, voter_view

# Cards of one answer: 100,000 take a minute, and memory holds them while they are written.
MOST_CARDS = 20_000


class RollCodePagesMixin(admin.ModelAdmin):
    """The codes of an election's admin."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        voter = "<int:pk>/voters/<int:number>/"
        return [
            path("<int:pk>/voters/add/", wrap(self.add_voter_view), name="polls_election_add_voter"),
            path("<int:pk>/voters/codes/", wrap(self.codes_view), name="polls_election_codes"),
            path(f"{voter}code/", wrap(self.voter_code_view), name="polls_election_voter_code"),
            path(f"{voter}card/", wrap(require_POST(self.voter_card_view)), name="polls_election_voter_card"),
            *super().get_urls(),
        ]

    @roll_view(Right.WRITE)
    def add_voter_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Put one voter on the roll, and show the code."""
        form = VoterForm(election, request.POST or None)
        if form.is_valid():
            act = AddEntry(election, form.values(), reason=form.reason, seen=form.cleaned_data["seen"])
            try:
                entry = act.perform(by=request.user)
            except ValidationError as problem:
                form.refuse(problem)
            else:
                if act.code:
                    return self._show_code(request, entry, act.code, _("Voter added"))
                self.message_user(request, _("Saved: %(voter)s.") % {"voter": isolate(entry)})
                return redirect("admin:polls_election_voters", election.pk)
        button = _("Add") if election.providers else _("Add, and show the code")
        return show_form(self, request, election, _("Add a voter"), form, button)

    @voter_view
    def voter_code_view(self, request: HttpRequest, entry: RollEntry) -> HttpResponse:
        """Ask, then give one voter a new code, and show it."""
        election = entry.election
        form = EntryForm(election, request.POST or None, entry=entry)
        if form.is_valid():
            act = ReissueCode(entry, reason=form.reason, entry_seen=form.cleaned_data["seen"])
            try:
                code = act.perform(by=request.user)
            except ValidationError as problem:
                form.refuse(problem)
            else:
                return self._show_code(request, entry, code, _("New code"))
        question = _(
            "Make a new code for %(voter)s? One that was given out before is void then. A vote that was cast stands, "
            "and can be changed with the new code where the election lets votes be changed."
        ) % {"voter": isolate(entry)}
        return show_form(self, request, election, _("New code"), form, _("Make the code"), note=question)

    @voter_view
    def voter_card_view(self, request: HttpRequest, entry: RollEntry) -> HttpResponse:
        """Give out the card of a voter whose code the page before has shown, and sends along."""
        form = CardForm(request.POST)
        try:
            code = codes.read(request.POST.get("code", ""))
        except codes.Mistyped:
            code = ""
        entry.refresh_from_db(fields=["code_hash"])
        if not code or not constant_time_compare(codes.hash_code(entry.election_id, code), entry.code_hash):
            text = _("No card was made: this voter has got another code meanwhile. Make a new one.")
            self.message_user(request, text, messages.ERROR)
            return redirect("admin:polls_election_voters", entry.election_id)
        chosen = CardForms(form.cleaned_data["form"]) if form.is_valid() else CardForms.LETTERS_A4
        card = Card(codes.write(code), str(entry), tuple(entry.groups))
        try:
            return write_file(chosen, write_notice(entry.election, site(request)["vote_url"]), [card])
        except ValidationError as problem:
            return self._show_code(request, entry, codes.write(code), _("New code"), " ".join(problem.messages))

    @roll_view(Right.WRITE)
    def codes_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Make codes for all voters, or for those who have none, and answer with the file that has them."""
        summary = summarise(election)
        form = CodesForm(election, summary.without_code, summary.voters, request.POST or None)
        if form.is_valid():
            try:
                return self._give_out(request, election, form)
            except ValidationError as problem:
                form.refuse(problem)
        context = page_context(
            self, request, _("Codes and cards"), election=election, voters_page=True,
            form=form, summary=summary, has_opened=has_opened(election), too_many=_too_many(summary.voters),
        )  # fmt: skip
        status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
        return TemplateResponse(request, "office/roll_codes.html", context, status=status)

    def _give_out(self, request: HttpRequest, election: Election, form: CodesForm) -> HttpResponse:
        """Make codes, and return the file with them; raises ValidationError, and then no code is made."""
        only_missing = form.cleaned_data["who"] == "missing"
        summary = summarise(election)
        if problem := _too_many(summary.without_code if only_missing else summary.voters):
            raise ValidationError(problem)
        chosen = CardForms(form.cleaned_data["form"])
        notice = write_notice(election, site(request)["vote_url"])
        if chosen != CardForms.TABLE:
            # Before codes are made that could not be printed.
            notice.check()
        made: list[Card] = []

        def take_code(entry: RollEntry, code: str) -> None:
            made.append(Card(code, str(entry), tuple(entry.groups)))

        ReissueAllCodes(
            election, take_code, reason=form.reason, seen=form.cleaned_data["seen"], only_missing=only_missing
        ).perform(by=request.user)
        return write_file(chosen, notice, made)

    def _show_code(
        self, request: HttpRequest, entry: RollEntry, code: str, title: str, problem: str = ""
    ) -> HttpResponse:
        context = page_context(
            self, request, title, election=entry.election, voters_page=True,
            entry=entry, code=code, form=CardForm(), problem=problem,
        )  # fmt: skip
        return TemplateResponse(request, "office/voter_code.html", context)


def _too_many(cards: int) -> str:
    """Say what to do where there are more cards than one answer can hold; "" where it can."""
    if cards <= MOST_CARDS:
        return ""
    text = ngettext(
        "The roll has %(voters)d voter, and this page makes at most %(most)d codes at once. Whoever runs this server "
        "can import the list with codes: ./urna manage import_roll, with --codes.",
        "The roll has %(voters)d voters, and this page makes at most %(most)d codes at once. Whoever runs this server "
        "can import the list with codes: ./urna manage import_roll, with --codes.",
        cards,
    )
    return text % {"voters": cards, "most": MOST_CARDS}
