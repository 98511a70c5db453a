"""Whether those on a roll can be told apart by what a provider says of them."""

from django.db.models import Count, F
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from ..models import Election, RollEntry


def find_clash(election: Election) -> str:
    """Say which voters could not be told apart when they sign in, and what to do; "" if there are none.

    It names voters by what everybody in the office sees, and not by their addresses.
    """
    if not election.providers:
        return ""
    entries = RollEntry.objects.filter(election=election, struck_at=None)
    named = entries.exclude(subject="")
    if len(election.providers) > 1 and (one := named.first()):
        return _(
            "%(name)s has a subject, and the voters of this election sign in with more than one provider: it does not "
            "tell which of them is meant. Choose one provider, or take the subjects off the roll."
        ) % {"name": f"“{one}”"}
    addressed = entries.filter(subject="").exclude(email="")
    for same in (addressed.annotate(same=Lower("email")), named.annotate(same=F("subject"))):
        for twice in same.order_by().values_list("same").annotate(n=Count("pk")).filter(n__gt=1)[:1]:
            first, second = same.filter(same=twice[0]).order_by("number")[:2]
            return _(
                "%(first)s and %(second)s have the same e-mail address, or the same subject, and voters of this "
                "election are found by it when they sign in. Give each their own, or strike one of them."
            ) % {"first": f"“{first}”", "second": f"“{second}”"}
    return ""


def count_unreachable(election: Election) -> int:
    """Return how many on the roll nobody could sign in as."""
    return RollEntry.objects.filter(election=election, struck_at=None, email="", subject="").count()
