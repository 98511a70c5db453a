"""The voter's pages. They talk to Redis alone."""

import math
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import View

from pages.templatetags.display import isolate

from . import ballot_box, ballots, metrics, voters
from .accepting import EARLIER_REPLY, NoProof, accept
from .ballot_box import Mark, Reply, Verdict
from .cached_page import kept_page
from .code_page import show_code_page
from .contest_on_page import ContestOnPage
from .definition import Definition
from .forms import OtherDesign, form_key
from .kiosk import device
from .life import Phase
from .methods import InvalidMarking
from .paper_language import FIELD, answer_pick, choose, list_choices, read_in_language, remember_pick
from .proof_of_work import challenge
from .roll import lookup
from .roll.groups import read_groups
from .short_address import read_typed
from .sign_in.page import show_sign_in_page
from .voters import Voter


def get_definition(slug: str) -> tuple[Definition, int]:
    """Return the definition at `slug` and the box's clock in ms; raises Http404, or Unavailable."""
    definition, now = ballot_box.read_definition(slug)
    return known(definition), now


def known(definition: Definition | None) -> Definition:
    """Return a definition that was read; raises Http404 if there is none."""
    if definition is None:
        raise Http404(_("There is no election at this address. Check it, or look in the list."))
    return definition


def look(request: HttpRequest, slug: str) -> tuple[Definition, int, Voter | None, Mark | None]:
    """Return the definition at `slug`, the box's clock in ms, the visitor as a voter, and the mark; raises Http404."""
    definition, now, voter, mark = ballot_box.read_for_voter(slug, lambda one: voters.identify(request, one))
    return known(definition), now, voter, mark


class BallotView(View):
    """Show the ballot of one election, and take it back marked."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        try:
            definition, now, voter, mark = look(request, slug)
        except Http404:
            # A short address, typed with a slash behind it.
            if address := ballot_box.find_slug(read_typed(slug)):
                return redirect("ballot", address)
            raise
        if picked := answer_pick(request, definition):
            return picked
        if definition.phase(now) != "open":
            return show_not_open(request, definition, now, mark)
        return show_ballot(request, definition, now, voter=voter, last=mark)

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        definition = ballot_box.recall_definition(slug)
        if definition is None or request.POST.get("design") != definition.design:
            definition = get_definition(slug)[0]
        voter = voters.identify(request, definition)
        if voter is None and definition.has_roll:
            metrics.count_refusal("no-code")
            return show_again(request, slug, None, "", HTTPStatus.FORBIDDEN)
        if voter is None:
            metrics.count_refusal("no-cookie")
            # A new identity now would make a second voter of somebody whose first answer got lost.
            error = _("Your browser did not send back this page's cookie. Allow cookies here, then press “Vote” again.")
            return show_again(request, slug, None, error, HTTPStatus.FORBIDDEN)
        if FIELD in request.POST:
            response = show_again(request, slug, voter, "", HTTPStatus.OK)
            remember_pick(response, definition, request.POST[FIELD])
            return response
        definition = read_in_language(request, definition)
        try:
            reply = earlier_reply(request) or accept(request.POST, definition, voter, request.META["REMOTE_ADDR"])
        except OtherDesign:
            metrics.count_refusal(Verdict.OTHER_DESIGN.value)
            status, sentence = REFUSALS[Verdict.OTHER_DESIGN]
            return show_again(request, slug, voter, str(sentence), status)
        except InvalidMarking as problem:
            metrics.count_refusal("invalid")
            errors = getattr(problem, "errors", {})
            error = say_what_is_wrong(definition, problem)
            return show_again(request, slug, voter, error, HTTPStatus.BAD_REQUEST, errors)
        except NoProof:
            metrics.count_refusal("no-proof")
            error = _(
                "The computation that keeps robots out is missing, or took too long. "
                "Wait for it on this fresh form, then press “Vote” again."
            )
            return show_again(request, slug, voter, error, HTTPStatus.BAD_REQUEST)
        response = answer(request, slug, reply, voter)
        if response.status_code == HTTPStatus.SEE_OTHER and device.find(request, definition):
            device.note_cast(response, definition)
        return response


def say_what_is_wrong(definition: Definition, problem: InvalidMarking) -> str:
    """Say above a paper what is wrong with it, and of several questions which of them need another look."""
    titles = [one.title for one in definition.contests if one.key in getattr(problem, "errors", {})]
    if not titles or len(definition.contests) == 1:
        return str(problem.message)
    return ngettext(
        "Your vote is not in yet. Look at this question again: %(titles)s.",
        "Your vote is not in yet. Look at these questions again: %(titles)s.",
        len(titles),
    ) % {"titles": ", ".join(f"“{isolate(title)}”" for title in titles)}


def earlier_reply(request: HttpRequest) -> Reply | None:
    """Return what the box said to the fast path, which cannot tell it to the voter; raises its Unavailable."""
    earlier: Reply | ballot_box.Unavailable | None = request.META.get(EARLIER_REPLY)
    if isinstance(earlier, ballot_box.Unavailable):
        raise earlier
    return earlier


def show_again(
    request: HttpRequest,
    slug: str,
    voter: Voter | None,
    error: str,
    status: int,
    errors: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Refuse a form before it reaches the box; show a fresh one if the election still takes votes."""
    definition, now = get_definition(slug)
    last = read_mark(definition, voter)
    if definition.phase(now) != "open":
        return show_not_open(request, definition, now, last, sent=True)
    return show_ballot(request, definition, now, voter=voter, last=last, error=error, status=status, errors=errors)


