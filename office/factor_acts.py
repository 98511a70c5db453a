"""Acts on second factors: an organisation demands them of its members, and a manager takes a lost one off."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from .access import Right, default_organisation, organisations_of
from .acts import NotDone, name_actor
from .member_acts import read_member
from .models import ActName, LoggedAct, Membership, Organisation, SecondFactor
from .organisation_acts import Changes, OrganisationAct
from .sign_in.factors import factors_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

WORDS = {True: "mandatory", False: "optional"}


class DemandFactor(OrganisationAct[bool]):
    """Make a second factor mandatory for all members, or optional."""

    name = ActName.DEMAND_FACTOR

    def __init__(self, organisation: Organisation, demanded: bool) -> None:
        super().__init__(organisation)
        self.demanded = demanded

    def change(self, by: "User | AnonymousUser | None") -> tuple[bool, Changes]:
        if self.demanded and by is not None and not factors_of(by):
            raise NotDone(
                _("Not changed: set up a second factor of your own first, so that you do not lock yourself out.")
            )
        organisation = Organisation.objects.get(pk=self.organisation.pk)
        before = organisation.demands_second_factor
        if before == self.demanded:
            raise NotDone(_("Nothing was changed: somebody else has done it meanwhile."))
        organisation.demands_second_factor = self.demanded
        organisation.save(update_fields=["demands_second_factor"])
        return self.demanded, {"second factor": (WORDS[before], WORDS[self.demanded])}


class ResetFactor(OrganisationAct[User]):
    """Take all second factors off the account of a member who has lost them; the password is enough then."""

    name = ActName.RESET_FACTOR

    def __init__(self, membership: Membership) -> None:
        super().__init__(membership.organisation)
        self.membership = membership

    def change(self, by: "User | AnonymousUser | None") -> tuple[User, Changes]:
        person = read_member(self.membership).user
        if by is not None and not may_reset(by, person):
            raise NotDone(
                _(
                    "Nothing was changed: only whoever runs this server can reset the second factor of “%(who)s”, with "
                    "the command “reset_second_factor”."
                )
                % {"who": person.username}
            )
        if not drop_factors(person):
            raise NotDone(_("Nothing was changed: “%(who)s” has no second factor.") % {"who": person.username})
        return person, {person.username: (None, None)}


def may_reset(by: "User | AnonymousUser", person: User) -> bool:
    """Tell whether somebody may take the second factors off an account.

    It weakens the whole account. So it must not be the own one, where the password is asked for, nor an
    administrator's, nor that of somebody who is also a member where the manager manages nothing.
    """
    if person.pk == by.pk or person.is_superuser:
        return False
    managed = organisations_of(by, Right.MANAGE)
    return not Membership.objects.filter(user=person).exclude(organisation__in=managed).exists()


def drop_factors(person: User) -> bool:
    """Delete what somebody has, which ends the sessions that have shown one of them; tell whether there was any."""
    return SecondFactor.objects.filter(user=person).delete()[0] > 0


def reset_by_operator(person: User) -> bool:
    """Take all second factors off an account by a command, with a line in the log of each organisation concerned."""
    with transaction.atomic():
        if not drop_factors(person):
            return False
        concerned = Organisation.objects.filter(memberships__user=person) or [default_organisation()]
        LoggedAct.objects.bulk_create(
            LoggedAct(
                actor=name_actor(None),
                act=ActName.RESET_FACTOR,
                organisation=organisation.pk,
                changes={person.username: (None, None)},
            )
            for organisation in concerned
        )
    return True
