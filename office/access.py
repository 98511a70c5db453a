"""Who may do what with which election: asked by every page, act and list of the office, and answered here alone.

Members of an organisation see and touch its elections, each as far as their role goes. Administrators of the
installation (superusers) may do everything.
"""

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from polls.models import Election

from .looks import write_look
from .models import Holding, MemberRole, Membership, Organisation

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.contrib.auth.models import User as Account

    User = Account | AnonymousUser


class Right(Enum):
    """What a page or an act asks for."""

    # See it, and all that is known of it.
    SEE = "see"
    # See how single entries of its record were marked, which an audit by sample has opened.
    AUDIT = "audit"
    # Close it, release its result, archive it, take note of problems.
    RUN = "run"
    # Write, publish, cancel and copy papers.
    WRITE = "write"
    # Certify its result.
    CERTIFY = "certify"
    # Say who is a member, and what the organisation looks like.
    MANAGE = "manage"


RIGHTS: Mapping[MemberRole, frozenset[Right]] = {
    MemberRole.MANAGER: frozenset(Right),
    MemberRole.OPERATOR: frozenset({Right.SEE, Right.AUDIT, Right.RUN}),
    MemberRole.AUDITOR: frozenset({Right.SEE, Right.AUDIT}),
    MemberRole.CHAIR: frozenset({Right.SEE}),
}


def is_administrator(user: "User") -> bool:
    """Tell whether somebody may do everything."""
    return user.is_active and user.is_superuser


def organisations_of(user: "User", right: Right) -> QuerySet[Organisation]:
    """Return the organisations in which somebody has a right."""
    if is_administrator(user):
        return Organisation.objects.all()
    if not (user.is_active and user.is_staff):
        return Organisation.objects.none()
    roles = [role for role, rights in RIGHTS.items() if right in rights]
    return Organisation.objects.filter(memberships__user=user.pk, memberships__role__in=roles)


def elections_of(user: "User", right: Right) -> QuerySet[Election]:
    """Return the elections on which somebody has a right."""
    if is_administrator(user):
        # Also those that no organisation holds yet.
        return Election.objects.all()
    held = Holding.objects.filter(organisation__in=organisations_of(user, right))
    return Election.objects.filter(pk__in=held.values("election"))


def rights_on(user: "User", election: Election) -> frozenset[Right]:
    """Return all rights that somebody has on one election."""
    if is_administrator(user):
        return frozenset(Right)
    if not (user.is_active and user.is_staff):
        return frozenset()
    roles = Membership.objects.filter(user=user.pk, organisation__holdings__election=election.pk).values_list("role")
    return frozenset().union(*(RIGHTS[MemberRole(role)] for (role,) in roles))


def may(user: "User", right: Right, election: Election | None = None) -> bool:
    """Tell whether somebody has a right on an election, or on any at all."""
    if election is not None:
        return right in rights_on(user, election)
    return is_administrator(user) or organisations_of(user, right).exists()


def hold(election: Election, organisation: Organisation | None = None) -> None:
    """Let an election be held by an organisation, without one by that which is there from the start."""
    number = (organisation or default_organisation()).pk
    Holding.objects.create(election=election, organisation_id=number)
    # Read after the row above, for which a change of the look waits, or which has waited for one.
    election.look = write_look(Organisation.objects.get(pk=number))
    election.save(update_fields=["look"])


def writes_for(user: "User") -> Organisation | None:
    """Return the organisation for which somebody writes elections; None for administrators, who are of none."""
    return None if is_administrator(user) else organisations_of(user, Right.WRITE).first()


def hold_all() -> None:
    """Let the first organisation hold what none holds yet, as the demonstration."""
    unheld = Election.objects.exclude(pk__in=Holding.objects.values("election"))
    if unheld.exists():
        default = default_organisation()
        held = Holding.objects.bulk_create(Holding(election=election, organisation=default) for election in unheld)
        Election.objects.filter(holding__in=held).update(look=write_look(default))


def default_organisation() -> Organisation:
    """Return the organisation that is there from the start, and make it where it is not."""
    return Organisation.objects.order_by("pk").first() or Organisation.objects.create(name="Urna")
