"""How voters and watchers come to an election: its addresses, and their QR codes as files for slides and posters."""

from dataclasses import dataclass

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from pages.context_processors import site
from pages.qr_code import draw_file, draw_inline
from polls.design import Paper
from polls.life import State
from polls.models import Election
from results.embedding import address_of, write_snippet

from .access import Right
from .election_view import election_view

PICTURES = {"svg": "image/svg+xml", "png": "image/png"}


@dataclass(frozen=True)
class Address:
    """A public page of an election: its name here and in files, its address, and a short one if it has one."""

    name: str
    file: str
    url: str
    short: str = ""

    @property
    def shortest(self) -> str:
        return self.short or self.url

    @property
    def code(self) -> SafeString:
        return draw_inline(self.shortest)


def find_addresses(request: HttpRequest, election: Election) -> list[Address]:
    """Return the public pages of an election; a draft has none."""
    if election.state == State.DRAFT:
        return []
    urls = site(request)
    short = f"{urls['vote_url']}/{election.short_code}" if election.short_code else ""
    return [
        Address(_("Ballot"), "ballot", f"{urls['vote_url']}/{election.slug}/", short),
        Address(_("Results"), "results", f"{urls['result_url']}/{election.slug}/"),
    ]


def find_snippet(request: HttpRequest, election: Election) -> SafeString | None:
    """Return the HTML with which another website shows an election's results; a draft has none."""
    if election.state == State.DRAFT:
        return None
    return write_snippet(address_of(site(request)["result_url"], election.slug), Paper.of(election))


class WayInMixin(admin.ModelAdmin):
    """The QR codes of an election as files."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        code = path("<int:pk>/code/", wrap(self.code_view), name="polls_election_code")
        return [code, *super().get_urls()]

    @election_view(Right.SEE)
    def code_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Send the QR code of a page as a picture: `?of=results` and `&as=png`, or else the ballot's as SVG."""
        file, kind = request.GET.get("of", "ballot"), request.GET.get("as", "svg")
        found = [one for one in find_addresses(request, election) if one.file == file]
        if not found or kind not in PICTURES:
            raise Http404
        name = f"{election.slug}-{file}.{kind}"
        return HttpResponse(
            draw_file(found[0].shortest, "png" if kind == "png" else "svg"),
            content_type=PICTURES[kind],
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
