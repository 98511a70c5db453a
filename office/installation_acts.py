"""Acts on the whole installation, which only the operator of the server does, by commands."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Generic, TypeVar

from django.db import transaction

from .acts import name_actor
from .models import ActName, LoggedAct

Result = TypeVar("Result")


class InstallationAct(ABC, Generic[Result]):
    """Something that is done with the installation, once."""

    name: ClassVar[ActName]

    def perform(self) -> Result:
        """Do it and log it, or neither; raises ValidationError if it cannot be done."""
        with transaction.atomic():
            result = self.change()
            LoggedAct.objects.create(actor=name_actor(None), act=self.name, changes=self.details())
        return result

    @abstractmethod
    def change(self) -> Result:
        """Do it, inside the transaction of `perform`."""

    @abstractmethod
    def details(self) -> Mapping[str, tuple[str | None, str | None]]:
        """Return what the log is to tell, each with its old and its new value."""
