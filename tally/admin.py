"""The election's admin: saving publishes, "Close now" seals, and nothing published can be deleted."""

import datetime as dt
import zoneinfo
from functools import partial
from http import HTTPStatus
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from polls.admin import FROZEN_FIELDS, ElectionForm, OptionInline, shows_frozen
from polls.context_processors import site
from polls.definition import moment
from polls.models import Election
from polls.publishing import Arrival, Frozen, publish_election

from .admin_accounts import AccountsMixin
from .announce import announce
from .lifecycle import NotClosed, archive_election, close_election
from .models import RejectedBallot


def in_zone(moment: dt.datetime | None, election: Election) -> str:
    """Write a time in the election's own time zone, with the zone beside it."""
    if moment is None:
        return "–"
    zone = zoneinfo.ZoneInfo(election.time_zone)
    return f"{date_format(timezone.localtime(moment, zone), 'DATETIME_FORMAT')} ({election.time_zone})"


def election_time(milliseconds: int | None, election: Election) -> str:
    """Write a time of a definition as `in_zone` does."""
    return in_zone(None if milliseconds is None else moment(milliseconds), election)


@admin.register(Election)
class ElectionAdmin(AccountsMixin):
    form = ElectionForm
    inlines = (OptionInline,)

    class Media:
        css = {"all": ["tally/admin.css"]}

    change_form_template = "tally/admin/election.html"
    # The account second, so that it is in sight on a phone.
    list_display = ("title", "account", "phase", "opens", "closes", "method")
    list_filter = ("method",)
    search_fields = ("title", "slug")
    prepopulated_fields = {"slug": ("title",)}
    fieldsets = (
        (None, {"fields": ("title", "slug", "description")}),
        (_("Voting"), {"fields": ("method", "max_choices", "votes_final", "proof_of_work")}),
    )

    # --- What may be done when ---------------------------------------------------------------------------

    def get_readonly_fields(self, request: HttpRequest, obj: Election | None = None) -> tuple[str, ...]:
        if obj is None or not shows_frozen(request, obj):
            return ()
        fixed = (*FROZEN_FIELDS, "opens")
        if request.method == "POST" and "closes_at_0" in request.POST:
            # Sent from a page that was loaded before the close. Publishing tells if it comes too late.
            return fixed
        if obj.phase(timezone.now()) == Election.Phase.CLOSED:
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
        return obj is not None and obj.revision == 0 and super().has_delete_permission(request, obj)

    # --- Saving ------------------------------------------------------------------------------------------

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Read and show times in the election's time zone; the page is rendered here, while that zone is active.

        What the ballot box does not take comes back as it was typed, with the reason, and nothing of it is saved.
        """
        sent: Any = request
        sent.held_messages = []
        with timezone.override(self._zone(request, object_id)):
            try:
                response = super().changeform_view(request, object_id, form_url, extra_context)
            except Frozen as problem:
                sent.refusal = problem.message
            else:
                publication = getattr(request, "publication", None)
                if publication and publication.arrival is Arrival.REFUSED:
                    sent.refusal = gettext("The election has begun meanwhile.")
            if hasattr(request, "refusal"):
                sent.held_messages = []
                response = super().changeform_view(request, object_id, form_url, extra_context)
                response.status_code = HTTPStatus.CONFLICT
            self._tell(request)
            return response.render() if isinstance(response, TemplateResponse) else response

    def message_user(self, request: HttpRequest, message: Any, *args: Any, **kwargs: Any) -> None:
        """Hold back what is said of a save until it is committed, and the ballot box has answered."""
        if hasattr(request, "held_messages"):
            request.held_messages.append((message, args, kwargs))
        else:
            super().message_user(request, message, *args, **kwargs)

    def _tell(self, request: Any) -> None:
        held = request.held_messages
        del request.held_messages
        publication = getattr(request, "publication", None)
        if held and publication and publication.arrival is not Arrival.TAKEN:
            text = gettext(
                "Saved here, but not published: the ballot box does not answer. Voters do not see the change yet. "
                "It is published as soon as the ballot box answers. If the election has begun by then, the change is "
                "taken back, and this page says so."
            )
            held = [(text, (messages.WARNING,), {})]
        for message, args, kwargs in held:
            self.message_user(request, message, *args, **kwargs)

    def get_form(self, request: HttpRequest, obj: Election | None = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        if reason := getattr(request, "refusal", ""):
            text = gettext(
                "Nothing was saved. {reason} What you typed still stands below: copy what you need, "
                'then <a href="{page}">open the page again</a>.'
            )
            form.refusal = format_html(text, reason=reason, page=request.path)
        return form

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Election | None:
        """Return an election; two who save it take turns."""
        if request.method == "POST" and connection.in_atomic_block:
            # As a statement of its own, since no other row is to be locked.
            Election.objects.select_for_update().filter(pk=int(object_id) if object_id.isdecimal() else 0).first()
        return super().get_object(request, object_id, from_field)

    def _zone(self, request: HttpRequest, object_id: str | None) -> dt.tzinfo:
        stored = self.get_object(request, object_id) if object_id else None
        name = request.POST.get("time_zone") or (stored.time_zone if stored else "")
        try:
            return zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            return timezone.get_default_timezone()

    def save_model(self, request: HttpRequest, obj: Election, form: Any, change: bool) -> None:
        # Only what was edited: a seal that was stored since the page was loaded must stay, and so must the microseconds
        # of an opening, which no form shows.
        obj.save(update_fields=form.changed_data if change else None)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        sent: Any = request
        sent.publication = publish_election(form.instance)
        transaction.on_commit(partial(announce, form.instance.pk))

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
        election = self._get_changeable(request, pk)
        question = gettext("Close “%(title)s” now? Nobody can vote any more, and it cannot be opened again.")
        if request.method != "POST":
            return self._confirm(request, election, question % {"title": election}, gettext("Close now"))
        try:
            seal = close_election(election)
        except NotClosed as problem:
            self.message_user(request, str(problem), messages.ERROR)
        else:
            self.message_user(request, self._describe_waiting(seal.waiting), messages.SUCCESS)
        return redirect("admin:polls_election_change", pk)

    @staticmethod
    def _describe_waiting(waiting: int) -> str:
        if not waiting:
            return gettext("Closed. Every ballot is counted.")
        text = ngettext(
            "Closed. %(n)d ballot still waits to be counted; it was accepted in time, and will count.",
            "Closed. %(n)d ballots still wait to be counted; they were accepted in time, and will count.",
            waiting,
        )
        return text % {"n": waiting}

    def archive_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, then take a finished election off the lists."""
        election = self._get_changeable(request, pk)
        question = gettext("Archive “%(title)s”? It leaves the public lists; its results stay at their address.")
        if request.method != "POST":
            return self._confirm(request, election, question % {"title": election}, gettext("Archive"))
        if archive_election(election):
            self.message_user(request, gettext("Archived."), messages.SUCCESS)
        else:
            text = gettext("Not archived: close the election first, and wait until its last ballot is counted.")
            self.message_user(request, text, messages.ERROR)
        return redirect("admin:polls_election_change", pk)

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
        return TemplateResponse(request, "tally/admin/confirm.html", context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        election = kwargs.get("obj")
        now = timezone.now()
        if election is not None:
            phase = election.phase(now)
            context |= {
                "facts": self._facts(election, phase),
                "refused_edit": self._describe_refused(election),
                **self.describe_accounts(self.get_queryset(request).get(pk=election.pk)),
                "may_close": phase == Election.Phase.OPEN,
                "may_archive": election.final_at is not None and election.archived_at is None,
                **{name: f"{url}/{election.slug}/" for name, url in site(request).items() if name != "replica"},
            }
        return super().render_change_form(request, context, *args, **kwargs)

    @staticmethod
    def _facts(election: Election, phase: str) -> list[tuple[str, str]]:
        facts = [
            (gettext("Phase"), str(Election.Phase(phase).label)),
            (gettext("Opens"), in_zone(election.opens_at, election)),
            (gettext("Closes"), in_zone(election.closes_at, election)),
        ]
        facts += [
            (label, in_zone(moment, election))
            for label, moment in (
                (gettext("Sealed"), election.sealed_at),
                (gettext("Final"), election.final_at),
                (gettext("Archived"), election.archived_at),
            )
            if moment
        ]
        return facts

    @staticmethod
    def _describe_refused(election: Election) -> dict[str, Any] | None:
        """Return what an edit said that came too late, for its organiser to see."""
        edit = election.refused_edit
        if edit is None:
            return None
        times = (election_time(edit[name], election) for name in ("opens_at", "closes_at"))
        return {
            "at": in_zone(dt.datetime.fromisoformat(edit["refused_at"]), election),
            "title": edit["title"],
            "description": edit["description"],
            "options": [option["label"] for option in edit["options"]],
            "times": " – ".join(times),
        }

    # --- The list ----------------------------------------------------------------------------------------

    @admin.display(description=_("phase"))
    def phase(self, election: Election) -> str:
        if election.archived_at:
            return gettext("archived")
        if election.final_at:
            return gettext("final")
        return str(Election.Phase(election.phase(timezone.now())).label)

    @admin.display(description=_("opens"), ordering="opens_at")
    def opens(self, election: Election) -> str:
        return in_zone(election.opens_at, election)

    @admin.display(description=_("closes"), ordering="closes_at")
    def closes(self, election: Election) -> str:
        return in_zone(election.closes_at, election)


@admin.register(RejectedBallot)
class RejectedBallotAdmin(admin.ModelAdmin):
    """What was set aside, to be read and not to be changed."""

    list_display = ("rejected_at", "election", "reason", "detail", "shard", "serial", "entry")
    list_filter = ("reason", "election")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
