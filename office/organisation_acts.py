"""Acts on an organisation, each with its permission, its change and its line in the log."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import transaction

from .access import Right, organisations_of
from .acts import name_actor
from .models import ActName, LoggedAct, Organisation

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

Result = TypeVar("Result")
Changes = Mapping[str, tuple[str | None, str | None]]


class OrganisationAct(ABC, Generic[Result]):
    """Something that a manager does with an organisation, once."""

    name: ClassVar[ActName]

    def __init__(self, organisation: Organisation) -> None:
        self.organisation = organisation

    def perform(self, *, by: "User | AnonymousUser | None") -> Result:
        """Do it and log it, or neither; `by` is None for a command, which only the operator of the server can run.

        Raises PermissionDenied for a user who may not do it, and ValidationError if it cannot be done.
        """
        with transaction.atomic():
            # The lock makes acts take turns, so that two managers who remove each other do not both succeed.
            Organisation.objects.select_for_update().get(pk=self.organisation.pk)
            if by is not None and not organisations_of(by, Right.MANAGE).filter(pk=self.organisation.pk).exists():
                raise PermissionDenied
            result, changes = self.change(by)
            LoggedAct.objects.create(
                actor=name_actor(by), act=self.name, organisation=self.organisation.pk, changes=changes
            )
        return result

    @abstractmethod
    def change(self, by: "User | AnonymousUser | None") -> tuple[Result, Changes]:
        """Do it, inside the transaction of `perform`; return what came of it, and what has changed."""
