"""Publish elections: PostgreSQL first, then the ballot box, where only a higher revision is stored."""

import logging
from collections.abc import Iterable
from functools import partial

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from . import ballot_box
from .definition import Definition
from .models import Election

logger = logging.getLogger(__name__)


class Frozen(ValidationError):
    """A change to what voters have already seen, or to an election that is over."""


@transaction.atomic
def publish_election(election: Election) -> None:
    """Give the election, as it is saved, its next revision, and hand it to the ballot box on commit; raises Frozen.

    If the box is away at that moment the change is kept, and `keep_box` delivers it later.
    """
    # The lock makes two publications take turns, so that each has a revision of its own.
    stored = Election.objects.select_for_update().get(pk=election.pk)
    design = Definition.of(stored).design
    if stored.design and design != stored.design and stored.is_frozen(timezone.now()):
        raise Frozen(_("The election has begun: its question, options and method stay as voters have seen them."))
    stored.design, stored.revision = design, stored.revision + 1
    stored.save(update_fields=["design", "revision"])
    election.design, election.revision = stored.design, stored.revision
    transaction.on_commit(partial(_deliver, stored))


def _deliver(election: Election) -> None:
    try:
        epoch = ballot_box.read_epoch()
        if epoch is not None:
            store([Definition.of(election)], epoch)
    except ballot_box.Unavailable as error:
        logger.warning("%s is published as soon as the ballot box is back: %s", election.slug, error)


def store(definitions: Iterable[Definition], epoch: str) -> None:
    """Store definitions and the rules of their shards, over lower revisions only; raises Unavailable.

    A box that is new to Redis begins its life in `epoch`.
    """
    with ballot_box.reaching(), ballot_box.client().pipeline(transaction=False) as pipe:
        for definition in definitions:
            for shard in range(definition.shards):
                rules: list[str | int] = [
                    definition.revision,
                    epoch,
                    definition.design,
                    definition.opens_at,
                    "" if definition.closes_at is None else definition.closes_at,
                    int(definition.votes_final),
                    int(definition.sealed or definition.archived),
                ]
                rules_key = ballot_box.key(definition.election, shard, "rules")
                ballot_box.script("publish")([rules_key], rules, client=pipe)
            text: list[str | int] = [definition.slug, definition.revision, definition.to_json()]
            ballot_box.script("define")([ballot_box.DEFINITIONS], text, client=pipe)
        pipe.execute()
