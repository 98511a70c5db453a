"""Acts on the members of an organisation, each with its permission, its change and its line in the log.

A manager decides who is a member of the own organisation, and nothing else about a person: neither the rights of an
administrator, nor a membership elsewhere, nor the password of an account that somebody uses already.
"""

from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from .access import Right, organisations_of
from .acts import NotDone
from .models import ActName, MemberRole, Membership, Organisation
from .organisation_acts import Changes, OrganisationAct

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class LastManager(NotDone):
    """The act would leave an organisation without a manager, and whoever acts has not said that they know."""


class AddMember(OrganisationAct[User]):
    """Make somebody a member who is named by user name or e-mail address; who has no account yet gets one."""

    name = ActName.ADD_MEMBER

    def __init__(self, organisation: Organisation, who: str, role: MemberRole) -> None:
        super().__init__(organisation)
        self.who, self.role = User.normalize_username(who.strip()), role
        self.is_new = False

    def change(self, by: "User | AnonymousUser | None") -> tuple[User, Changes]:
        person = find_person(self.who)
        if person is None:
            person, self.is_new = make_person(self.who), True
        if not person.is_active:
            raise NotDone(_("Not added: the account “%(who)s” is switched off.") % {"who": person.username})
        _membership, is_added = Membership.objects.get_or_create(
            organisation=self.organisation, user=person, defaults={"role": self.role}
        )
        if not is_added:
            raise NotDone(_("“%(who)s” is a member already. Change the role in the list.") % {"who": person.username})
        return person, {person.username: (None, self.role)}


class ChangeRole(OrganisationAct[User]):
    """Give a member another role."""

    name = ActName.CHANGE_ROLE

    def __init__(self, membership: Membership, role: MemberRole, *, knowing_last: bool = False) -> None:
        super().__init__(membership.organisation)
        self.membership, self.role, self.knowing_last = membership, role, knowing_last

    def change(self, by: "User | AnonymousUser | None") -> tuple[User, Changes]:
        stored = read_member(self.membership)
        before = stored.role
        stored.role = self.role
        stored.save(update_fields=["role"])
        if before == MemberRole.MANAGER and not self.knowing_last:
            refuse_to_leave_no_manager(self.organisation)
        return stored.user, {stored.user.username: (before, self.role)}


class RemoveMember(OrganisationAct[User]):
    """End a membership; the account stays, and so do its lines of the log."""

    name = ActName.REMOVE_MEMBER

    def __init__(self, membership: Membership, *, knowing_last: bool = False) -> None:
        super().__init__(membership.organisation)
        self.membership, self.knowing_last = membership, knowing_last

    def change(self, by: "User | AnonymousUser | None") -> tuple[User, Changes]:
        stored = read_member(self.membership)
        stored.delete()
        if stored.role == MemberRole.MANAGER and not self.knowing_last:
            refuse_to_leave_no_manager(self.organisation)
        return stored.user, {stored.user.username: (stored.role, None)}


class MakeLink(OrganisationAct[User]):
    """Make another link to a first password, for a member who has not used one yet."""

    name = ActName.MAKE_LINK

    def __init__(self, membership: Membership) -> None:
        super().__init__(membership.organisation)
        self.membership = membership

    def change(self, by: "User | AnonymousUser | None") -> tuple[User, Changes]:
        person = read_member(self.membership).user
        if not may_make_link(by, person):
            raise NotDone(_("No link was made: “%(who)s” has a password already.") % {"who": person.username})
        return person, {person.username: (None, None)}


def may_make_link(by: "User | AnonymousUser | None", person: User) -> bool:
    """Tell whether somebody, or the operator of the server, may make a link to a first password of a person.

    The link gives the whole account. So it must be one that nobody has used yet, and that is of no organisation but
    those that the manager manages.
    """
    if person.is_superuser or not person.is_active or person.has_usable_password() or person.last_login:
        return False
    if by is None:
        return True
    managed = organisations_of(by, Right.MANAGE)
    return not Membership.objects.filter(user=person).exclude(organisation__in=managed).exists()


def find_person(who: str) -> User | None:
    """Return the account of a user name or an e-mail address, None if there is none; raises NotDone for several."""
    found = list(User.objects.filter(Q(username__iexact=who) | Q(email__iexact=who))[:2])
    exact = User.objects.filter(username=who).first()
    if len(found) > 1 and exact is None:
        raise NotDone(_("Several accounts fit “%(who)s”. Type the user name.") % {"who": who})
    return exact or (found[0] if found else None)


def make_person(who: str) -> User:
    """Make an account that signs in with a password which is chosen later; raises ValidationError for no user name."""
    person = User(username=who, is_staff=True)
    try:
        validate_email(who)
    except ValidationError:
        pass
    else:
        person.email = who
    person.set_unusable_password()
    person.full_clean(exclude=["password"])
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError as error:
        raise NotDone(_("Not added: somebody else has just made this account. Try again.")) from error
    return person


def read_member(membership: Membership) -> Membership:
    """Return a membership as it is stored now; raises NotDone if somebody else has ended it."""
    stored = Membership.objects.select_related("user").filter(pk=membership.pk).first()
    if stored is None:
        raise NotDone(_("Nothing was changed: somebody else has removed this member meanwhile."))
    return stored


def refuse_to_leave_no_manager(organisation: Organisation) -> None:
    """Raise LastManager if nobody manages an organisation."""
    if not organisation.memberships.filter(role=MemberRole.MANAGER, user__is_active=True).exists():
        raise LastManager(
            _(
                "“%(organisation)s” would have no manager any more: nobody could write or publish its elections, or "
                "add members, until an administrator of this server names a manager."
            )
            % {"organisation": organisation}
        )
