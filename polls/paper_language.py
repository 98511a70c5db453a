"""In which of its languages a visitor reads a paper: the one that was picked, or one that the browser asks for.

The pages have languages of their own. A paper may be in others as well, so that its language can be picked beside it.
"""

from typing import NamedTuple, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language
from django.utils.translation.trans_real import parse_accept_lang_header

from .wording import InLanguages, name_language

COOKIE = "urna_paper_language"
# What asks for a language: in an address, and in a form that is to be shown again instead of being cast.
QUERY, FIELD = "language", "paper_language"

Paper = TypeVar("Paper", bound=InLanguages)


class Choice(NamedTuple):
    """One of the languages of a paper, as a page offers it."""

    code: str
    name: str
    is_chosen: bool


def read_in_language(request: HttpRequest, paper: Paper) -> Paper:
    """Return a paper, or a definition with one, as this visitor reads it."""
    return paper.in_language(choose(request, paper))


def list_choices(paper: InLanguages, chosen: str) -> list[Choice]:
    """Return the languages of a paper for a page that offers them; none where there is no choice."""
    known = paper.languages
    return [Choice(code, name_language(code), code == chosen) for code in known] if len(known) > 1 else []


def choose(request: HttpRequest, paper: InLanguages) -> str:
    """Return the language in which a visitor reads a paper; "" where it does not say in which it is written.

    A pick holds as long as the page keeps the language that it had then. Whoever chooses another one for the page gets
    the paper in it, too, if the paper has it.
    """
    known = paper.languages
    if len(known) < 2:
        return "".join(known)
    page = get_language() or ""
    if asked := request.POST.get(FIELD) or request.GET.get(QUERY):
        # Whatever else the browser says: caches may keep the answer to such an address for everybody.
        return find_alike(asked, known) or find_alike(page, known) or known[0]
    picked_on, _, picked = request.COOKIES.get(COOKIE, "").partition(":")
    if picked in known and (picked_on == page or not find_alike(page, known)):
        return picked
    wishes = [code for code, _ in parse_accept_lang_header(request.META.get("HTTP_ACCEPT_LANGUAGE", ""))]
    if settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
        wishes.insert(0, page)
    found = (find_alike(wish, known) for wish in (*wishes, page))
    return next(filter(None, found), known[0])


def find_alike(wish: str, known: tuple[str, ...]) -> str:
    """Return the known language that is the wished one, or another form of it; "" if there is none."""
    same = [code for code in known if code.lower() == wish.lower()]
    alike = [code for code in known if code.partition("-")[0] == wish.partition("-")[0].lower()]
    return next(iter(same + alike), "")


def answer_pick(request: HttpRequest, paper: InLanguages) -> HttpResponse | None:
    """Return a redirect to the same page in the language that its address asks for; None if it asks for none."""
    if QUERY not in request.GET:
        return None
    query = request.GET.copy()
    picked = query.pop(QUERY)[-1]
    response = HttpResponseRedirect(request.path + (f"?{query.urlencode()}" if query else ""))
    remember_pick(response, paper, picked)
    return response


def remember_pick(response: HttpResponse, paper: InLanguages, picked: str) -> None:
    """Let the browser say the language that was picked from now on, with that of the page; until it is closed."""
    if picked in paper.languages:
        response.set_cookie(
            COOKIE,
            f"{get_language()}:{picked}",
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
