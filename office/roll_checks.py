"""What looks odd about a roll before publishing: whose vote the results could tell, and who could not vote."""

from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pages.templatetags.display import whole
from polls.design import Paper
from polls.models import Election, Eligibility
from polls.roll.identities import count_unreachable

# A weight that fewer voters have can tell whose vote it was: among ones and twos, 700 votes for an option come from the
# one who has 700. Five is the least number that statistical offices commonly publish, too.
RARE = 5
# No more weights are listed.
MOST_LISTED = 8


def find_odd(election: Election, paper: Paper) -> Iterator[str]:
    """Yield the warnings about the roll of a draft."""
    if election.eligibility != Eligibility.ROLL:
        return
    entries = election.roll.filter(struck_at=None)
    weights = entries.order_by("weight").values_list("weight").annotate(holders=Count("pk"))
    rare = list(weights.filter(holders__lt=RARE).values_list("weight", flat=True)[: MOST_LISTED + 1])
    # Where all weigh the same, a weight tells nothing.
    if rare and len(weights[:2]) > 1:
        listed = ", ".join(str(whole(weight)) for weight in rare[:MOST_LISTED])
        yield _(
            "So few voters have one of these weights that results can tell how they voted: %(weights)s."
            " Fewer than %(number)d voters have each."
        ) % {"weights": listed + (" …" if len(rare) > MOST_LISTED else ""), "number": RARE}
    if election.providers and (without := count_unreachable(election)):
        yield ngettext(
            "%(number)d voter has neither an e-mail address nor a subject, and cannot sign in.",
            "%(number)d voters have neither an e-mail address nor a subject, and cannot sign in.",
            without,
        ) % {"number": without}
    for contest in paper.contests:
        if not contest.groups:
            continue
        in_groups = Q()
        for group in contest.groups:
            in_groups |= Q(groups__contains=[group])
        if 0 < (few := entries.filter(in_groups).count()) < settings.TURNOUT_SMALLEST_GROUP:
            yield ngettext(
                "Only %(number)d voter has the question “%(title)s”: its result can tell how that voter voted.",
                "Only %(number)d voters have the question “%(title)s”: its result can tell how they voted.",
                few,
            ) % {"number": few, "title": contest.title or paper.title}
