"""What an organiser reads before publishing: what happens when, what stays fixed, what looks odd, what is missing."""

import datetime as dt
import hashlib
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pages.templatetags.display import isolate
from polls.design import Paper
from polls.labels import fold
from polls.methods import InvalidRules
from polls.models import Election, Eligibility, TieBreak
from polls.roll import ready
from polls.wording import find_gaps, find_texts, name_language

from . import roll_checks
from .times import in_full

# A phone shows about so many characters of a label in its first line.
FIRST_LINE = 24
# Seconds between opening and closing, below and above which it looks like a mistake.
SHORT, LONG = 120, 366 * 24 * 3600
# Hours, of the election's own zone, at which hardly anybody means a vote to close.
NIGHT = range(0, 6)


TIES = {
    TieBreak.NONE: gettext_lazy("stays a tie"),
    TieBreak.DRAW: gettext_lazy("is drawn from a secret that is fixed now, and shown once the result is certified"),
    TieBreak.LOT: gettext_lazy("is decided by a lot that you draw in public after the close, and enter here"),
}


@dataclass(frozen=True)
class Checklist:
    """What publishing an election would do; where `missing` says anything, it cannot be published.

    The fingerprint is another one after any edit of what is to be published.
    """

    facts: list[tuple[str, str]]
    odd: list[str]
    missing: list[str]
    fingerprint: str


def check(election: Election, now: dt.datetime) -> Checklist:
    """Look a draft over before it is published."""
    paper = Paper.of(election)
    window = (
        election.slug, election.opens_at, election.closes_at, election.time_zone, election.unlisted,
        election.shows_who_voted, *election.providers,
    )  # fmt: skip
    return Checklist(
        list(_facts(election, paper, now)),
        list(_odd(election, paper, now)),
        list(_missing(election, paper, now)),
        hashlib.sha256(f"{window} {paper.write()}".encode()).hexdigest()[:16],
    )


def find_problem(paper: Paper) -> str:
    """Say why nobody could vote on a paper, and what to do; "" where one can."""
    try:
        paper.check()
    except InvalidRules as problem:
        return str(problem.message)
    return ""


def _missing(election: Election, paper: Paper, now: dt.datetime) -> Iterator[str]:
    """Yield why a draft cannot be published, each with what to do."""
    if problem := find_problem(paper) or ready.find_problem(election, paper):
        yield problem
    if election.closes_at and election.closes_at <= now:
        yield _("The closing, %(time)s, is past. Set a later one, or leave it empty and close by hand.") % {
            "time": in_full(election.closes_at, election, now)
        }


def _facts(election: Election, paper: Paper, now: dt.datetime) -> Iterator[tuple[str, str]]:
    opens_at, closes_at = election.opens_at, election.closes_at
    at_once = opens_at is None or opens_at <= now
    yield _("Opens"), _("at once, when you publish it") if at_once else in_full(opens_at or now, election, now)
    yield _("Closes"), in_full(closes_at, election, now) if closes_at else _("when you close it by hand")
    yield _("Who may vote"), _say_who(election)
    if election.shows_who_voted:
        yield _("Organisers"), _("see who has voted, but not what")
    if election.votes_final:
        yield _("A vote"), _("is final")
    else:
        yield _("A vote"), _("may be changed until the closing")
    yield _("An open tie"), str(TIES[TieBreak(paper.tie_break)])
    yield _("Results show"), election.get_shows_display()
    if paper.step > 1:
        yield (
            _("Live results change"),
            ngettext("in steps of %(n)s ballot", "in steps of %(n)s ballots", paper.step) % {"n": paper.step},
        )
    if paper.checkable:
        yield _("A voter"), _("can check what the record says of the own ballot, and can show it to others")
    questions, options = len(paper.contests), sum(len(one.options) for one in paper.contests)
    yield (
        _("On the paper"),
        ngettext("%(n)d question", "%(n)d questions", questions) % {"n": questions}
        + ", "
        + ngettext("%(n)d option", "%(n)d options", options) % {"n": options},
    )
    if len(paper.languages) > 1:
        yield _("Written in"), ", ".join(name_language(code) for code in paper.languages)
    if election.unlisted:
        yield _("Found by"), _("its address alone: it is on no public list")
    if at_once:
        yield (
            _("Fixed from now on"),
            _("title, questions, options, rules, address and opening. Only the closing can move."),
        )
    else:
        yield (
            _("Fixed from the opening on"),
            _("title, questions, options, rules, address and opening. An edit before that is published once saved."),
        )


def _say_who(election: Election) -> str:
    if election.eligibility != Eligibility.ROLL:
        return _("whoever opens the page, once for each browser: it is a poll without a list of voters")
    voters, weight = ready.count_voters(election)
    if election.providers:
        text = ngettext(
            "the %(n)d voter on the roll, by signing in", "the %(n)d voters on the roll, by signing in", voters
        )
    else:
        text = ngettext("the %(n)d voter on the roll, with a code", "the %(n)d voters on the roll, with a code", voters)
    said = text % {"n": voters}
    return said if weight == voters else said + ", " + _("with %(weight)d votes in all") % {"weight": weight}


def _find_untranslated(paper: Paper) -> Iterator[str]:
    """Yield in which languages texts are missing, with the first of them."""
    texts = find_texts(paper)
    for code in paper.languages[1:]:
        if gaps := find_gaps(paper, code):
            yield ngettext(
                "In %(language)s %(n)d text is missing: “%(text)s”. Voters read it in %(own)s.",
                "In %(language)s %(n)d texts are missing, the first is “%(text)s”. Voters read them in %(own)s.",
                len(gaps),
            ) % {
                "language": isolate(name_language(code)),
                "n": len(gaps),
                "text": isolate(Truncator(texts[gaps[0]]).chars(60)),
                "own": isolate(name_language(paper.language)),
            }


def _odd(election: Election, paper: Paper, now: dt.datetime) -> Iterator[str]:
    opens_at, closes_at = max(election.opens_at or now, now), election.closes_at
    if election.opens_at and election.opens_at <= now:
        yield _("The opening that you wrote, %(time)s, is past: voting begins at once.") % {
            "time": in_full(election.opens_at, election, now)
        }
    if closes_at is None:
        yield _("It has no closing time: it stays open until somebody closes it.")
    else:
        seconds = (closes_at - opens_at).total_seconds()
        if seconds < SHORT:
            yield _("It closes less than two minutes after it opens.")
        if seconds > LONG:
            yield _("It is open for more than a year.")
        if timezone.localtime(closes_at, zoneinfo.ZoneInfo(election.time_zone)).hour in NIGHT:
            yield _("It closes in the middle of the night, %(zone)s time.") % {"zone": election.time_zone}
    for contest in paper.contests:
        beginnings: dict[str, str] = {}
        for option in contest.options:
            other = beginnings.setdefault(fold(option.label)[:FIRST_LINE], option.label)
            if other != option.label:
                yield _("“%(one)s” and “%(other)s” begin with the same words: on a phone they look alike.") % {
                    "one": other,
                    "other": option.label,
                }
                break
    yield from _find_untranslated(paper)
    yield from roll_checks.find_odd(election, paper)
    same = Election.objects.listed().filter(title=election.title).exclude(pk=election.pk).first()
    if same:
        yield _("Another election has the same title, at /%(slug)s/.") % {"slug": same.slug}
