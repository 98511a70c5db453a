"""Beginning the record of an election anew, which only the operator of the server does, by a command."""

from contextlib import ExitStack
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from polls.life import State
from polls.models import Election
from record.begun_anew import begin_anew
from record.completion import COMPLETING_LOCK
from record.models import Audit, Log, Witness
from record.sampling.opening import SAMPLING_LOCK
from record.witnesses import PUSHING_LOCK
from tally import store
from tally.certification import CERTIFYING_LOCK

from .acts import Act, NotDone
from .models import ActName

if TYPE_CHECKING:
    from .acts import User

# What works on a log for longer than one transaction, in the order in which certification takes them.
LOCKS = (CERTIFYING_LOCK, COMPLETING_LOCK, SAMPLING_LOCK, PUSHING_LOCK)


class BeginRecordAnew(Act[Log]):
    """End the record of an election that has lost entries, and begin another one that refers to it."""

    name = ActName.BEGIN_RECORD_ANEW

    def __init__(self, election: Election) -> None:
        super().__init__(election)
        self.told: dict[str, tuple[str | None, str | None]] = {}

    def is_allowed(self, user: "User") -> bool:
        """Nobody may but the operator of the server: the record of an election is not in its organisers' hands."""
        return False

    def perform(self, *, by: "User | None") -> Log:
        """Wait for whatever works on the log, and do it then."""
        with ExitStack() as held:
            for lock in LOCKS:
                held.enter_context(store.alone(*lock, wait=True))
            return super().perform(by=by)

    def change(self) -> Log:
        log = require_lost(self.election)
        begun = begin_anew(self.election.pk)
        self.told = {"record": (log.verifier_key, begun.verifier_key)}
        return begun

    def details(self) -> dict[str, tuple[str | None, str | None]]:
        return self.told


def require_lost(election: Election) -> Log:
    """Return the log of an election if it has lost entries, and may be begun anew; raises NotDone."""
    state = Election.objects.values_list("state", flat=True).get(pk=election.pk)
    if state == State.CERTIFIED:
        raise NotDone(
            _("Not begun anew: the result is certified, and its record is never changed. Publish both heads instead.")
        )
    log = Log.objects.defer("frontier", "fates").filter(pk=election.pk).first()
    if log is None:
        raise NotDone(_("Not begun anew: this election has no record yet. It begins when the election opens."))
    if not log.other_head and not Witness.objects.filter(election=election, contradicts=True).exists():
        raise NotDone(
            _(
                "Not begun anew: nothing is known that this record has lost. "
                "If a backup was brought back just now, let a worker run for a minute, and try again."
            )
        )
    if Audit.objects.filter(election=election).exclude(manifest="").exists():
        raise NotDone(
            _("Not begun anew: an audit by sample is prepared, and it is of the record as it is. Keep this record.")
        )
    return log
