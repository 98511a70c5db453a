"""What the protocol says, in the order in which it stands on paper; the words are those of the page."""

import html
import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from reportlab.platypus import Flowable, KeepTogether

from pages import markdown
from pages.templatetags.display import percent, standing, standing_word, whole
from polls.methods.telling import Told
from polls.models import Election
from record.quorum import Standing
from tally.contests_shown import ContestShown

from ..pdf.flow import Look, SignatureLine, Text, make_facts, make_table, printable
from ..times import in_zone

TITLE = Look(20, bold=True, before=4)
HEAD = Look(13, bold=True, before=16, head=True)
LESSER = Look(11, bold=True, before=10, head=True)
CAPTION = Look(9, bold=True, before=8, head=True)
PLAIN = Look(before=4)
METHOD = Look(before=4, head=True)
SOFT = Look(9, faint=True, before=4)
RULE = Look(9, faint=True, before=4, head=True)
ITEM = Look(before=3, indent=12)
SIGNATURES = 3
_ITEM = re.compile("<li[^>]*>")
_BLOCK_END = re.compile("</p>|</li>|<br>")


def tell_protocol(context: dict[str, Any], width: float) -> list[Flowable]:
    """Return the protocol from the context of its page, for lines of this width."""
    snapshot = context["snapshot"]
    told: list[Flowable] = [
        Text(_("Protocol of an election"), Look(faint=True)),
        Text(snapshot.paper.title, TITLE),
        *tell_explanation(snapshot.paper.description),
    ]
    body = [
        *tell_when(context, width),
        *tell_account(context, width),
        *(
            part
            for shown, method in context["contests"]
            for part in tell_contest(shown, str(method), width, is_weighted=snapshot.weight is not None)
        ),
        *tell_record(context, width),
        *tell_draw(context),
        *tell_acts(context),
        *tell_end(context),
    ]
    everything = [snapshot.paper.title, snapshot.paper.description, *find_texts(snapshot.contests)]
    if any(printable(text) != text for text in everything):
        told.append(
            Text(
                _(
                    "The fonts of this file lack some characters: each gap is marked [?]. The page of the protocol and "
                    "the certified result have the whole texts."
                ),
                Look(bold=True, before=6),
            )
        )
    return told + body


def find_texts(contests: Iterable[ContestShown]) -> Iterator[str]:
    """Return all texts of organisers on the paper."""
    for shown in contests:
        yield from (shown.title, shown.contest.description, *shown.contest.groups, *shown.notes)
        yield from (option.label for option in shown.contest.options)


def tell_explanation(text: str) -> list[Flowable]:
    """Return a text of an organiser, in its paragraphs."""
    parts = _BLOCK_END.split(_ITEM.sub("• ", markdown.render(text))) if text else []
    plain = (html.unescape(strip_tags(part)).strip() for part in parts)
    return [Text(part, PLAIN) for part in plain if part]


def tell_when(context: dict[str, Any], width: float) -> list[Flowable]:
    """Say when people voted, who could, and how many did."""
    snapshot, election = context["snapshot"], context["election"]
    on_roll = _("those on its roll, by signing in") if election.providers else _("those on its roll, with a code")
    facts = [
        (_("Opened"), in_zone(election.opens_at, election)),
        (_("Closed"), in_zone(context["closed_at"], election)),
        (_("Certified"), in_zone(snapshot.certified.at, election)),
        (
            _("Who could vote"),
            on_roll
            if snapshot.paper.eligibility == "roll"
            else _("everybody who opened the page, once for each browser"),
        ),
    ]
    of = pgettext("between two numbers", "of")
    if turnout := snapshot.turnout:
        entitled = pgettext("after a number, before a percentage", "entitled to vote,")
        parts = (whole(turnout["voted"]), of, whole(turnout["entitled"]), entitled, percent(turnout["permille"]))
        facts.append((_("Turnout:").rstrip(":"), " ".join(parts)))
    if snapshot.weight is not None:
        of_all = turnout and turnout.get("entitled_weight")
        facts.append(
            (_("Votes"), f"{whole(snapshot.weight)} {of} {whole(of_all)}" if of_all else whole(snapshot.weight))
        )
    change = _("was final") if snapshot.paper.votes_final else _("could be changed until the close")
    facts.append((_("A vote"), change))
    if (step := snapshot.paper.step) > 1:
        words = ngettext("in steps of %(n)s ballot", "in steps of %(n)s ballots", step) % {"n": step}
        facts.append((_("Live results changed"), words))
    if snapshot.paper.checkable:
        words = _("could check what the record says of the own ballot, and could show it to others")
        facts.append((_("A voter"), words))
    return [Text(_("When, and who could vote"), HEAD), *make_facts(facts, width)]


