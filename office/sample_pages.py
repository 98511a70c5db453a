"""The page of an audit by sample, for officials and observers."""

from decimal import Decimal
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from polls.labels import LONGEST_EXPLANATION
from polls.models import Election
from record.models import Audit, Sample
from record.quorum import count_ballots_of_record
from record.sampling.picks import FEWEST_DICE, MOST_DICE, MOST_DRAWS, BadDice, read_dice
from record.sampling.sample_file import write_sample
from record.sampling.sample_size import draws_to_find
from results.snapshot import Snapshot

from .access import Right, rights_on
from .act_pages import Said, do_act, do_typed
from .election_page import read_numbers
from .election_view import election_view, page_context
from .sample_acts import RISK_LIMITS, DrawSample, NoteSample, PrepareAudit, find_hindrance
from .sample_margins import Margin, find_margins
from .sample_shown import judge, show_opened

# Shares of wrong entries for which the page says how many draws find one.
SHARES = (0.1, 0.05, 0.02, 0.01)
PLANNED = Decimal("0.05")


class DiceForm(forms.Form):
    """The dice that were thrown in public, and how many entries they are to draw."""

    dice = forms.CharField(
        label=gettext_lazy("Dice"),
        max_length=5 * MOST_DICE,
        widget=forms.Textarea(attrs={"rows": 2, "inputmode": "numeric", "autocomplete": "off", "dir": "ltr"}),
        help_text=gettext_lazy(
            "At least 20 digits from 1 to 6, in the order in which they fell. Blanks do not matter."
        ),
    )
    risk_limit = forms.TypedChoiceField(
        label=gettext_lazy("Risk limit"),
        coerce=Decimal,
        choices=[(str(one), f"{one:.0%}") for one in RISK_LIMITS],
        initial=str(PLANNED),
        help_text=gettext_lazy("The largest chance that a wrong outcome is not noticed."),
    )
    draws = forms.IntegerField(label=gettext_lazy("Entries to draw"), min_value=1, max_value=MOST_DRAWS, required=False)
    known = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, margins: list[Margin], entries: int, known: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.margins, self.entries = margins, entries
        self.fields["known"].initial = known
        if self.needed(PLANNED) is None:
            self.fields["draws"].required = True
        else:
            self.fields["draws"].help_text = _("Leave it empty for as many as the risk limit needs.")

    def needed(self, risk_limit: Decimal) -> int | None:
        """Return how many draws a risk limit needs for all contests; None if that is not known."""
        return draws_for_all(self.margins, self.entries, risk_limit)

    def clean_dice(self) -> str:
        typed: str = self.cleaned_data["dice"]
        try:
            return read_dice(typed)
        except BadDice:
            raise forms.ValidationError(
                _("Type %(n)d to %(most)d digits from 1 to 6. Yours is kept here: correct it, and send it again.")
                % {"n": FEWEST_DICE, "most": MOST_DICE}
            ) from None

    def count_draws(self) -> int:
        """Return how many entries are to be drawn."""
        return self.cleaned_data["draws"] or self.needed(self.cleaned_data["risk_limit"]) or 0


