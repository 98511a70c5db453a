"""The page on which a manager imports a voter list: a file is chosen, looked over, then imported as a whole."""

import io
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, BinaryIO

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from polls.models import Election
from polls.roll.ready import count_voters

from .access import Right
from .election_view import page_context
from .roll_acts import ImportRoll
from .roll_files.columns import Column
from .roll_files.layout import Layout
from .roll_list import LARGEST_STAGED, PART
from .roll_list import too_large as too_large_to_stage
from .roll_pages import say_imported
from .roll_upload import LARGEST_LIST, LONGEST_CARRIED, Looked, carry, look_at, too_large, unpack
from .roll_view import has_opened, read_revision, roll_view, show_form

# How many characters of a cell the preview shows.
LONGEST_CELL = 40


class ListForm(forms.Form):
    """A file with a voter list."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}),
        help_text=gettext_lazy(
            "CSV, as spreadsheets save it, up to 15 MB, about 200,000 voters; without JavaScript up to 1 MB. For "
            "larger lists whoever runs this server has the command ./urna manage import_roll."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].widget.attrs |= {
            "data-too-large": too_large_to_stage(),
            "data-largest": LARGEST_STAGED,
            "data-part": PART,
            # A list beyond this may be too large for the page that carries it.
            "data-parts-from": LONGEST_CARRIED,
        }

    def clean_file(self) -> BinaryIO:
        """Return the content of the file."""
        file = self.cleaned_data["file"]
        if file.size > LARGEST_LIST:
            raise ValidationError(too_large())
        if not file.size:
            raise ValidationError(_("The file is empty. Choose another."))
        return io.BytesIO(file.read())


class PreviewForm(forms.Form):
    """What each column of a list is, and what becomes of the voters who are on the roll already."""

    # What the page carries: the list, the roll that it was looked at for, and the columns with which it was read.
    list = forms.CharField(widget=forms.HiddenInput, required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput)
    looked = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, layout: Layout, voters: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.columns = [f"column-{place}" for place in range(len(layout.columns))]
        for place, (name, column) in enumerate(zip(self.columns, layout.columns, strict=True)):
            title = layout.titles[place] if place < len(layout.titles) else ""
            self.fields[name] = forms.ChoiceField(
                label=f"“{title}”" if title else _("Column %(number)d") % {"number": place + 1},
                choices=[("", _("not imported")), *Column.choices],
                required=False,
                initial=column or "",
            )
        if voters:
            self.fields["how"] = forms.ChoiceField(
                label=_("Voters who are on the roll already (%(number)d)") % {"number": voters},
                choices=[("add", _("they stay, and those of the list come in addition")), ("replace", _("they go"))],
                widget=forms.RadioSelect,
                required=False,
            )

    def chosen(self) -> tuple[Column | None, ...]:
        """Return what each column was said to be."""
        values = [self.cleaned_data.get(name) for name in self.columns]
        return tuple(Column(value) if value else None for value in values)

    def refusal(self) -> str:
        """Return why the list is not imported as it was sent, or nothing."""
        if not self.is_valid() or self.cleaned_data["looked"] != write_columns(self.chosen()):
            return _("Not imported yet: the columns were changed. Look at what is read now, then import.")
        if "how" in self.fields and not self.cleaned_data["how"]:
            return _("Not imported yet: say what becomes of the voters who are on the roll already.")
        return ""


class RollImportPagesMixin(admin.ModelAdmin):
    """The import of a roll."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.import_roll_view)
        return [path("<int:pk>/voters/import/", view, name="polls_election_import_roll"), *super().get_urls()]

    @roll_view(Right.WRITE)
    def import_roll_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Ask for a list, show what is in it, and import it once that was seen."""
        if has_opened(election):
            text = _("A list is imported before the opening only. Now add voters one by one.")
            self.message_user(request, text, messages.WARNING)
            return redirect("admin:polls_election_voters", election.pk)
        is_sent = request.method == "POST"
        try:
            if is_sent and "list" in request.POST:
                return self._go_on(request, election, unpack(request.POST["list"]))
            form = ListForm(request.POST, request.FILES) if is_sent else ListForm()
            if form.is_valid():
                looked = look_at(form.cleaned_data["file"])
                return show_preview(self, request, election, looked)
        except ValidationError as problem:
            form = ListForm({}, {})
            form.errors["file"] = form.error_class(problem.messages)
        note = _(
            "The next page shows what is in the list, and nothing is imported before you have seen it. Until then a "
            "list of up to 250 kB is kept in that page alone, and a larger one on the server, for a day at most."
        )
        parts = reverse("admin:polls_election_roll_part", args=[election.pk])
        return show_form(
            self, request, election, _("Import a list"), form, _("Look at the list"), note=note, parts=parts
        )

    def _go_on(self, request: HttpRequest, election: Election, file: BinaryIO) -> HttpResponse:
        """Look at a list with the columns that were chosen, or import it."""
        form = PreviewForm(look_at(file).layout, count_voters(election)[0], request.POST)
        refusal = form.refusal()
        looked = look_at(file, form.chosen())
        how = form.cleaned_data.get("how", "")
        if "import" not in request.POST or not looked.may_be_imported:
            return show_preview(self, request, election, looked, how=how)
        if refusal:
            return show_preview(self, request, election, looked, refusal, how=how)
        act = ImportRoll(election, looked.reading(), replace=how == "replace", seen=form.cleaned_data["seen"])
        try:
            number = act.perform(by=request.user)
        except ValidationError as problem:
            return show_preview(self, request, election, looked, " ".join(problem.messages), how=how)
        self.message_user(request, say_imported(election, number))
        return redirect("admin:polls_election_voters", election.pk)


def show_preview(
    site: Any,
    request: HttpRequest,
    election: Election,
    looked: Looked,
    refusal: str = "",
    *,
    how: str = "",
    is_staged: bool = False,
) -> HttpResponse:
    """Show what is in a list; its page carries the list itself, unless it waits on the server."""
    layout = looked.layout
    voters = count_voters(election)[0]
    carried = {
        "list": "" if is_staged else carry(looked.file),
        "seen": read_revision(election),
        "looked": write_columns(layout.columns),
        "how": how,
    }
    form = PreviewForm(layout, voters, initial=carried)
    rows = [(row.line, [cell[:LONGEST_CELL] for cell in row.cells[: len(layout.columns)]]) for row in layout.sample]
    context = page_context(
        site, request, _("Import a list"), election=election, voters_page=True, looked=looked, refusal=refusal,
        form=form, columns=[form[name] for name in form.columns], rows=rows,
        more_problems=looked.report.problems.count - len(looked.report.problems.first),
        more_warnings=looked.report.warnings.count - len(looked.report.warnings.first),
    )  # fmt: skip
    status = HTTPStatus.BAD_REQUEST if refusal else HTTPStatus.OK
    return TemplateResponse(request, "office/roll_preview.html", context, status=status)


def write_columns(columns: Iterable[Column | None]) -> str:
    """Write what each column is, as the page of a preview sends it back."""
    return ",".join(column or "" for column in columns)