def tell_account(context: dict[str, Any], width: float) -> list[Flowable]:
    """Say what has become of the ballots."""
    account = context["account"]
    set_aside = [(_("Set aside: %(reason)s") % {"reason": reason}, whole(n)) for reason, n in context["set_aside"]]
    facts = [
        (pgettext("ballots", "Accepted"), whole(account["accepted"])),
        (pgettext("ballots", "Counted"), whole(context["counted"])),
        (_("Replaced by a later one of the same voter"), whole(context["replaced"])),
        *(set_aside or [(_("Set aside"), whole(0))]),
    ]
    told = [Text(_("Account of the ballots"), HEAD), *make_facts(facts, width)]
    if known := account["known_problems"]:
        told.append(Text(_("Problems of the account that were known when it was certified:"), PLAIN))
        told += [Text(f"• {problem}", ITEM) for problem in known]
    return told


def tell_contest(shown: ContestShown, method: str, width: float, *, is_weighted: bool) -> list[Flowable]:
    """Say what was asked, and what came out, with its working."""
    seats = shown.contest.seats
    if seats > 1:
        number = ngettext("%(number)s seat", "%(number)s seats", seats) % {"number": whole(seats)}
        method = f"{method}, {number}"
    blank = _("Left blank: %(blank)s.") % {"blank": whole(shown.blank)}
    told: list[Flowable] = [
        Text(shown.title, HEAD),
        Text(f"{method}. {blank}", METHOD),
        *tell_groups(shown, is_weighted),
        *tell_explanation(shown.contest.description),
        *tell_result(shown, width),
        *(Text(f"{_('The lot:')} {note}", SOFT) for note in shown.notes),
    ]
    if again := shown.recounted:
        number = whole(len(again.without))
        title = ngettext(
            "Second result, without an option that has withdrawn",
            "Second result, without %(number)s options that have withdrawn",
            len(again.without),
        )
        told.append(Text(title % {"number": number}, LESSER))
        told += [Text(f"• {label}: {reason}", ITEM) for label, reason in again.without.items()]
        told.append(Text(f"{again.on_withdrawal} {_('The first result above stays as it was counted.')}", SOFT))
        told += tell_result(again.shown, width)
    return told


def tell_groups(shown: ContestShown, is_weighted: bool) -> list[Flowable]:
    """Say which groups a contest was for, and how many of those who had it have voted on it."""
    if not shown.contest.groups:
        return []
    words = f"{_('Only for these groups of the roll:')} {', '.join(shown.contest.groups)}."
    if shown.entitled is not None:
        who = (
            pgettext("after a number", "votes of those who have this question")
            if is_weighted
            else pgettext("after a number of voters", "who have this question")
        )
        of = pgettext("between two numbers", "of")
        words += f" {whole(shown.ballots)} {of} {whole(shown.entitled)} {who}."
    return [Text(words, PLAIN)]


def tell_result(shown: ContestShown, width: float) -> list[Flowable]:
    """Return the standings of a contest, and its working."""
    rows = []
    for option in shown.options:
        label = printable(option.label)
        name = option.label if label == option.label else f"{label} ({option.key})"
        state = standing_word(standing(shown, option.key, True))
        rows.append((name, whole(option.count), percent(option.permille), state))
    told: list[Flowable] = [make_table((_("Option"), _("Count"), _("Share"), _("Standing")), rows, width)]
    if shown.count_note:
        told.append(Text(str(shown.count_note), SOFT))
    if shown.contest.method == "motion":
        told.append(Text(tell_motion(shown), PLAIN))
    if shown.outcome.reason == "seats-left":
        told.append(Text(_("Fewer options have votes than there are seats. The other seats stay empty."), PLAIN))
    working: Told | None = shown.tell()
    return told + (tell_working(working, width) if working else [])


