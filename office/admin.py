"""The election's admin: saving publishes, "Close now" seals, and nothing published can be deleted."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from pages.context_processors import site
from polls.ballot_box import Seal
from polls.life import ARCHIVABLE, Phase, State, describe
from polls.models import Election
from tally.models import RejectedBallot

from .account_page import AccountsMixin
from .acts import Act, Archive, Close
from .forms import FROZEN_FIELDS, ContestInline, ElectionForm, shows_frozen
from .models import LoggedAct
from .saving import PublishingMixin
from .times import in_zone


@admin.register(Election)
class ElectionAdmin(PublishingMixin, AccountsMixin):
    form = ElectionForm
    inlines = (ContestInline,)

    class Media:
        css = {"all": ["office/office.css"]}

    change_form_template = "office/election.html"
    # The account comes second, so that a phone shows it.
    list_display = ("title", "account", "phase", "opens", "closes")
    list_filter = ("contests__method",)
    search_fields = ("title", "slug")
    prepopulated_fields = {"slug": ("title",)}
    fieldsets = (
        (None, {"fields": ("title", "slug", "description")}),
        (_("Voting"), {"fields": ("votes_final", "proof_of_work")}),
    )

    # --- What may be done when ---------------------------------------------------------------------------

    def get_readonly_fields(self, request: HttpRequest, obj: Election | None = None) -> tuple[str, ...]:
        if obj is None or not shows_frozen(request, obj):
            return ()
        fixed = (*FROZEN_FIELDS, "opens")
        if request.method == "POST" and "closes_at_0" in request.POST:
            # Sent from a page that was loaded before the close. Publishing refuses it if it comes too late.
            return fixed
        if obj.phase(timezone.now()) in (Phase.CLOSED, Phase.CANCELLED):
            return (*fixed, "proof_of_work", "time_zone", "closes_at", "closes")
        return fixed

    def get_fieldsets(self, request: HttpRequest, obj: Election | None = None) -> Any:
        fixed = self.get_readonly_fields(request, obj)
        window = [
            "time_zone",
            "opens" if "opens_at" in fixed else "opens_at",
            "closes" if "closes_at" in fixed else "closes_at",
        ]
        return (*self.fieldsets, (_("Window"), {"fields": window}))

    def get_prepopulated_fields(self, request: HttpRequest, obj: Election | None = None) -> dict[str, Any]:
        return {} if "slug" in self.get_readonly_fields(request, obj) else dict(self.prepopulated_fields)

    def has_delete_permission(self, request: HttpRequest, obj: Election | None = None) -> bool:
        # Its address is never used again, and its records are kept: published elections are archived.
        return obj is not None and obj.state == State.DRAFT and super().has_delete_permission(request, obj)

    # --- Closing and archiving ---------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/close/", wrap(self.close_view), name="polls_election_close"),
            path("<int:pk>/archive/", wrap(self.archive_view), name="polls_election_archive"),
            *super().get_urls(),
        ]

    def close_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, then close the election at this moment; say what still waits to be counted."""
        question = gettext("Close “%(title)s” now? Nobody can vote any more, and it cannot be opened again.")
        return self._ask_and_do(request, pk, Close, question, gettext("Close now"), self._describe_waiting)

    def archive_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, then take a finished election off the lists."""
        question = gettext("Archive “%(title)s”? It leaves the public lists; its results stay at their address.")
        return self._ask_and_do(request, pk, Archive, question, gettext("Archive"), lambda _: gettext("Archived."))

    def _ask_and_do(
        self,
        request: HttpRequest,
        pk: int,
        act: type[Act[Any]],
        question: str,
        button: str,
        describe_done: Callable[[Any], str],
    ) -> HttpResponse:
        """Ask the question, do the act when its button is pressed, and say what was done, or why not."""
        election = self._get_changeable(request, pk)
        if request.method != "POST":
            return self._confirm(request, election, question % {"title": election}, button)
        try:
            result = act(election).perform(by=request.user)
        except ValidationError as problem:
            self.message_user(request, " ".join(problem.messages), messages.ERROR)
        else:
            self.message_user(request, describe_done(result), messages.SUCCESS)
        return redirect("admin:polls_election_change", pk)

    @staticmethod
    def _describe_waiting(seal: Seal) -> str:
        if not seal.waiting:
            return gettext("Closed. Every ballot is counted.")
        text = ngettext(
            "Closed. %(n)d ballot still waits to be counted; it was accepted in time, and will count.",
            "Closed. %(n)d ballots still wait to be counted; they were accepted in time, and will count.",
            seal.waiting,
        )
        return text % {"n": seal.waiting}

    def _get_changeable(self, request: HttpRequest, pk: int) -> Election:
        election = get_object_or_404(Election, pk=pk)
        if not self.has_change_permission(request, election):
            raise PermissionDenied
        return election

    def _confirm(self, request: HttpRequest, election: Election, question: str, button: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": button,
            "opts": self.opts,
            "election": election,
            "question": question,
            "button": button,
            "back": reverse("admin:polls_election_change", args=[election.pk]),
        }
        return TemplateResponse(request, "office/confirm.html", context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        election = kwargs.get("obj")
        now = timezone.now()
        if election is not None:
            phase = election.phase(now)
            context |= {
                "facts": self._facts(election),
                "refused_edit": self.describe_refused(election),
                **self.describe_accounts(self.get_queryset(request).get(pk=election.pk)),
                "may_close": phase == Phase.OPEN,
                "may_archive": election.state in ARCHIVABLE and election.archived_at is None,
                **{name: f"{url}/{election.slug}/" for name, url in site(request).items() if name != "replica"},
            }
        return super().render_change_form(request, context, *args, **kwargs)

    @staticmethod
    def _facts(election: Election) -> list[tuple[str, str]]:
        facts = [
            (gettext("Phase"), describe(election, timezone.now())),
            (gettext("Opens"), in_zone(election.opens_at, election)),
            (gettext("Closes"), in_zone(election.closes_at, election)),
        ]
        facts += [
            (label, in_zone(moment, election))
            for label, moment in (
                (gettext("Sealed"), election.sealed_at),
                (gettext("Final"), election.final_at),
                (gettext("Cancelled"), election.cancelled_at),
                (gettext("Archived"), election.archived_at),
            )
            if moment
        ]
        return facts

    # --- The list ----------------------------------------------------------------------------------------

    @admin.display(description=_("phase"))
    def phase(self, election: Election) -> str:
        return describe(election, timezone.now())

    @admin.display(description=_("opens"), ordering="opens_at")
    def opens(self, election: Election) -> str:
        return in_zone(election.opens_at, election)

    @admin.display(description=_("closes"), ordering="closes_at")
    def closes(self, election: Election) -> str:
        return in_zone(election.closes_at, election)


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that are read here, and never changed."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(RejectedBallot)
class RejectedBallotAdmin(ReadOnlyAdmin):
    """What was set aside."""

    list_display = ("rejected_at", "election", "reason", "detail", "shard", "serial", "entry")
    list_filter = ("reason", "election")


@admin.register(LoggedAct)
class LoggedActAdmin(ReadOnlyAdmin):
    """Who did what, and when."""

    list_display = ("at", "slug", "act", "actor", "changed")
    list_filter = ("act",)
    search_fields = ("slug", "actor")

    @admin.display(description=_("changes"))
    def changed(self, act: LoggedAct) -> str:
        return "; ".join(f"{name}: {old or '–'} → {new or '–'}" for name, (old, new) in act.changes.items())
