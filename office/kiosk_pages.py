"""The page on which an operator opens a kiosk in a polling place, and ends it."""

from http import HTTPStatus

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from pages.context_processors import site
from pages.qr_code import draw_inline
from polls.delivery import Arrival
from polls.models import Election
from polls.publishing import Publication

from .access import Right
from .act_pages import Said, do_act
from .election_view import page_context
from .kiosk_acts import CODE_LASTS, LONGEST_KIOSK_NAME, EndKiosk, OpenKiosk, live_kiosks, may_have_kiosks
from .roll_view import roll_view


class KioskForm(forms.Form):
    """What a kiosk is called."""

    name = forms.CharField(
        label=gettext_lazy("Name of the kiosk"),
        max_length=LONGEST_KIOSK_NAME,
        required=False,
        help_text=gettext_lazy("Where it stands, as “Town hall, room 2”. Voters see it at the foot of the page."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class KioskPagesMixin(admin.ModelAdmin):
    """The kiosks of an election's admin."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        end = require_POST(self.end_kiosk_view)
        return [
            path("<int:pk>/kiosks/", wrap(self.kiosks_view), name="polls_election_kiosks"),
            path("<int:pk>/kiosks/<int:number>/end/", wrap(end), name="polls_election_end_kiosk"),
            *super().get_urls(),
        ]

    @roll_view(Right.RUN)
    def kiosks_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Show the kiosks that are open, and open another one."""
        form = KioskForm(request.POST or None)
        if form.is_valid():
            act = OpenKiosk(election, form.cleaned_data["name"])
            try:
                publication = act.perform(by=request.user)
            except ValidationError as problem:
                form.add_error(None, problem)
            else:
                return self._show_kiosk(request, act, publication)
        context = page_context(
            self, request, _("Kiosks"), election=election, form=form, kiosks=live_kiosks(election),
            may_open=may_have_kiosks(election, timezone.now()),
        )  # fmt: skip
        status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
        return TemplateResponse(request, "office/kiosks.html", context, status=status)

    def end_kiosk_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """End one kiosk."""

        @roll_view(Right.RUN)
        def end(self: KioskPagesMixin, request: HttpRequest, election: Election) -> HttpResponse:
            return do_act(self, request, EndKiosk(election, number), describe_end, back_to="kiosks")

        return end(self, request, pk)

    def _show_kiosk(self, request: HttpRequest, act: OpenKiosk, publication: Publication) -> HttpResponse:
        """Show the code by which a device becomes the kiosk: this is its only copy."""
        address = f"{site(request)['vote_url']}/{act.election.slug}/kiosk/"
        context = page_context(
            self, request, _("Kiosk %(number)d") % {"number": act.number}, election=act.election, kiosks_page=True,
            code=act.code, name=act.kiosk_name, address=address, picture=draw_inline(f"{address}#{act.code}"),
            minutes=CODE_LASTS.seconds // 60, is_waiting=publication.arrival is not Arrival.TAKEN,
        )  # fmt: skip
        response = TemplateResponse(request, "office/kiosk.html", context)
        response["Cache-Control"] = "no-store"
        return response


def describe_end(publication: Publication) -> Said:
    """Say how far the end of a kiosk has come."""
    if publication.arrival is Arrival.TAKEN:
        return _("Ended. Its device asks for no card any more.")
    text = _("Not ended yet: the ballot box or the worker does not answer. The kiosk ends as soon as they do.")
    return text, messages.WARNING
