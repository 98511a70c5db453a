"""The accounts on the election's page: in words and numbers, with their age, and a way to acknowledge a problem."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from polls.life import State
from polls.models import Election
from tally.audit.accounts import STALE_AFTER, acknowledge
from tally.models import Reconciliation

from .access import Right, may
from .election_view import page_context


def write_sum(accepted: int, ballots: Counter[str]) -> str:
    """Write an account as an equation, or with ≠ if it does not balance."""
    number = {name: number_format(n, force_grouping=True) for name, n in ballots.items()}
    parts = [
        gettext("%(n)s waiting"),
        gettext("%(n)s counted"),
        gettext("%(n)s replaced"),
        gettext("%(n)s duplicate"),
        gettext("%(n)s set aside"),
    ]
    names = ["waiting", "counted", "replaced", "duplicate", "set aside"]
    if ballots["unaccounted"]:
        parts.append(gettext("%(n)s unaccounted for"))
        names.append("unaccounted")
    right = " + ".join(text % {"n": number.get(name, "0")} for text, name in zip(parts, names, strict=True))
    left = gettext("%(n)s accepted") % {"n": number_format(accepted, force_grouping=True)}
    return f"{left} {'=' if accepted == ballots.total() else '≠'} {right}"


def write_age(age: dt.timedelta) -> str:
    """Say how long ago a check was, in whole seconds up to two minutes, then in minutes, then in hours."""
    seconds = max(0, int(age.total_seconds()))
    if seconds < 120:
        return ngettext("%(n)d second ago", "%(n)d seconds ago", seconds) % {"n": seconds}
    if seconds < 7200:
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", seconds // 60) % {"n": seconds // 60}
    return ngettext("%(n)d hour ago", "%(n)d hours ago", seconds // 3600) % {"n": seconds // 3600}


def judge(rows: Sequence[Any], *, closed: bool = False) -> str:
    """Return the state of an election's accounts, the worst first: problem, stale, known (acknowledged), good or ''.

    Closed accounts, of a certified election, are not looked at any more.
    """
    if any(row.is_alarming for row in rows):
        return "problem"
    if not closed and any(row.age > dt.timedelta(seconds=STALE_AFTER) for row in rows):
        return "stale"
    if any(row.problems for row in rows):
        return "known"
    return "good" if rows else ""


def describe_accounts(election: Any) -> dict[str, Any]:
    """Return what the template shows; its list is empty for an election that no worker has looked at."""
    rows = election.accounts
    closed = election.state == State.CERTIFIED
    total: Counter[str] = Counter()
    for row in rows:
        total.update(row.ballots)
    return {
        "accounts": [
            {"row": row, "sum": write_sum(row.accepted, Counter(row.ballots)), "state": judge([row], closed=closed)}
            for row in rows
        ],
        "accounts_state": judge(rows, closed=closed),
        "accounts_closed": closed,
        "accounts_sum": write_sum(sum(row.accepted for row in rows), total),
        "accounts_age": write_age(max((row.age for row in rows), default=dt.timedelta())),
        "balanced_age": write_age(max((row.balanced_age for row in rows), default=dt.timedelta())),
    }


class AccountsMixin(admin.ModelAdmin):
    """What an election's admin shows of its accounts."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Election]:
        rows = Reconciliation.objects.with_age().order_by("pk")
        return super().get_queryset(request).prefetch_related(Prefetch("reconciliation_set", rows, "accounts"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.acknowledge_view)
        return [path("account/<int:pk>/acknowledge/", view, name="polls_election_acknowledge"), *super().get_urls()]

    @admin.display(description=_("account"))
    def account(self, election: Any) -> SafeString:
        marks = {
            "problem": ("✗", gettext("does not balance")),
            "stale": ("?", gettext("not checked lately")),
            "known": ("✓", gettext("acknowledged")),
            "good": ("✓", gettext("balances")),
        }
        state = judge(election.accounts, closed=election.state == State.CERTIFIED)
        return format_html('<span class="account-mark {}">{} {}</span>', state, *marks.get(state, ("–", "")))

    def acknowledge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, then store who acknowledges the problems of one account, exactly as they were shown."""
        row = get_object_or_404(Reconciliation.objects.select_related("election"), pk=pk)
        if not may(request.user, Right.RUN, row.election):
            raise PermissionDenied
        back = reverse("admin:polls_election_page", args=[row.election_id])
        if request.method == "POST":
            shown = request.POST.getlist("problem")
            if acknowledge(row, problems=shown, who=request.user.get_username()):
                self.message_user(request, gettext("Noted. Any other problem of this account raises a new alarm."))
            else:
                text = gettext("Not noted: the account has changed meanwhile. Look at it again.")
                self.message_user(request, text, messages.ERROR)
            return redirect(back)
        context = page_context(
            self,
            request,
            gettext("Take note of a problem"),
            election=row.election,
            question=gettext(
                "These ballots cannot be brought back by pressing a button. Save the data of both servers first, and "
                "find out what happened. Then say that you know of it, so that only a new problem raises an alarm."
            ),
            problems=row.problems,
            button=gettext("I know of it"),
            back=back,
        )
        return TemplateResponse(request, "office/confirm.html", context)