def show_unmatched(request: HttpRequest, slug: str) -> HttpResponse:
    """Refuse a ballot that could not be matched to this browser, with a fresh form that can: 403."""
    error = _(
        "Your vote is not in yet: your browser sent it with an older page’s cookie, or without one. Your choice still "
        "stands below. Press “Vote” again; if this comes back, allow cookies for this site."
    )
    definition, _now = get_definition(slug)
    return show_again(request, slug, voters.identify(request, definition), error, HTTPStatus.FORBIDDEN)


def read_mark(definition: Definition, voter: Voter | None) -> Mark | None:
    """Return what the box remembers of a visitor; raises Unavailable."""
    return ballot_box.read_mark(definition, voter) if voter else None


# What somebody on the roll reads above the page that asks for the code, after a ballot came without a valid one.
TYPE_CODE = gettext_lazy(
    "Your vote is not in yet: the code with which this page was opened is not valid any more, or this browser has "
    "forgotten it. Type the code of your newest card. Your choice is kept."
)
# The same above the page on which one signs in.
SIGN_IN_AGAIN = gettext_lazy(
    "Your vote is not in yet: this browser has forgotten who you are, or your line on the roll has changed. Sign in "
    "again. Your choice is kept."
)
# What a voter reads above a fresh form after the box has refused a ballot that the voter can correct.
REFUSALS = {
    Verdict.ALREADY_VOTED: (
        HTTPStatus.CONFLICT,
        gettext_lazy("You have voted already, and in this election a vote is final. Your first vote stands."),
    ),
    Verdict.OTHER_DESIGN: (
        HTTPStatus.CONFLICT,
        gettext_lazy("The ballot has changed since you opened this page. Read it again, then press “Vote”."),
    ),
    Verdict.ALREADY_USED: (
        HTTPStatus.CONFLICT,
        gettext_lazy(
            "This form was used already for another choice. To change your vote to the choice below, press “Vote”."
        ),
    ),
    Verdict.OUTDATED: (
        HTTPStatus.CONFLICT,
        gettext_lazy("You have voted from a newer page since. To change your vote to the choice below, press “Vote”."),
    ),
    Verdict.NOT_ELIGIBLE: (HTTPStatus.FORBIDDEN, TYPE_CODE),
    Verdict.OTHER_GROUPS: (
        HTTPStatus.CONFLICT,
        gettext_lazy(
            "What you may vote on has changed since you opened this page. Look at it again, then press “Vote”."
        ),
    ),
}


def say_too_many(verdict: Verdict, seconds: int) -> str:
    """Say why a ballot has to wait, and for how long."""
    if verdict is Verdict.TOO_MANY:
        return ngettext(
            "That was too many votes in a short time. Wait a second, then press “Vote”.",
            "That was too many votes in a short time. Wait %(seconds)s seconds, then press “Vote”.",
            seconds,
        ) % {"seconds": seconds}
    return ngettext(
        "Many people on your network are voting for the first time at this moment. "
        "Your vote is not in yet. Wait a second, then press “Vote” again.",
        "Many people on your network are voting for the first time at this moment. "
        "Your vote is not in yet. Wait %(seconds)s seconds, then press “Vote” again.",
        seconds,
    ) % {"seconds": seconds}


@lru_cache(maxsize=256)
def confirmation_of(slug: str) -> str:
    """Return the address of the page that confirms a vote."""
    return reverse("cast", args=[slug])


