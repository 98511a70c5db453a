"""What is done with the witnesses of a log, and how many of them certification requires; see docs/record.md."""

from typing import TypeAlias

from django.utils.translation import gettext as _

from polls.life import State
from polls.models import Election
from record.formats.cosignature import CosignatureVerifier
from record.formats.encodings import Malformed
from record.formats.keys import VerifierKey
from record.models import LONGEST_ADDRESS, LONGEST_WITNESS, Witness
from record.quorum import find_head, read_quorum
from record.witness_requests import parse_address

from .acts import Act, NotDone
from .installation_acts import InstallationAct
from .models import ActName

# Of one log: the specification of policies asks that as many can be named.
MOST_WITNESSES = 32

Told: TypeAlias = dict[str, tuple[str | None, str | None]]


class AddWitness(Act[Witness]):
    """Have a witness cosign the heads of an election's record from now on."""

    name = ActName.ADD_WITNESS

    def __init__(self, election: Election, key: str, address: str) -> None:
        super().__init__(election)
        self.key, self.address = key, address

    def change(self) -> Witness:
        if self.election.state == State.DRAFT:
            raise NotDone(_("Not added: the election is a draft. Publish it first."))
        return _add(self.election, self.key, self.address)

    def details(self) -> Told:
        return {"witness": (None, f"{self.key} {self.address}")}


class AddInstallationWitness(InstallationAct[Witness]):
    """Have a witness cosign the heads of the installation's log from now on."""

    name = ActName.ADD_WITNESS

    def __init__(self, key: str, address: str) -> None:
        self.key, self.address = key, address

    def change(self) -> Witness:
        return _add(None, self.key, self.address)

    def details(self) -> Told:
        return {"witness": (None, f"{self.key} {self.address}")}


def _add(election: Election | None, text: str, address: str) -> Witness:
    key = _read_key(text)
    _check_address(address)
    others, log = Witness.objects.filter(election=election), name_log(election)
    if others.filter(verifier_key=str(key)).exists():
        raise NotDone(_("Not added: %(election)s has this witness already.") % {"election": log})
    if others.filter(name=key.name).exists():
        raise NotDone(
            _("Not added: %(election)s has a witness %(name)s with another key. Remove that one first.")
            % {"election": log, "name": key.name}
        )
    if others.count() >= MOST_WITNESSES:
        raise NotDone(
            _("Not added: %(election)s has %(most)d witnesses, and can have no more.")
            % {"election": log, "most": MOST_WITNESSES}
        )
    return Witness.objects.create(election=election, name=key.name, verifier_key=str(key), address=address)


def name_log(election: Election | None) -> str:
    """Say whose log it is, as messages of commands do."""
    return election.slug if election else "the installation"


def _read_key(text: str) -> VerifierKey:
    try:
        key = CosignatureVerifier(VerifierKey.parse(text)).key
    except Malformed as problem:
        raise NotDone(_("Not added: this is no key of a witness: %(problem)s.") % {"problem": problem}) from None
    if len(key.name) > LONGEST_WITNESS:
        raise NotDone(_("Not added: the name of the key has more than %(most)d letters.") % {"most": LONGEST_WITNESS})
    return key


def _check_address(address: str) -> None:
    try:
        parse_address(address)
    except ValueError as problem:
        raise NotDone(
            _("Not added: %(address)s is no address of a witness: %(problem)s.")
            % {"address": address[:80], "problem": problem}
        ) from None
    if len(address) > LONGEST_ADDRESS:
        raise NotDone(_("Not added: the address has more than %(most)d letters.") % {"most": LONGEST_ADDRESS})


class RemoveWitness(Act[Witness]):
    """Ask a witness no more; its cosignatures are not served any more either."""

    name = ActName.REMOVE_WITNESS

    def __init__(self, election: Election, witness: str) -> None:
        super().__init__(election)
        self.witness = witness

    def change(self) -> Witness:
        # The lock makes it take turns with those who require more witnesses, and with certification.
        stored = Election.objects.select_for_update().get(pk=self.election.pk)
        witnesses = Witness.objects.filter(election=stored)
        found = _find(stored, self.witness)
        if stored.state == State.CERTIFIED and self._is_needed(stored):
            raise NotDone(
                _("Not removed: the result was certified with its cosignature, and %(required)d were required.")
                % {"required": stored.witness_quorum}
            )
        if witnesses.count() <= stored.witness_quorum:
            raise NotDone(
                _("Not removed: fewer witnesses would be left than the %(required)d required. Require fewer first.")
                % {"required": stored.witness_quorum}
            )
        witnesses.filter(pk=found.pk).delete()
        return found

    def _is_needed(self, stored: Election) -> bool:
        """Tell whether too few of those that have cosigned the last head would be left."""
        log = find_head(stored.pk)
        standings = read_quorum(log, stored.witness_quorum).standings if log else ()
        left = sum(one.counts for one in standings if one.name != self.witness)
        return any(one.counts for one in standings if one.name == self.witness) and left < stored.witness_quorum

    def details(self) -> Told:
        return {"witness": (self.witness, None)}


def _find(election: Election | None, name: str) -> Witness:
    found = Witness.objects.filter(election=election, name=name).first()
    if found is None:
        raise NotDone(
            _("Not removed: %(election)s has no witness %(name)s.") % {"election": name_log(election), "name": name}
        )
    return found


class RequireWitnesses(Act[int]):
    """Say how many witnesses have to have cosigned the last head of the record before the result is certified."""

    name = ActName.CHANGE_QUORUM

    def __init__(self, election: Election, required: int) -> None:
        super().__init__(election)
        self.required = required
        self.told: Told = {}

    def change(self) -> int:
        stored = Election.objects.select_for_update().get(pk=self.election.pk)
        if stored.state == State.DRAFT:
            raise NotDone(_("Not changed: the election is a draft. Publish it first."))
        if stored.state == State.CERTIFIED:
            raise NotDone(_("Not changed: the result is certified, and its protocol says how many were required."))
        number = Witness.objects.filter(election=stored).count()
        if not 0 <= self.required <= number:
            raise NotDone(
                _("Not changed: write a number from 0 to %(number)d, which is how many witnesses the election has.")
                % {"number": number}
            )
        before, stored.witness_quorum = stored.witness_quorum, self.required
        if stored.opened_at:
            stored.highest_witness_quorum = max(stored.highest_witness_quorum, before, self.required)
        stored.save(update_fields=["witness_quorum", "highest_witness_quorum"])
        self.told = {"witness_quorum": (str(before), str(self.required))}
        return self.required

    def details(self) -> Told:
        return self.told


class RemoveInstallationWitness(InstallationAct[Witness]):
    """Ask a witness of the installation's log no more."""

    name = ActName.REMOVE_WITNESS

    def __init__(self, witness: str) -> None:
        self.witness = witness

    def change(self) -> Witness:
        found = _find(None, self.witness)
        Witness.objects.filter(pk=found.pk).delete()
        return found

    def details(self) -> Told:
        return {"witness": (self.witness, None)}
