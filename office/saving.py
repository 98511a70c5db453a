"""Saving a draft keeps it; saving what is published publishes the edit, unless the ballot box does not take it.

If the box refuses the edit, the form comes back as it was typed, with the reason, and nothing of it is saved.
"""

import datetime as dt
from functools import partial
from http import HTTPStatus
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.translation import gettext

from polls.delivery import Arrival
from polls.life import State
from polls.models import Election
from polls.publishing import Publication
from tally.announce import announce

from .access import hold, writes_for
from .acts import Publish, read_logged
from .forms import ElectionForm
from .times import election_time, in_zone


class PublishingMixin(admin.ModelAdmin):
    """What an election's admin does when it is saved."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Save what was sent, or show it again.

        If the ballot box refuses the edit, the form comes back as it was typed, with the reason.
        """
        sent: Any = request
        sent.held_messages = []
        try:
            response = super().changeform_view(request, object_id, form_url, extra_context)
        except ValidationError as problem:
            sent.refusal = " ".join(problem.messages)
        else:
            publication = getattr(request, "publication", None)
            if publication and publication.arrival is Arrival.REFUSED:
                sent.refusal = gettext("The election has begun meanwhile.")
        if hasattr(request, "refusal"):
            sent.held_messages = []
            response = super().changeform_view(request, object_id, form_url, extra_context)
            response.status_code = HTTPStatus.CONFLICT
        self._tell(request)
        return response

    def message_user(self, request: HttpRequest, message: Any, *args: Any, **kwargs: Any) -> None:
        """Hold back the messages about a save until it is committed, and the ballot box has answered."""
        if hasattr(request, "held_messages"):
            request.held_messages.append((message, args, kwargs))
        else:
            super().message_user(request, message, *args, **kwargs)

    def _tell(self, request: Any) -> None:
        held = request.held_messages
        del request.held_messages
        publication = getattr(request, "publication", None)
        if held and publication and publication.arrival is not Arrival.TAKEN:
            held = [(tell_waiting(publication), (messages.WARNING,), {})]
        for message, args, kwargs in held:
            self.message_user(request, message, *args, **kwargs)

    def response_add(self, request: HttpRequest, obj: Election, post_url_continue: str | None = None) -> HttpResponse:
        text = gettext("Saved as a draft, which voters do not see. Look at the preview, then publish it.")
        self.message_user(request, text)
        return redirect("admin:polls_election_page", obj.pk)

    def response_change(self, request: HttpRequest, obj: Election) -> HttpResponse:
        drafted = gettext("The draft is saved.")
        self.message_user(request, drafted if obj.state == State.DRAFT else gettext("Saved, and published."))
        return redirect("admin:polls_election_page", obj.pk)

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
        """Return an election; a save locks it, so that two people who save it take turns."""
        if request.method == "POST" and connection.in_atomic_block:
            # In a statement of its own, which locks no other row.
            Election.objects.select_for_update().filter(pk=int(object_id) if object_id.isdecimal() else 0).first()
        return super().get_object(request, object_id, from_field)

    def save_model(self, request: HttpRequest, obj: Election, form: Any, change: bool) -> None:
        # Saves only what was edited: a seal that was stored after the page was loaded must stay, and so must the
        # microseconds of an opening time, which no form shows.
        sent: Any = request
        sent.before = read_logged(obj) if change else {}
        edited = [name for name in form.changed_data if name in ElectionForm.Meta.fields]
        obj.save(update_fields=edited if change else None)
        if not change:
            hold(obj, writes_for(request.user))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if any(map(outdates_translations, (form, *(one for formset in formsets for one in formset.forms)))):
            text = gettext("You have changed a text that is translated. Look at the translations, too: “Languages”.")
            self.message_user(request, text, messages.WARNING)
        if form.instance.state == State.DRAFT:
            return
        sent: Any = request
        sent.publication = Publish(form.instance, before=sent.before).perform(by=request.user)
        transaction.on_commit(partial(announce, form.instance.pk))


def outdates_translations(form: Any) -> bool:
    """Tell whether a form of an election or of a contest has changed a text that is written in other languages, too."""
    translated = {name for texts in form.instance.translations.values() for name in texts}
    return not translated.isdisjoint(form.changed_data)


def tell_waiting(publication: Publication) -> str:
    """Say why an edit that is saved is not published yet."""
    if publication.worker_is_silent:
        return gettext(
            "Saved here, but not published: the worker, which publishes and counts, does not answer. Voters "
            "do not see the change yet. It is published as soon as the worker runs. If the election has begun "
            "by then, the change is taken back, and this page says so."
        )
    return gettext(
        "Saved here, but not published: the ballot box does not answer. Voters do not see the change yet. "
        "It is published as soon as the ballot box answers. If the election has begun by then, the change "
        "is taken back, and this page says so."
    )


def describe_refused(election: Election) -> dict[str, Any] | None:
    """Return an edit that came too late, as its organiser is to see it."""
    edit = election.refused_edit
    if edit is None:
        return None
    times = (election_time(edit[name], election) for name in ("opens_at", "closes_at"))
    return {
        "at": in_zone(dt.datetime.fromisoformat(edit["refused_at"]), election),
        "title": edit["title"],
        "description": edit["description"],
        "contests": [
            {"title": one["title"], "options": ", ".join(option["label"] for option in one["options"])}
            for one in edit["contests"]
        ],
        "times": " – ".join(times),
    }