def answer(request: HttpRequest, slug: str, reply: Reply, voter: Voter) -> HttpResponse:
    """Translate the box's reply to a cast ballot into a page."""
    if reply.verdict in (Verdict.ACCEPTED, Verdict.REPEATED):
        return HttpResponse(status=HTTPStatus.SEE_OTHER, headers={"Location": confirmation_of(slug)})
    definition, _now = get_definition(slug)
    if reply.verdict in (Verdict.NOT_OPEN_YET, Verdict.CLOSED):
        mark = read_mark(definition, voter)
        closed = reply.verdict is Verdict.CLOSED
        return show_not_open(request, definition, reply.now, mark, sent=True, closed=closed)
    last = Mark(reply.last, "accepted") if reply.last else None
    if reply.verdict in (Verdict.TOO_MANY, Verdict.TOO_MANY_NEWCOMERS):
        wait = math.ceil(reply.wait / 1000)
        error, status = say_too_many(reply.verdict, wait), HTTPStatus.TOO_MANY_REQUESTS
        response = show_ballot(
            request, definition, reply.now, voter=voter, last=last, error=error, status=status, wait=wait
        )
        response["Retry-After"] = str(wait)
        return response
    status, sentence = REFUSALS[reply.verdict]
    return show_ballot(request, definition, reply.now, voter=voter, last=last, error=str(sentence), status=status)


def show_ballot(
    request: HttpRequest,
    definition: Definition,
    now: int,
    *,
    voter: Voter | None = None,
    last: Mark | None = None,
    error: str = "",
    status: int = HTTPStatus.OK,
    wait: int = 0,
    errors: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Render a fresh ballot form, filled in as the visitor sent it; gives a cookie to a visitor without one.

    `wait` is the time in seconds during which the box would refuse it. `errors` says by contest what is wrong.
    In an election with a roll a visitor without a valid code is asked for it first.
    """
    entry = lookup.read_entry(definition, voter) if voter and definition.has_roll else None
    if definition.has_roll and entry is None:
        return ask_who(request, definition)
    language = choose(request, definition)
    definition = definition.in_language(language)
    contests = definition.contests_for(read_groups(entry.groups)) if entry else definition.contests
    here = device.find(request, definition)
    # A kiosk takes marks from a form of this voter alone, and none that came with a code.
    sent = QueryDict() if here and voters.KIOSK_FIELD not in request.POST else request.POST
    ballot_id = ballots.new_ballot_id(now, after=last.ballot_id if last else None)
    visitor = voter.visitor if voter else voters.new_visitor()
    signed_id = ballots.sign(ballot_id, form_key(definition, voter))

    def make_context() -> dict[str, Any]:
        return {
            "election": definition,
            "contests": ContestOnPage.all_of(definition, sent, seed=visitor, errors=errors, contests=contests),
            # At a kiosk the page that asks for the code offers them: a link would lead away from this voter.
            "paper_languages": [] if here else list_choices(definition, language),
            "ballot_id": signed_id,
            "entry": entry,
            "challenge": challenge(definition, ballot_id, now) if definition.proof_of_work else None,
            "design": definition.design,
            "last": last,
            "error": error,
            "wait": wait,
            "device": here,
            "kiosk_voter": voters.write_kiosk_field(definition, voter) if here and voter else "",
        }

    same_for_all = not (here or last or definition.proof_of_work or any(one.is_shuffled for one in contests))
    if request.method == "GET" and same_for_all and not request.META["QUERY_STRING"]:
        variant = (definition, entry, language)
        response = kept_page(request, "polls/ballot.html", make_context, variant=variant, ballot_id=signed_id)
    else:
        response = render(request, "polls/ballot.html", make_context(), status=status)
    response["Cache-Control"] = "no-store"
    if voter is None:
        voters.set_cookie(response, visitor)
    return response


def ask_who(request: HttpRequest, definition: Definition) -> HttpResponse:
    """Ask a visitor without a valid cookie for the code, or to sign in: whatever came of a ballot, it goes nowhere."""
    show = show_code_page if definition.takes_codes else show_sign_in_page
    if request.method != "POST":
        return show(request, definition)
    error = str(TYPE_CODE if definition.takes_codes else SIGN_IN_AGAIN)
    return show(request, definition, error=error, status=HTTPStatus.FORBIDDEN)


def show_not_open(
    request: HttpRequest,
    definition: Definition,
    now: int,
    mark: Mark | None,
    *,
    sent: bool = False,
    closed: bool = False,
) -> HttpResponse:
    """Render the page of an election that takes no votes at this moment: 410.

    Of a ballot that was `sent` it says first that it was not taken, and what stands of the voter's earlier one.
    """
    phase = definition.phase(now)
    if closed and phase != Phase.CANCELLED:
        phase = Phase.CLOSED
    language = choose(request, definition)
    definition = definition.in_language(language)
    context: dict[str, Any] = {"election": definition, "phase": phase, "last": mark, "sent": sent}
    context["device"] = device.find(request, definition)
    if phase == Phase.SCHEDULED:
        context["paper_languages"] = list_choices(definition, language)
        context["wait"] = definition.opens_at - now
        context["contests"] = ContestOnPage.all_of(definition, QueryDict(), seed="")
    response = render(request, "polls/not_open.html", context, status=HTTPStatus.GONE)
    response["Cache-Control"] = "no-store"
    return response