def tell_motion(shown: ContestShown) -> str:
    """Say what has become of a motion, and what it needed."""
    reasons = {
        "carried": pgettext("motion", "carried"),
        "not-carried": pgettext("motion", "not carried"),
        "no-quorum": pgettext("motion", "no quorum: too few ballots"),
        "entitled-unknown": pgettext("motion", "cannot be decided: it is not known how many are entitled to vote"),
    }
    working: dict[str, Any] = dict(shown.outcome.working)
    return _("%(verdict)s. In favour: %(yes)s, needed: %(needed)s, of %(base)s.") % {
        "verdict": reasons.get(shown.outcome.reason, "–").capitalize(),
        "yes": whole(working["yes"]),
        "needed": whole(working["needed"]),
        "base": whole(working["base"]),
    }


def tell_working(working: Told, width: float) -> list[Flowable]:
    """Return the working of a contest as sentences and tables."""
    as_of = ngettext("As of %(written)s ballot.", "As of %(written)s ballots.", working.ballots)
    told: list[Flowable] = [
        Text(_("How it is counted"), LESSER),
        Text(f"{working.rule}. {as_of % {'written': whole(working.ballots)}}", RULE),
        *(Text(f"• {sentence}", ITEM) for sentence in working.sentences),
    ]
    for table in working.tables:
        told.append(Text(table.caption, CAPTION))
        rows = [(row.head, *(cell.text for cell in row.cells)) for row in table.rows]
        told.append(make_table(("", *table.head), rows, width))
    return told + [Text(note, SOFT) for note in working.notes]


def tell_draw(context: dict[str, Any]) -> list[Flowable]:
    """Return the secret from which ties were drawn, with what was published of it beforehand."""
    snapshot = context["snapshot"]
    if not snapshot.paper.draw_hash:
        return []
    published = _("SHA-256 of its secret, as it was published before the first ballot:")
    return [
        Text(_("The draw that ties end in"), HEAD),
        Text(f"{published} {snapshot.paper.draw_hash}", PLAIN),
        Text(f"{_('The secret:')} {context['election'].draw_secret}", PLAIN),
    ]


def tell_record(context: dict[str, Any], width: float) -> list[Flowable]:
    """Say what the head of the public record is, and who has cosigned it."""
    record, election = context["record"], context["election"]
    if record is None:
        return []
    facts = [
        (_("Entries"), whole(record.log.ballots)),
        (pgettext("of a tree of hashes", "Root"), record.root),
        (pgettext("name of a record", "Origin"), record.log.origin),
        (_("Key"), record.log.verifier_key),
    ]
    required = render_to_string("results/_quorum.html", {"quorum": record.quorum, "election": election})
    told: list[Flowable] = [Text(_("The public record"), HEAD), *make_facts(facts, width)]
    told.append(Text(html.unescape(required).strip(), PLAIN))
    return told + [Text(f"• {one.name}: {tell_standing(one, election)}", ITEM) for one in record.quorum.standings]


def tell_standing(standing: Standing, election: Election) -> str:
    """Say how a witness stands to the last head of the record."""
    if standing.contradicts:
        return _("has seen another record of this election, and does not count")
    if standing.cosigned_at is None:
        return _("has not cosigned this head")
    return f"{_('cosigned')} {in_zone(standing.cosigned_at, election)}"


def tell_acts(context: dict[str, Any]) -> list[Flowable]:
    """Say what was done, and by whom; the public protocol has no acts."""
    acts = list(context.get("acts", ()))
    lines = (f"{in_zone(one.at, context['election'])}: {one.name}, {one.actor}" for one in acts)
    return [Text(_("What was done"), HEAD), *(Text(line, ITEM) for line in lines)] if acts else []


def tell_end(context: dict[str, Any]) -> list[Flowable]:
    """Return the hash, and the places to sign, all on one page."""
    told: list[Flowable] = [
        Text(_("The certified result"), HEAD),
        Text(f"{_('SHA-256 of the certified result:')} {context['snapshot'].certified.hash}", PLAIN),
    ]
    if who := context.get("certified_by"):
        told.append(Text(f"{_('Certified by:')} {who}", PLAIN))
    return [KeepTogether([*told, *(SignatureLine() for _line in range(SIGNATURES))])]
