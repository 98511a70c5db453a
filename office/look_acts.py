"""How an organisation looks on the pages of its elections."""

from typing import TYPE_CHECKING

from polls.models import Election
from polls.publishing import republish_elections

from .looks import write_look
from .models import ActName, Organisation
from .organisation_acts import Changes, OrganisationAct

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

LOOK = ("public_name", "accent", "logo")


class ChangeLook(OrganisationAct[int]):
    """Give an organisation another look, on the pages of all its elections; return how many are published.

    It is no part of what is voted on, so that it may change at any time, and open forms stay valid.
    """

    name = ActName.CHANGE_LOOK

    def __init__(self, organisation: Organisation, *, public_name: str, accent: str, logo: str) -> None:
        super().__init__(organisation)
        self.look = {"public_name": public_name, "accent": accent, "logo": logo}

    def change(self, by: "User | AnonymousUser | None") -> tuple[int, Changes]:
        stored = Organisation.objects.get(pk=self.organisation.pk)
        before = {name: getattr(stored, name) for name in LOOK}
        for name, value in self.look.items():
            setattr(stored, name, value)
        stored.save(update_fields=LOOK)
        held = Election.objects.filter(holding__organisation=stored.pk)
        held.update(look=write_look(stored))
        changes = {name: (tell(name, before[name]), tell(name, self.look[name])) for name in LOOK}
        return republish_elections(held.current()), {
            name: (old, new) for name, (old, new) in changes.items() if before[name] != self.look[name]
        }


def tell(name: str, value: str) -> str | None:
    """Write a part of a look for the log, which holds no pictures."""
    return (f"{len(value)} bytes" if name == "logo" else value) if value else None
