"""Certify an election: check its account, count it again, fix its result, and cut its ballots off its voters.

Each step can be repeated, and one commit decides: with it the election is certified, its result is stored, and what
links ballots to voters is deleted. A worker that dies before it has changed nothing; after it only Redis is left to
clean. A worker does this, because the office may read neither secrets nor markings.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from polls import ballot_box
from polls.ballot_box import Unavailable, forgetting
from polls.life import State, enter
from polls.models import Election, TieBreak, VoterSecret
from polls.publishing import republish_election
from polls.withholding import withheld

from . import healing, recorder, store
from .announce import announce
from .audit.accounts import balance
from .audit.recount import Progress, Recount, recount, standing_still
from .certified import write_result
from .models import (
    AnonymousBallots,
    CastRecord,
    Certification,
    Count,
    CountedBallot,
    Reconciliation,
    RejectedBallot,
    Tally,
)
from .outcomes import decide, keep, read
from .tie_breaks import find_open_ties, reveal_draw

logger = logging.getLogger(__name__)

# The advisory lock of certifying; healing and balancing have the first ones, and elections count from 1.
CERTIFYING_LOCK = (0, 2)


class NotCertified(Exception):
    """The election cannot be certified as it is."""

    def __init__(self, problem: Certification.Problem, details: Iterable[str] = ()) -> None:
        super().__init__(problem)
        self.problem = problem
        self.details = list(details)


def certify_all() -> None:
    """Certify what was asked for, one election after the other; raises Unavailable."""
    for election in Election.objects.filter(certification__step__in=Certification.UNDER_WAY):
        certify(election)


def certify(election: Election, progress: Progress = logger.info) -> None:
    """Take the certification of an election as far as it goes; another worker that is at it is left alone."""
    with store.alone(*CERTIFYING_LOCK) as alone:
        if not alone:
            return
        election.refresh_from_db()
        try:
            if election.state != State.CERTIFIED:
                _check(election)
                _certify(election, progress)
        except NotCertified as refusal:
            logger.warning("%s is not certified: %s %s", election.slug, refusal.problem, "; ".join(refusal.details))
            _note(election, Certification.Step.REFUSED, problem=refusal.problem, details=refusal.details)
            return
        _separate_box(election)
        _note(election, Certification.Step.DONE)
        logger.info("%s is certified", election.slug)


def _note(election: Election, step: Certification.Step, *, problem: str = "", details: Iterable[str] = ()) -> None:
    rows = Certification.objects.filter(election=election)
    rows.update(step=step, problem=problem, details=list(details))
    announce(election.pk)


def find_problem(election: Election) -> Certification.Problem | None:
    """Return what keeps an election from being certified, of what can be told without its account and its ballots."""
    if election.state != State.FINAL:
        return Certification.Problem.NOT_FINAL
    if withheld(election.shows, election.state, election.released_at):
        return Certification.Problem.WITHHELD
    if election.tie_break == TieBreak.LOT and find_open_ties(election):
        return Certification.Problem.TIE
    return None


def _check(election: Election) -> None:
    """Balance the account once more, and require that whatever is odd is known."""
    _note(election, Certification.Step.CHECKING)
    if problem := find_problem(election):
        raise NotCertified(problem)
    for shard in range(election.shards):
        balance(election, shard)
    rows = Reconciliation.objects.filter(election=election)
    if problems := [problem for row in rows if row.is_alarming for problem in row.problems]:
        raise NotCertified(Certification.Problem.ACCOUNT, problems)
    _finish_record(election, is_odd=any(row.problems for row in rows))
    _require_witnesses(election)


def _finish_record(election: Election, *, is_odd: bool) -> None:
    """Require that each ballot has its entry in the public record, while there are still ballots to be compared.

    Where somebody has taken note that ballots are missing, it may have more entries than there are ballots.
    """
    try:
        if not recorder.current().finish(election):
            raise Unavailable("the record of the election is not whole yet")
    except recorder.Contradiction as problem:
        if not is_odd:
            raise NotCertified(Certification.Problem.RECORD, [str(problem)]) from problem
        logger.warning("%s is certified though %s, as its account explains", election.slug, problem)


def _require_witnesses(election: Election) -> None:
    """Require that as many witnesses have cosigned the last head of the record as the election says."""
    if missing := recorder.current().find_missing_cosignatures(election):
        raise NotCertified(Certification.Problem.WITNESSES, missing)


def _certify(election: Election, progress: Progress) -> None:
    """Count again and store the result, as of one moment; the commit at the end decides."""
    _note(election, Certification.Step.COUNTING)

    def go_on(said: str) -> None:
        progress(said)
        # PostgreSQL ends a transaction that does nothing for long.
        store.run("SELECT 1", [])

    with standing_still():
        again = recount(election, go_on)
        if again.differences:
            raise NotCertified(Certification.Problem.COUNT, again.differences)
        _require_known_set_aside(election)
        stored = Election.objects.select_for_update().get(pk=election.pk)
        # Once more: behind the lock nobody requires more of them, and nobody removes one.
        _require_witnesses(stored)
        changed = enter(stored, State.CERTIFIED, now=timezone.now())
        stored.save(update_fields=changed)
        reveal_draw(stored)
        _fix(stored, again.totals)
        _separate(stored, again)
        republish_election(stored)
        transaction.on_commit(lambda: announce(stored.pk))
    election.refresh_from_db()


def _require_known_set_aside(election: Election) -> None:
    known = Certification.objects.filter(election=election).values_list("set_aside", flat=True).first()
    if RejectedBallot.objects.filter(election=election).count() != known:
        raise NotCertified(Certification.Problem.SET_ASIDE)


def _fix(election: Election, counts: Counter[str]) -> None:
    """Store the result with its hash, and show it; with the draw that was revealed just now."""
    row = read(election.pk)
    outcomes = decide(row, counts)
    if election.tie_break == TieBreak.LOT and any(one.outcome.open_tie for one in outcomes):
        # A lot was entered of which the worker has made no outcome yet: the count goes on after it, and ties again.
        raise NotCertified(Certification.Problem.TIE)
    text = write_result(election, row, outcomes)
    store.insert_certified(election.pk, text, hashlib.sha256(text.encode()).hexdigest())
    keep(row, outcomes)


def _separate(election: Election, again: Recount) -> None:
    """Keep the ballots without anything that links them to a voter, a moment or each other."""
    total = again.ballots.total()
    store.keep_anonymous_ballots(election.pk)
    if sum(AnonymousBallots.objects.filter(election=election).values_list("number", flat=True)) != total:
        raise NotCertified(Certification.Problem.COUNT, ["the counted ballots are not as many as by the cast records"])
    for model in (CastRecord, CountedBallot, RejectedBallot, Count):
        store.delete_certified(model._meta.db_table, election.pk)
    store.delete_certified(VoterSecret._meta.db_table, election.pk)
    recorder.current().forget(election)
    # Shards follow from voter keys, serials from the order of arrival.
    store.add_to_counts(election.pk, 0, again.totals)
    Tally.objects.filter(election=election).update(ballots=0, extra_weight=0, epoch="", last_serial=0)
    first = Tally.objects.filter(election=election, shard=0)
    first.update(ballots=total, extra_weight=again.extra_weight.total())


def _separate_box(election: Election) -> None:
    """Take the voters out of Redis, and out of the file behind it; raises Unavailable."""
    _note(election, Certification.Step.SEPARATING)
    healing.deliver_election(election.pk)
    standing = ballot_box.read_definition(election.slug)[0]
    if standing is None or standing.voter_secret:
        raise Unavailable("the ballot box has not taken the certified election yet")
    forgetting.forget_voters(election.pk, election.shards)
    forgetting.rewrite_file()