class NoteForm(forms.Form):
    """What was found out about a difference."""

    sample = forms.IntegerField(widget=forms.HiddenInput)
    note = forms.CharField(
        label=gettext_lazy("What was found out, and by whom"),
        max_length=LONGEST_EXPLANATION,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def draws_for_all(margins: list[Margin], entries: int, risk_limit: Decimal) -> int | None:
    """Return how many draws a risk limit needs for all contests; None if that of one is not known."""
    needed = [one.draws_needed(entries, float(risk_limit)) for one in margins]
    known = [one for one in needed if one is not None]
    return max(known) if known and len(known) == len(needed) else None


class SamplePagesMixin(admin.ModelAdmin):
    """The audit by sample of an election's admin."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        prepare: Any = require_POST(self.prepare_audit_view)
        note: Any = require_POST(self.note_sample_view)
        return [
            path("<int:pk>/audit/", wrap(self.audit_view), name="polls_election_audit"),
            path("<int:pk>/audit/prepare/", wrap(prepare), name="polls_election_prepare_audit"),
            path("<int:pk>/audit/note/", wrap(note), name="polls_election_note_sample"),
            path("<int:pk>/audit/sample.json", wrap(self.sample_file_view), name="polls_election_sample_file"),
            *super().get_urls(),
        ]

    @election_view(Right.AUDIT)
    def audit_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Show how far the audit is, and draw a sample by the dice that somebody enters."""
        return self._show_audit(request, election, sent=request.POST if request.method == "POST" else None)

    def _show_audit(
        self,
        request: HttpRequest,
        election: Election,
        *,
        sent: QueryDict | None = None,
        refused_note: NoteForm | None = None,
    ) -> HttpResponse:
        """Show the page, after drawing by the dice that were sent; a refused note stands where it was typed."""
        audit = Audit.objects.filter(election=election).first()
        samples = list(audit.samples.select_related("audit").order_by("pk")) if audit else []
        entries = count_ballots_of_record(election.pk)
        shown, _problem = read_numbers(election)
        margins = find_margins(shown) if shown else []
        rights = rights_on(request.user, election)
        hindrance = find_hindrance(election)
        form = DiceForm(sent if Right.RUN in rights else None, margins=margins, entries=entries, known=len(samples))
        if form.is_valid():
            act = DrawSample(
                election,
                form.cleaned_data["dice"],
                form.count_draws(),
                form.cleaned_data["risk_limit"],
                known=form.cleaned_data["known"],
            )
            if hindrance or not (audit and audit.manifest) or act.known != len(samples):
                # The page has no form, or the form is of another moment, and must not come back as it is.
                return do_act(self, request, act, describe_sample, back_to="audit")
            if done := do_typed(self, request, form, act, describe_sample, back_to="audit"):
                return done
        context = page_context(
            self,
            request,
            _("Audit by sample"),
            election=election,
            audit=audit,
            hindrance=hindrance,
            may_run=Right.RUN in rights,
            may_note=Right.CERTIFY in rights,
            form=form,
            **tell_sizes(margins, entries),
            samples=[tell_sample(one, shown, margins, entries, refused_note) for one in samples] if shown else [],
        )
        status = HTTPStatus.BAD_REQUEST if form.errors or refused_note else HTTPStatus.OK
        return TemplateResponse(request, "office/audit.html", context, status=status)

    @election_view(Right.RUN)
    def prepare_audit_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Have a worker fix what is compared."""
        return do_act(self, request, PrepareAudit(election), describe_audit, back_to="audit")

    @election_view(Right.CERTIFY)
    def note_sample_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Store what was found out about a difference."""
        form = NoteForm(request.POST)
        if not form.is_valid():
            self.message_user(request, _("Not noted: say what was found out, and by whom."), messages.ERROR)
            return self._show_audit(request, election, refused_note=form)
        act = NoteSample(election, form.cleaned_data["sample"], form.cleaned_data["note"])
        return do_act(self, request, act, lambda _sample: _("Noted."), back_to="audit")

    @election_view(Right.AUDIT)
    def sample_file_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Return a sample as a file that observers check with a program of their own."""
        number = request.GET.get("sample", "")
        found = Sample.objects.filter(audit=election.pk, pk=number) if number.isdecimal() else Sample.objects.none()
        sample = found.select_related("audit").first()
        if sample is None or not sample.opened.exists():
            raise Http404(_("There is no such sample, or its entries are deleted."))
        response = HttpResponse(write_sample(sample), content_type="application/json; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{election.slug}-sample-{sample.pk}.json"'
        return response


def tell_sizes(margins: list[Margin], entries: int) -> dict[str, Any]:
    """Return how many entries have to be opened, by contest and risk limit, and what finds a share of wrong ones."""
    return {
        "entries": entries,
        "margins": [
            (one, [one.draws_needed(entries, float(limit)) for limit in RISK_LIMITS]) for one in margins if entries
        ],
        "risk_limits": [f"{one:.0%}" for one in RISK_LIMITS],
        "needs_other": any(one.votes is None for one in margins),
        "finding": [(f"{share:.0%}", draws_to_find(share, float(PLANNED))) for share in SHARES],
    }


def tell_sample(
    sample: Sample, shown: Snapshot, margins: list[Margin], entries: int, refused_note: NoteForm | None
) -> dict[str, Any]:
    """Return what the page says of one sample."""
    opened = show_opened(sample, shown.paper, entries)
    if refused_note and refused_note.data.get("sample") == str(sample.pk):
        note = refused_note
    else:
        note = NoteForm(initial={"sample": sample.pk}, auto_id=f"sample-{sample.pk}-%s")
    return {"row": sample, "opened": opened, "shows": judge(sample, margins, entries), "note_form": note}


def describe_audit(audit: Audit) -> Said:
    """Say how far a preparation has come."""
    if audit.problem:
        return _("Not prepared: the record and the ballots do not fit. The page says how."), messages.ERROR
    if audit.manifest:
        return _("Prepared. Now throw the dice in public.")
    return _("The worker is at it. Load this page again in a moment."), messages.WARNING


def describe_sample(sample: Sample) -> Said:
    """Say what has come of a sample."""
    if sample.problem or sample.unequal:
        return _("A difference was found. The page says which."), messages.ERROR
    if sample.opened_at:
        return _("Opened. All entries of the sample are what is published.")
    return _("Drawn. The worker opens the entries; load this page again in a moment."), messages.WARNING
