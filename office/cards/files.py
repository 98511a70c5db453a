"""The cards of an election as a file for whoever hands them out, in a form of choice."""

import io
from collections.abc import Iterable

from django import forms
from django.db.models import TextChoices
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from polls.design import Paper as BallotPaper
from polls.models import Election

from ..models import Holding
from ..time_fields import find_zone
from .card import Card, Notice
from .mail_merge import write_table


class CardForms(TextChoices):
    """The forms in which cards are given out."""

    SHEETS_A4 = "sheets-a4", _("ten to a sheet of A4, to cut apart (PDF)")
    SHEETS_LETTER = "sheets-letter", _("ten to a sheet of US Letter, to cut apart (PDF)")
    LETTERS_A4 = "letters-a4", _("one to a page of A4, for window envelopes (PDF)")
    LETTERS_LETTER = "letters-letter", _("one to a page of US Letter, for window envelopes (PDF)")
    TABLE = "table", _("a table for a mail merge of your own (CSV)")


class CardForm(forms.Form):
    """In which form cards are given out."""

    form = forms.ChoiceField(label=_("As"), choices=CardForms)


def write_notice(election: Election, vote_url: str) -> Notice:
    """Return what stands on all cards of an election."""
    paper = BallotPaper.of(election)
    holding = Holding.objects.filter(election=election).select_related("organisation").first()
    return Notice(
        title=election.title,
        address=f"{vote_url}/{election.slug}/",
        questions=tuple(one.title for one in paper.contests if one.title),
        closes_at=election.closes_at,
        zone=find_zone(election.time_zone),
        organisation=holding.organisation.public_name if holding else "",
    )


def write_file(form: CardForms, notice: Notice, cards: Iterable[Card]) -> HttpResponse:
    """Return cards as a file, which is never on a disk; raises ValidationError if a text has no font."""
    slug = notice.address.rstrip("/").rpartition("/")[2]
    if form == CardForms.TABLE:
        table = io.StringIO(newline="")
        write_table(table, notice, cards)
        content, kind, ending = table.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8", "csv"
    else:
        # ReportLab is loaded with the first file, and not by each process that has the pages of the office.
        from ..pdf.paper import Paper
        from .letters import print_letters
        from .sheets import print_sheets

        how, _dash, size = form.value.partition("-")
        file = io.BytesIO()
        (print_sheets if how == "sheets" else print_letters)(file, notice, cards, Paper(size))
        content, kind, ending = file.getvalue(), "application/pdf", "pdf"
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{slug}-cards.{ending}"'
    return response
