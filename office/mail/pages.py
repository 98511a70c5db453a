"""The pages of mail: what was sent and what was not, and the orders, each with its text before it goes out."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import translation
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pages.context_processors import site
from polls.models import Election, Eligibility, RollEntry

from ..access import Right, may
from ..act_pages import Said, do_act
from ..acts import Act
from ..election_view import election_view, page_context
from ..models import MailMessage, MailOrder, Organisation
from .acts import ORDERS, SendAgain, StopMail, count_recipients, require_mail
from .texts import write_body, write_subject

Kind, State = MailOrder.Kind, MailMessage.State
# Mails that did not go out that the page lists; the rest is counted.
LISTED = 200
# What stands in the text before it is sent.
SAMPLE_CODE = "XXXX-XXXX-XXXX-XXXX-XXXX"


class OrderForm(forms.ModelForm):
    """In which language mails are, and who answers questions."""

    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.MENU_LANGUAGES)
    reply_to = forms.EmailField(
        label=gettext_lazy("Address for questions"),
        required=False,
        max_length=254,
        help_text=gettext_lazy("Who answers a mail writes to this address. Empty: nobody is named for questions."),
    )

    class Meta:
        model = MailOrder
        fields = ("language", "reply_to", "with_code")
        labels = {"with_code": gettext_lazy("Put a new code into each mail")}
        help_texts = {
            "with_code": gettext_lazy(
                "For those who have lost theirs. The code that somebody has now does not work any more then."
            )
        }

    def __init__(self, *args: Any, election: Election, kind: str, may_make_codes: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].initial = _language_of_the_page()
        if kind != Kind.REMINDER or not may_make_codes or election.providers:
            del self.fields["with_code"]
        self.instance.with_code = kind == Kind.INVITATION and not election.providers


def order_view(kind: str) -> Callable[..., HttpResponse]:
    """Return the view that orders mails of a kind: it shows the text and how many get it, and then does it."""

    @election_view(Right.WRITE if kind == Kind.INVITATION else Right.RUN)
    def view(model_admin: admin.ModelAdmin, request: HttpRequest, election: Election) -> HttpResponse:
        may_make_codes = may(request.user, Right.WRITE, election)
        form = OrderForm(request.POST or None, election=election, kind=kind, may_make_codes=may_make_codes)
        form.instance.election, form.instance.kind = election, kind
        form.instance.sender, form.instance.address = name_sender(election), find_address(request, election, kind)
        number = count_recipients(election, kind)
        if form.is_valid():
            if request.POST.get("number") == str(number):
                return carry_out(model_admin, request, ORDERS[kind](election, form.save(commit=False)))
            text = _("Not sent: meanwhile the roll has changed, or somebody else has sent mails. Look it over again.")
            model_admin.message_user(request, text, messages.ERROR)
        context = page_context(
            model_admin,
            request,
            str(Kind(kind).label),
            election=election,
            form=form,
            kind=kind,
            number=number,
            obstacle=find_obstacle(election, kind),
            address=form.instance.address,
            samples=write_samples(form.instance),
        )
        status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
        return TemplateResponse(request, "office/mail_order.html", context, status=status)

    return view


ORDER_VIEWS = {kind: order_view(kind) for kind in ORDERS}


def find_obstacle(election: Election, kind: str) -> str:
    """Say why no mail of a kind can be ordered at present; "" if nothing is known against it."""
    act = ORDERS[kind](election, MailOrder())
    try:
        require_mail(election)
        act.require_time(election)
    except ValidationError as problem:
        return " ".join(problem.messages)
    return ""


def next_orders(election: Election, user: Any) -> list[tuple[str, str]]:
    """Return the kinds of mail that somebody may order now, each with its name."""
    rights = {Kind.INVITATION: Right.WRITE, Kind.REMINDER: Right.RUN, Kind.RESULT: Right.RUN}
    return [
        (kind, str(Kind(kind).label))
        for kind, right in rights.items()
        if not find_obstacle(election, kind) and may(user, right, election)
    ]


def name_sender(election: Election) -> str:
    """Return the name under which an election is held in public."""
    holder = Organisation.objects.filter(holdings__election=election.pk).first()
    return (holder.public_name or holder.name) if holder else settings.EMAIL_FROM


def find_address(request: HttpRequest, election: Election, kind: str) -> str:
    """Return the page to which mails lead: the result, or the ballot."""
    return f"{site(request)['result_url' if kind == Kind.RESULT else 'vote_url']}/{election.slug}/"


def write_samples(order: MailOrder) -> list[tuple[str, str, str]]:
    """Return each language with the subject and the text of a mail as it will be, without a real code.

    The language of the page comes first.
    """
    page_language = _language_of_the_page()
    samples = []
    for language, name in sorted(settings.MENU_LANGUAGES, key=lambda one: one[0] != page_language):
        with translation.override(language):
            code = SAMPLE_CODE if order.with_code else ""
            samples.append((str(name), write_subject(order), write_body(order, name="", code=code)))
    return samples


def _language_of_the_page() -> str:
    """Return it without its region: mails go to voters of all regions."""
    return (get_language() or settings.LANGUAGE_CODE).partition("-")[0]


def name_them(election: Election, stuck: list[MailMessage]) -> list[dict[str, Any]]:
    """Return mails that did not go out, each with the name and the address of its voter.

    Not those of reminders: they would tell organisers who has not voted.
    """
    numbers = [one.number for one in stuck if one.number]
    by_number = {entry.number: entry for entry in RollEntry.objects.filter(election=election, number__in=numbers)}
    return [
        {"message": one, "entry": by_number.get(one.number or 0) if one.order.kind != Kind.REMINDER else None}
        for one in stuck
    ]


def carry_out(model_admin: admin.ModelAdmin, request: HttpRequest, act: Act[int]) -> HttpResponse:
    """Do an act, say what has come of it, and go back to the page of the mail."""
    return do_act(model_admin, request, act, lambda number: describe(act, number), back_to="mail")


def describe(act: Act[int], number: int) -> Said:
    """Say what an act has done with so many mails."""
    if isinstance(act, StopMail):
        text = ngettext("%(n)d mail was stopped.", "%(n)d mails were stopped.", number)
    else:
        text = ngettext(
            "%(n)d mail is sent, as fast as this server may.",
            "%(n)d mails are sent, as fast as this server may.",
            number,
        )
    text %= {"n": number}
    if isinstance(act, StopMail) and act.tried:
        tried = ngettext(
            "%(n)d of them had been tried, and its voter has a new code that nobody has read: it stands in the list as "
            "not sent. Send it again, or make a code by hand.",
            "%(n)d of them had been tried, and their voters have new codes that nobody has read: they stand in the "
            "list as not sent. Send them again, or make codes by hand.",
            act.tried,
        )
        return f"{text} {tried % {'n': act.tried}}", messages.WARNING
    if not isinstance(act, SendAgain) or not act.left_out:
        return text
    left_out = ngettext(
        "%(n)d mail was left out and stays in the list: it is too late for it, or its voter was struck off the roll, "
        "has no e-mail address, or has voted and needs no reminder.",
        "%(n)d mails were left out and stay in the list: it is too late for them, or their voters were struck off the "
        "roll, have no e-mail address, or have voted and need no reminder.",
        act.left_out,
    )
    return f"{text} {left_out % {'n': act.left_out}}", messages.WARNING


class MailPagesMixin(admin.ModelAdmin):
    """The mail of an election's admin."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        again: Any = require_POST(self.mail_again_view)
        stop: Any = require_POST(self.mail_stop_view)
        return [
            path("<int:pk>/mail/", wrap(self.mail_view), name="polls_election_mail"),
            path("<int:pk>/mail/again/", wrap(again), name="polls_election_mail_again"),
            path("<int:pk>/mail/stop/", wrap(stop), name="polls_election_mail_stop"),
            *(
                path(f"<int:pk>/mail/{kind}/", wrap(partial(view, self)), name=f"polls_election_mail_{kind}")
                for kind, view in ORDER_VIEWS.items()
            ),
            *super().get_urls(),
        ]

    @election_view(Right.SEE)
    def mail_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Show what was ordered, how far it is, and what did not go out."""
        orders: Any = MailOrder.objects.filter(election=election).annotate(
            **{f"n_{state}": Count("messages", filter=Q(messages__state=state)) for state in State.values}
        )
        stuck = MailMessage.objects.filter(order__election=election, state__in=MailMessage.STUCK)
        listed = list(stuck.select_related("order").order_by("state", "-pk")[:LISTED])
        context = page_context(
            self,
            request,
            _("Mail"),
            election=election,
            is_on=bool(settings.EMAIL_HOST),
            has_roll=election.eligibility == Eligibility.ROLL,
            orders=orders,
            steps=next_orders(election, request.user),
            waits=any(order.n_waiting for order in orders),
            problem=next((order.problem for order in orders if order.problem and order.n_waiting), ""),
            stuck=name_them(election, listed),
            unlisted=stuck.count() - len(listed),
            may_send_again=may(request.user, Right.WRITE, election),
            may_stop=may(request.user, Right.RUN, election),
            sender=settings.EMAIL_FROM,
        )
        return TemplateResponse(request, "office/mail.html", context)

    @election_view(Right.WRITE)
    def mail_again_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Send the chosen mails again."""
        chosen = [int(one) for one in request.POST.getlist("message") if one.isdecimal() and len(one) < 19]
        return carry_out(self, request, SendAgain(election, chosen))

    @election_view(Right.RUN)
    def mail_stop_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Take back all mails that wait."""
        return carry_out(self, request, StopMail(election))
