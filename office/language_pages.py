"""The languages of a paper: which it is in, what is missing in each, and the page on which one is written."""

from functools import partial
from http import HTTPStatus
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from pages.templatetags.display import isolate
from polls.delivery import Arrival
from polls.design import Paper
from polls.life import State
from polls.models import Election
from polls.publishing import Publication
from polls.wording import list_languages, name_language, with_translated
from tally.announce import announce

from .access import Right
from .acts import Publish
from .election_view import election_view, page_context
from .language_form import MOST_FIELDS, LanguageForm, save_translations
from .language_states import judge_languages
from .saving import tell_waiting


class PublishTranslation(Publish):
    """Let voters see an edit of a translation; the log tells the texts."""

    def __init__(self, election: Election, changes: dict[str, tuple[str | None, str | None]]) -> None:
        super().__init__(election)
        self.changes = changes

    def details(self) -> dict[str, tuple[str | None, str | None]]:
        return self.changes


class LanguagePagesMixin(admin.ModelAdmin):
    """The pages about the languages of an election's paper."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.languages_view)
        return [path("<int:pk>/languages/", view, name="polls_election_languages"), *super().get_urls()]

    @election_view(Right.WRITE)
    def languages_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """List the languages; then show one to be written, beside the paper's own; then save it."""
        code = request.GET.get("in", "")
        if not code:
            return self._list_all_languages(request, election)
        own = election.language
        if not own or code == own or code not in dict(list_languages(*Paper.of(election).languages)):
            raise Http404(_("There is nothing at this address. Check it, or look in the list."))
        if request.method == "POST":
            return self._take_language(request, election, code)
        if election.is_frozen(timezone.now()):
            return self._list_all_languages(request, election)
        return self._show_language(request, election, LanguageForm(instance=election, language=code))

    def _list_all_languages(self, request: HttpRequest, election: Election) -> HttpResponse:
        paper = Paper.of(election)
        context = page_context(
            self,
            request,
            _("Languages"),
            election=election,
            languages=judge_languages(paper),
            others=[one for one in list_languages() if one[0] not in paper.languages],
            is_frozen=election.is_frozen(timezone.now()),
        )
        return TemplateResponse(request, "office/languages.html", context)

    def _take_language(self, request: HttpRequest, election: Election, code: str) -> HttpResponse:
        if "remove" in request.POST and "sure" not in request.POST:
            return self._ask_language(request, election, code)
        publication = None
        try:
            with transaction.atomic():
                # Two people who save it take turns.
                stored = Election.objects.select_for_update().get(pk=election.pk)
                if "remove" in request.POST:
                    paper = with_translated(Paper.of(stored), code, {})
                    publication = self._save_language(request, stored, paper, code, {})
                else:
                    form = LanguageForm(request.POST, instance=stored, language=code)
                    if not form.is_valid():
                        return self._show_language(request, stored, form, HTTPStatus.BAD_REQUEST)
                    publication = self._save_language(request, stored, form.write(), code, form.changes())
        except ValidationError as problem:
            return self._refuse_language(request, election, code, " ".join(problem.messages))
        if publication and publication.arrival is Arrival.REFUSED:
            return self._refuse_language(request, election, code, _("The election has begun meanwhile."))
        if publication and publication.arrival is not Arrival.TAKEN:
            self.message_user(request, tell_waiting(publication), messages.WARNING)
        else:
            drafted = election.state == State.DRAFT
            self.message_user(request, _("The draft is saved.") if drafted else _("Saved, and published."))
        return redirect("admin:polls_election_languages", election.pk)

    def _save_language(
        self,
        request: HttpRequest,
        stored: Election,
        paper: Paper,
        code: str,
        changes: dict[str, tuple[str | None, str | None]],
    ) -> Publication | None:
        save_translations(stored, paper)
        self.log_change(request, stored, [{"changed": {"fields": [f"translations: {code}"]}}])
        if stored.state == State.DRAFT:
            return None
        transaction.on_commit(partial(announce, stored.pk))
        return PublishTranslation(stored, changes).perform(by=request.user)

    def _ask_language(self, request: HttpRequest, election: Election, code: str) -> HttpResponse:
        question = _("Take %(language)s off the paper? All that is written in it goes.")
        context = page_context(
            self,
            request,
            _("Take the language away"),
            election=election,
            question=question % {"language": isolate(name_language(code))},
            hidden=[("remove", "yes"), ("sure", "yes")],
            button=_("Take the language away"),
            back=request.get_full_path(),
        )
        return TemplateResponse(request, "office/confirm.html", context)

    def _refuse_language(self, request: HttpRequest, election: Election, code: str, reason: str) -> HttpResponse:
        election.refresh_from_db()
        form = LanguageForm(request.POST, instance=election, language=code)
        text = _("Nothing was saved. %(reason)s What you typed still stands below: copy what you need.")
        form.add_error(None, text % {"reason": reason})
        return self._show_language(request, election, form, HTTPStatus.CONFLICT)

    def _show_language(
        self, request: HttpRequest, election: Election, form: LanguageForm, status: int = HTTPStatus.OK
    ) -> HttpResponse:
        name = name_language(form.language)
        context: dict[str, Any] = page_context(
            self,
            request,
            name,
            election=election,
            form=form,
            language=form.language,
            name=name,
            own_name=name_language(election.language),
            is_new=not form.translated,
            too_many=len(form.texts) > MOST_FIELDS,
        )
        return TemplateResponse(request, "office/language.html", context, status=status)
