"""Papers as files: the paper of an election saved as JSON, and a draft made of such a file."""

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from polls.models import Election
from polls.paper_file import create_election, write_paper

from .access import Right, hold, writes_for
from .election_view import election_view, page_context
from .models import Organisation

# Bytes. The server takes no request that is much larger; a thousand options with some lines each fit.
LARGEST_FILE = 1_000_000


class PaperFileForm(forms.Form):
    """A file with the paper of an election."""

    file = forms.FileField(
        label=gettext_lazy("File"), help_text=gettext_lazy("JSON, as “Save the paper as a file” makes it.")
    )

    def clean_file(self) -> dict[str, Any]:
        """Return the content of the file."""
        file = self.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            raise ValidationError(_("The file is too large to be a paper. Choose another."))
        try:
            content: dict[str, Any] = json.loads(file.read().decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise ValidationError(_("The file is no JSON in UTF-8. Choose another.")) from error
        return content


@transaction.atomic
def make_draft(paper: dict[str, Any], organisation: Organisation | None = None) -> Election:
    """Make a draft of a paper in JSON for an organisation; raises ValidationError."""
    draft = create_election(paper)
    hold(draft, organisation)
    return draft


class PaperPagesMixin(admin.ModelAdmin):
    """Export and import of papers."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("import/", wrap(self.import_view), name="polls_election_import"),
            path("<int:pk>/paper.json", wrap(self.export_view), name="polls_election_export"),
            *super().get_urls(),
        ]

    @election_view(Right.SEE)
    def export_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Give out the paper as a file."""
        options = {"ensure_ascii": False, "indent": 2}
        response = JsonResponse(write_paper(election), json_dumps_params=options)
        response["Content-Disposition"] = f'attachment; filename="{election.slug}.json"'
        return response

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Make a draft of a file, or say what is wrong with it, and make nothing."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = PaperFileForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                draft = make_draft(form.cleaned_data["file"], writes_for(request.user))
            except ValidationError as problem:
                form.add_error("file", problem.messages)
            else:
                self.message_user(request, _("This draft was made of the file. Look it over, then publish it."))
                return redirect("admin:polls_election_page", draft.pk)
        context = page_context(
            self,
            request,
            _("Make a draft of a file"),
            form=form,
            button=_("Make the draft"),
            back=reverse("admin:polls_election_changelist"),
        )
        return TemplateResponse(request, "office/confirm.html", context)
