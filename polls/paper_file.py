"""A paper as JSON: `import_election` reads it, and the demo and the tests write their papers in it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from tabulation.contest import is_whole

from . import methods
from .delivery import write_contests
from .design import OF_FIFTH, OF_OPTION, Paper
from .labels import (
    LONGEST_EXPLANATION,
    LONGEST_LABEL,
    LONGEST_TITLE,
    find_equal,
    fold,
    make_key,
    number_key,
    tidy,
)
from .methods import ContestOnBallot, InvalidRules, OptionOnBallot
from .models import LARGEST_STEP, Election, Eligibility, Shows, TieBreak, free_slug
from .paper_values import (
    BadPaper,
    read_boolean,
    read_emoji,
    read_language,
    read_option_colour,
    read_optional_text,
    read_picture,
    read_text,
    read_time,
    read_translations,
    require_key,
    require_mapping,
)
from .pictures import hash_picture, store_picture, write_data_uri
from .roll.groups import clean_groups

NAMES = frozenset(
    (
        "title", "slug", "description", "opens_at", "closes_at", "time_zone", "eligibility", "votes_final", "unlisted",
        "shows", "step", "checkable", "tie_break", "providers", "shows_who_voted", "language", "translations",
        "contests",
    )
)  # fmt: skip
CONTEST_NAMES = frozenset(
    ("key", "title", "description", "method", "seats", "rules", "groups", "options", "translations")
)
# What the column holds; the administration has the same limit.
MOST_SEATS = 32_767
OPTION_NAMES = frozenset(("label", "key", "description", "emoji", "colour", "picture", "translations"))
# The texts that can be translated, with their most characters.
TEXTS = {"title": LONGEST_TITLE, "description": LONGEST_EXPLANATION}
TEXTS_OF_OPTION = {"label": LONGEST_LABEL, "description": LONGEST_EXPLANATION}
# How a paper says that ties stay ties.
NO_TIE_BREAK = "none"


@transaction.atomic
def create_election(paper: Mapping[str, Any], **fields: Any) -> Election:
    """Make a draft from a paper in JSON, with further `fields` of the model; raises ValidationError."""
    require_mapping(paper, NAMES, _("the paper"))
    if (eligibility := paper.get("eligibility", "open")) not in Eligibility.values:
        raise BadPaper(_("The eligibility is %(value)r. Write “open” or “roll”.") % {"value": eligibility})
    if (shows := paper.get("shows", Shows.LIVE)) not in Shows.values:
        raise BadPaper(
            _("“shows” is %(value)r. Write one of: %(known)s.") % {"value": shows, "known": ", ".join(Shows.values)}
        )
    title = read_text(paper, "title", _("the paper"), LONGEST_TITLE)
    language = read_language(paper)
    election = Election(
        title=title,
        slug=paper.get("slug") or free_slug(title),
        description=read_optional_text(paper, "description", _("the paper"), LONGEST_EXPLANATION),
        votes_final=read_boolean(paper, "votes_final", _("the paper")),
        eligibility=eligibility,
        unlisted=read_boolean(paper, "unlisted", _("the paper")),
        shows=shows,
        step=_step(paper),
        checkable=read_boolean(paper, "checkable", _("the paper")),
        tie_break=_tie_break(paper),
        providers=_providers(paper, eligibility),
        shows_who_voted=read_boolean(paper, "shows_who_voted", _("the paper")),
        language=language,
        translations=read_translations(paper, TEXTS, language, _("the paper")),
        opens_at=read_time(paper, "opens_at"),
        closes_at=read_time(paper, "closes_at"),
        **{"time_zone": paper["time_zone"]} if "time_zone" in paper else {},
        **fields,
    )
    election.full_clean()
    pictures: dict[str, bytes] = {}
    contests = _read_contests(paper.get("contests"), language, pictures)
    try:
        said: dict[str, Any] = {"language": language, "translations": election.translations}
        Paper(title, election.description, election.votes_final, contests, eligibility, **said).check()
    except InvalidRules as problem:
        raise BadPaper(str(problem.message)) from problem
    election.save()
    for content in pictures.values():
        store_picture(election, content)
    write_contests(election, contests)
    return election


def write_paper(election: Election) -> dict[str, Any]:
    """Write an election as it is saved, for `create_election` to make a draft like it, but for its address.

    The address is left out: it is never used again.
    """
    paper = Paper.of(election)
    pictures = {one.hash: bytes(one.content) for one in election.pictures.all()}
    times = {
        name: time.isoformat()
        for name, time in (("opens_at", election.opens_at), ("closes_at", election.closes_at))
        if time is not None
    }
    return {
        "title": paper.title,
        "description": paper.description,
        **times,
        "time_zone": election.time_zone,
        "eligibility": paper.eligibility,
        "votes_final": paper.votes_final,
        "unlisted": election.unlisted,
        "shows": paper.shows,
        **{name: getattr(paper, name) for name, silent in OF_FIFTH.items() if getattr(paper, name) != silent},
        "tie_break": election.tie_break or NO_TIE_BREAK,
        **({"providers": election.providers} if election.providers else {}),
        "shows_who_voted": election.shows_who_voted,
        **({"language": paper.language} if paper.language else {}),
        **_translations(paper),
        "contests": [
            {
                **{
                    name: getattr(contest, name) for name in ("key", "title", "description", "method", "seats", "rules")
                },
                **({"groups": list(contest.groups)} if contest.groups else {}),
                **_translations(contest),
                "options": [_write_option(option, pictures) for option in contest.options],
            }
            for contest in paper.contests
        ],
    }


def _translations(part: Paper | ContestOnBallot) -> dict[str, Any]:
    return {"translations": part.translations} if part.translations else {}


def _write_option(option: OptionOnBallot, pictures: Mapping[str, bytes]) -> dict[str, Any]:
    written = {name: value for name, value in asdict(option).items() if value or name not in OF_OPTION}
    if option.picture:
        written["picture"] = write_data_uri(pictures[option.picture])
    return written


def _read_contests(contests: Any, language: str, pictures: dict[str, bytes]) -> tuple[ContestOnBallot, ...]:
    if not isinstance(contests, list) or not contests:
        raise BadPaper(_("The paper has no “contests”. Give it a list with at least one."))
    taken: set[str] = set()
    read = []
    for number, contest in enumerate(contests, start=1):
        where = _("contest %(number)d") % {"number": number}
        require_mapping(contest, CONTEST_NAMES, where)
        key = contest.get("key") or number_key(taken, first=number)
        require_key(key, taken, where)
        title = read_optional_text(contest, "title", where, LONGEST_TITLE)
        if not title and len(contests) > 1:
            raise BadPaper(_("%(where)s has no “title”. With several contests each needs one.") % {"where": where})
        method = contest.get("method", "plurality")
        if not isinstance(method, str) or method not in methods.METHODS:
            known = ", ".join(methods.METHODS)
            raise BadPaper(
                _("%(where)s has the method %(method)r. Choose one of: %(known)s.")
                % {"where": where, "method": method, "known": known}
            )
        rules, seats = contest.get("rules", {}), contest.get("seats", 1)
        if not isinstance(rules, dict):
            raise BadPaper(_("The “rules” of %(where)s have to be an object.") % {"where": where})
        if is_whole(seats) and seats > MOST_SEATS:
            raise BadPaper(
                _("%(where)s has %(seats)d seats, and can have %(most)d at most. Write fewer.")
                % {"where": where, "seats": seats, "most": MOST_SEATS}
            )
        options = _read_options(contest.get("options"), language, pictures, where)
        for rule in methods.BALLOT_RULES:
            read_boolean(rules, rule, where)
        description = read_optional_text(contest, "description", where, LONGEST_EXPLANATION)
        version = methods.get(method).version
        groups = _read_groups(contest.get("groups", []), where)
        translations = read_translations(contest, TEXTS, language, where)
        read.append(
            ContestOnBallot(key, title, description, method, version, seats, options, rules, groups, translations)
        )
    return tuple(read)


def _read_groups(groups: Any, where: str) -> tuple[str, ...]:
    if not isinstance(groups, list) or not all(isinstance(one, str) for one in groups):
        raise BadPaper(_("The “groups” of %(where)s have to be a list of texts.") % {"where": where})
    return tuple(clean_groups(groups))


def _read_options(options: Any, language: str, pictures: dict[str, bytes], where: str) -> tuple[OptionOnBallot, ...]:
    """Read the options of a contest, and put their pictures under their hashes into `pictures`."""
    if not isinstance(options, list):
        raise BadPaper(_("%(where)s has no “options”. Give it a list with at least two.") % {"where": where})
    read: list[OptionOnBallot] = []
    taken: set[str] = set()
    for number, option in enumerate(options, start=1):
        place = _("option %(number)d of %(where)s") % {"number": number, "where": where}
        require_mapping(option, OPTION_NAMES, place)
        label = tidy(read_text(option, "label", place, LONGEST_LABEL))
        if not fold(label):
            raise BadPaper(_("The label of %(where)s shows nothing. Write something.") % {"where": place})
        key = option.get("key") or make_key(label, taken)
        require_key(key, taken, place)
        description = read_optional_text(option, "description", place, LONGEST_EXPLANATION)
        picture = ""
        if (content := read_picture(option, place)) is not None:
            picture = hash_picture(content)
            pictures[picture] = content
        emoji, colour = read_emoji(option, place), read_option_colour(option, place)
        translations = read_translations(option, TEXTS_OF_OPTION, language, place)
        read.append(OptionOnBallot(key, label, description, emoji, colour, picture, translations))
    if equal := find_equal(option.label for option in read):
        raise BadPaper(
            _("In %(where)s “%(first)s” and “%(second)s” look the same. Change one of them.")
            % {"where": where, "first": equal[0], "second": equal[1]}
        )
    return tuple(read)


def _tie_break(paper: Mapping[str, Any]) -> TieBreak:
    known = {one.value or NO_TIE_BREAK: one for one in TieBreak}
    given = paper.get("tie_break", TieBreak.DRAW.value)
    if not isinstance(given, str) or given not in known:
        raise BadPaper(
            _("Ties end by %(value)r, which is not known. Choose one of: %(known)s.")
            % {"value": given, "known": ", ".join(known)}
        )
    return known[given]


def _step(paper: Mapping[str, Any]) -> int:
    step = paper.get("step", 1)
    if not is_whole(step) or not 1 <= step <= LARGEST_STEP:
        raise BadPaper(
            _("“step” is %(value)r. Write how many ballots results wait for, from 1 to %(most)d.")
            % {"value": step, "most": LARGEST_STEP}
        )
    return step


def _providers(paper: Mapping[str, Any], eligibility: str) -> list[str]:
    given = paper.get("providers", [])
    known = settings.SIGNIN_PROVIDERS
    if not isinstance(given, list) or not all(isinstance(one, str) and one in known for one in given):
        raise BadPaper(
            _("“providers” is %(value)r. Write a list of where voters sign in on this server: %(known)s.")
            % {"value": given, "known": ", ".join(known) or "–"}
        )
    if given and eligibility != Eligibility.ROLL:
        raise BadPaper(_("Voters who sign in need a roll on which to be found. Choose the roll, or codes."))
    return list(dict.fromkeys(given))
