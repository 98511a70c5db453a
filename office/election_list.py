"""The list of elections: how far each has come, and several closed or archived at once."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from pages.context_processors import site
from pages.templatetags.display import isolate, whole
from polls.life import State, describe, where_described
from polls.models import Election

from .access import Right, elections_of
from .acts import Act, Archive, Close
from .election_view import page_context
from .times import in_zone


class PhaseFilter(admin.SimpleListFilter):
    """How far an election has come; without a choice those that are archived are left out."""

    title = _("phase")
    parameter_name = "phase"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("draft", _("draft")),
            ("scheduled", _("scheduled")),
            ("open", _("open")),
            ("closed", _("closed, being counted")),
            ("final", _("final")),
            ("cancelled", _("cancelled")),
            ("archived", _("archived")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Election]) -> QuerySet[Election]:
        chosen = self.value()
        if chosen is None:
            return queryset.filter(archived_at=None)
        return queryset.filter(where_described(chosen, timezone.now()))


class ElectionPages(ChangeList):
    """A list that leads to the pages of the elections, not to their forms."""

    def url_for_result(self, result: Any) -> str:
        return reverse("admin:polls_election_page", args=[result.pk])


class ElectionListMixin(admin.ModelAdmin):
    """The list of an election's admin."""

    # The account second, so that it is in sight on a phone.
    list_display = ("title", "account", "phase", "ballots", "opens", "closes")
    list_filter = (PhaseFilter, "contests__method")
    search_fields = ("title", "slug")
    list_select_related = ("outcome",)
    list_per_page = 50
    actions = ("close_selected", "archive_selected")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ElectionPages

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        # Drafts are deleted one by one, on their own pages.
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def get_list_display(self, request: HttpRequest) -> Any:
        addresses = site(request)

        @admin.display(description=_("pages"))
        def links(election: Election) -> SafeString | str:
            if election.state == State.DRAFT:
                return "–"
            short = format_html(" /{}", election.short_code)
            return format_html(
                '<a href="{}/{slug}/">{}</a> <a href="{}/{slug}/">{}</a>{}',
                addresses["vote_url"],
                gettext("Ballot"),
                addresses["result_url"],
                gettext("Results"),
                short if election.short_code else "",
                slug=election.slug,
            )

        return (*self.list_display, links)

    @admin.display(description=_("phase"))
    def phase(self, election: Election) -> str:
        return describe(election, timezone.now())

    @admin.display(description=_("ballots"))
    def ballots(self, election: Election) -> str:
        outcome = getattr(election, "outcome", None)
        return whole(outcome.ballots) if outcome else "–"

    @admin.display(description=_("opens"), ordering="opens_at")
    def opens(self, election: Election) -> str:
        return in_zone(election.opens_at, election)

    @admin.display(description=_("closes"), ordering="closes_at")
    def closes(self, election: Election) -> str:
        return in_zone(election.closes_at, election)

    @admin.action(description=_("Close the chosen elections now"), permissions=("run",))
    def close_selected(self, request: HttpRequest, chosen: QuerySet[Election]) -> HttpResponse | None:
        question = gettext("Close these elections now? Nobody can vote on them any more.")
        return self._act_on_all(request, chosen, Close, question, gettext("Close now"))

    @admin.action(description=_("Archive the chosen elections"), permissions=("run",))
    def archive_selected(self, request: HttpRequest, chosen: QuerySet[Election]) -> HttpResponse | None:
        question = gettext("Archive these elections? They leave the lists; their results stay at their addresses.")
        return self._act_on_all(request, chosen, Archive, question, gettext("Archive"))

    def _act_on_all(
        self,
        request: HttpRequest,
        chosen: QuerySet[Election],
        act: Callable[[Election], Act[Any]],
        question: str,
        button: str,
    ) -> HttpResponse | None:
        """Ask, then do an act with each of the chosen elections; one that fails keeps no other from it."""
        chosen = chosen.filter(pk__in=elections_of(request.user, Right.RUN))
        if "sure" not in request.POST:
            hidden = [("action", request.POST["action"]), ("sure", "yes")]
            hidden += [("_selected_action", str(election.pk)) for election in chosen]
            context = page_context(
                self,
                request,
                button,
                question=question,
                elections=chosen,
                hidden=hidden,
                button=button,
                back=request.get_full_path(),
            )
            return TemplateResponse(request, "office/confirm.html", context)
        done = 0
        for election in chosen:
            try:
                act(election).perform(by=request.user)
                done += 1
            except ValidationError as problem:
                self.message_user(request, f"“{isolate(election)}”: {' '.join(problem.messages)}", messages.ERROR)
        if done:
            text = ngettext("Done with %(n)d election.", "Done with %(n)d elections.", done) % {"n": done}
            self.message_user(request, text, messages.SUCCESS)
        return None
