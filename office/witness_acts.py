"""What the operator does with the witnesses of a log, by commands alone; see docs/record.md.

Their messages are not translated, since no page shows them.
"""

from typing import TypeAlias

from polls.life import State
from polls.models import Election
from record.formats.cosignature import CosignatureVerifier
from record.formats.encodings import Malformed
from record.formats.keys import VerifierKey
from record.models import LONGEST_ADDRESS, LONGEST_WITNESS, Witness
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
            raise NotDone("Not added: the election is a draft. Publish it first.")
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
    others, of = Witness.objects.filter(election=election), name_log(election)
    if others.filter(verifier_key=str(key)).exists():
        raise NotDone(f"Not added: {of} has this witness already.")
    if others.filter(name=key.name).exists():
        raise NotDone(f"Not added: {of} has a witness {key.name} with another key. Remove that one first.")
    if others.count() >= MOST_WITNESSES:
        raise NotDone(f"Not added: {of} has {MOST_WITNESSES} witnesses, and can have no more.")
    return Witness.objects.create(election=election, name=key.name, verifier_key=str(key), address=address)


def name_log(election: Election | None) -> str:
    """Say whose log it is, as messages of commands do."""
    return election.slug if election else "the installation"


def _read_key(text: str) -> VerifierKey:
    try:
        key = CosignatureVerifier(VerifierKey.parse(text)).key
    except Malformed as problem:
        raise NotDone(f"Not added: this is no key of a witness: {problem}.") from None
    if len(key.name) > LONGEST_WITNESS:
        raise NotDone(f"Not added: the name of the key has more than {LONGEST_WITNESS} letters.")
    return key


def _check_address(address: str) -> None:
    try:
        parse_address(address)
    except ValueError as problem:
        raise NotDone(f"Not added: {address[:80]} is no address of a witness: {problem}.") from None
    if len(address) > LONGEST_ADDRESS:
        raise NotDone(f"Not added: the address has more than {LONGEST_ADDRESS} letters.")


class RemoveWitness(Act[Witness]):
    """Ask a witness no more; its cosignatures are not served any more either."""

    name = ActName.REMOVE_WITNESS

    def __init__(self, election: Election, witness: str) -> None:
        super().__init__(election)
        self.witness = witness

    def change(self) -> Witness:
        return _remove(self.election, self.witness)

    def details(self) -> Told:
        return {"witness": (self.witness, None)}


class RemoveInstallationWitness(InstallationAct[Witness]):
    """Ask a witness of the installation's log no more."""

    name = ActName.REMOVE_WITNESS

    def __init__(self, witness: str) -> None:
        self.witness = witness

    def change(self) -> Witness:
        return _remove(None, self.witness)

    def details(self) -> Told:
        return {"witness": (self.witness, None)}


def _remove(election: Election | None, name: str) -> Witness:
    found = Witness.objects.filter(election=election, name=name).first()
    if found is None:
        raise NotDone(f"Not removed: {name_log(election)} has no witness {name}.")
    Witness.objects.filter(pk=found.pk).delete()
    return found
