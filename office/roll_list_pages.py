"""The pages for a voter list that comes in parts: its upload by script, its preview, and its import with progress."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pages.templatetags.display import whole
from polls.models import Election
from polls.roll.ready import count_voters

from . import roll_list, roll_progress
from .access import Right
from .election_view import page_context
from .models import RollList
from .roll_acts import ImportRoll
from .roll_files.reading import Reading
from .roll_files.records import Record
from .roll_import_pages import PreviewForm, show_preview
from .roll_pages import say_imported
from .roll_upload import Looked, look_at
from .roll_view import has_opened, roll_view

_PROGRESS = "<!-- progress -->"


class RollListPagesMixin(admin.ModelAdmin):
    """The import of a large roll."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        part = require_POST(self.roll_part_view)
        return [
            path("<int:pk>/voters/import/part/", wrap(part), name="polls_election_roll_part"),
            path("<int:pk>/voters/import/<int:number>/", wrap(self.roll_list_view), name="polls_election_roll_list"),
            *super().get_urls(),
        ]

    @roll_view(Right.WRITE)
    def roll_part_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Take one part of a list, the first one without a number; answer with the number and the next page."""
        try:
            size, place = (int(request.POST.get(name, "")) for name in ("size", "place"))
            number = int(request.POST.get("list") or 0)
            [part] = request.FILES.getlist("part")
            content = bytes(part.read())
        except (ValueError, KeyError):
            return JsonResponse({"problem": _("The file could not be read. Choose it again.")}, status=400)
        try:
            if number:
                found = roll_list.get_list(election, _number(request), number)
            else:
                found = roll_list.begin(election, _number(request), size)
            roll_list.add_part(found, place, content)
        except ValidationError as problem:
            return JsonResponse({"problem": " ".join(problem.messages)}, status=400)
        page = reverse("admin:polls_election_roll_list", args=[election.pk, found.pk])
        return JsonResponse({"list": found.pk, "page": page})

    def roll_list_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """Show what is in a list, and import it once that was seen."""

        @roll_view(Right.WRITE)
        def show(self: RollListPagesMixin, request: HttpRequest, election: Election) -> HttpResponse:
            found = roll_list.find_list(election, _number(request), number)
            if found is None or not roll_list.is_whole(found) or has_opened(election):
                text = _("This list is not there any more. Choose the file again.")
                self.message_user(request, text, messages.WARNING)
                return redirect("admin:polls_election_import_roll", election.pk)
            return _answer(self, request, election, found)

        return show(self, request, pk)


def _number(request: HttpRequest) -> int:
    return int(request.user.pk or 0)


def _answer(site: Any, request: HttpRequest, election: Election, found: RollList) -> HttpResponse:
    """Show the preview of a whole list, or import it."""
    file = roll_list.open_list(found)
    if request.method != "POST":
        try:
            return show_preview(site, request, election, look_at(file), is_staged=True)
        except ValidationError as problem:
            site.message_user(request, " ".join(problem.messages), messages.ERROR)
            return redirect("admin:polls_election_import_roll", election.pk)
    form = PreviewForm(look_at(file, look=False).layout, count_voters(election)[0], request.POST)
    is_order = "import" in request.POST
    refusal = form.refusal()
    columns = form.chosen()
    how = form.cleaned_data.get("how", "")
    if refusal or not is_order:
        shown = refusal if is_order else ""
        return show_preview(site, request, election, look_at(file, columns), shown, how=how, is_staged=True)
    looked = look_at(file, columns, look=False)
    act = ImportRoll(election, _read(looked), replace=how == "replace", seen=form.cleaned_data["seen"])
    try:
        news = roll_progress.run(act, by=request.user, afterwards=found.delete)
    except roll_progress.Busy:
        text = _("Not imported yet: this server is busy with other imports. Try again in a minute.")
        return show_preview(site, request, election, look_at(file, columns), text, how=how, is_staged=True)
    context = page_context(site, request, _("Import a list"), election=election, voters_page=True, marker=_PROGRESS)
    page = render_to_string("office/roll_progress.html", context, request)
    # Django has no common name for what a view returns.
    return cast(HttpResponse, StreamingHttpResponse(_stream(page, news, election)))


def _read(looked: Looked) -> Iterator[Record]:
    """Yield the voters of a list; raises ValidationError at its end if a line is wrong, so that nobody is imported."""
    reading: Reading = looked.reading()
    yield from reading
    if reading.report.problems.count:
        raise ValidationError(_("Nothing was imported: lines of the list are wrong. Choose the file again."))


def _stream(page: str, news: Iterable[int | roll_progress.Outcome], election: Election) -> Iterator[str]:
    """Yield a page piece by piece, in whose middle the import tells how far it is."""
    head, tail = page.split(_PROGRESS)
    yield head
    for one in news:
        if not isinstance(one, roll_progress.Outcome):
            text = _("%(n)s voters are read.") % {"n": whole(one)}
            yield format_html("<li>{}</li>\n", text)
        elif one.problem:
            yield format_html('<li class="errornote">{}</li>\n', one.problem)
        else:
            yield format_html('<li class="done"><strong>{}</strong></li>\n', say_imported(election, one.number))
    yield tail
