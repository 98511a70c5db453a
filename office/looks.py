"""How an organisation looks, as its elections keep it."""

from pages.colours import make_visible
from polls.look import Look

from .models import Organisation


def write_look(organisation: Organisation) -> dict[str, str]:
    """Return how an organisation looks, as elections keep it: empty, if it has no look."""
    accent = organisation.accent
    look = Look(
        name=organisation.public_name,
        light=make_visible(accent, dark=False) if accent else "",
        dark=make_visible(accent, dark=True) if accent else "",
        logo=organisation.logo,
    )
    return {name: value for name, value in vars(look).items() if value}
