"""The pictures of options: stored by their hash in PostgreSQL, and brought from there to the ballot box.

What is stored is bounded: each picture, and how many an election has. What no paper shows any more is removed.
"""

import base64
import hashlib
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from . import ballot_box
from .design import Paper
from .models import Election, Option, Picture

# In one election. With a paper of so many, a file of it is still less than the office takes.
MOST_PICTURES = 60


def hash_picture(content: bytes) -> str:
    """Return the hash by which a paper names a picture."""
    return hashlib.sha256(content).hexdigest()


def write_data_uri(content: bytes) -> str:
    """Write a picture as a data URI."""
    return "data:image/webp;base64," + base64.b64encode(content).decode("ascii")


def store_picture(election: Election, content: bytes) -> str:
    """Store a picture of an election, and return its hash; raises ValidationError if the election has too many."""
    name = hash_picture(content)
    stored = election.pictures.exclude(hash=name)
    if stored.count() >= MOST_PICTURES:
        remove_orphans(election)
        if stored.count() >= MOST_PICTURES:
            raise ValidationError(
                _("An election holds at most %(most)d pictures. Take one away.") % {"most": MOST_PICTURES}
            )
    election.pictures.get_or_create(hash=name, defaults={"content": content})
    return name


def copy_pictures(original: Election, copy: Election) -> None:
    """Give an election all pictures of another."""
    rows = original.pictures.values_list("hash", "content")
    Picture.objects.bulk_create(Picture(election=copy, hash=name, content=content) for name, content in rows)


def remove_orphans(election: Election) -> None:
    """Remove the pictures of an election that neither its options have nor a paper that voters see."""
    if not election.pictures.exists():
        return
    options = Option.objects.filter(contest__election=election).exclude(picture="")
    election.pictures.exclude(hash__in=options.values("picture")).exclude(hash__in=_shown(election)).delete()


def bring_pictures(elections: Iterable[Election]) -> None:
    """Give the ballot box the pictures of published elections, and take away what no paper shows; raises Unavailable.

    Called before a paper is offered, so that voters never see one without its pictures.
    """
    wanted = {one.pk: set() if one.archived_at else _shown(one) for one in elections}
    for election, had in ballot_box.list_pictures(wanted).items():
        missing, removed = wanted[election] - had, had - wanted[election]
        if missing or removed:
            rows = Picture.objects.filter(election=election, hash__in=missing).values_list("hash", "content")
            ballot_box.change_pictures(election, {name: bytes(content) for name, content in rows}, removed)


def _shown(election: Election) -> set[str]:
    """Return the pictures on the papers that voters see, or will see once the ballot box has taken one."""
    in_use = {election.in_force, election.offered}
    papers = [Paper.read(one.paper) for one in election.designs.all() if one.hash in in_use]
    return set().union(*(paper.pictures for paper in papers))
