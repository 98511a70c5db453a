"""The groups of a roll: their names, and those of an entry as one text."""

import unicodedata
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# Characters of a name, and groups of one entry or question.
LONGEST_GROUP = 100
MOST_GROUPS = 20


def write_groups(groups: Iterable[str]) -> str:
    """Write the groups of an entry as the box has them; no name of a group holds a bar."""
    return "|".join(groups)


def read_groups(text: str) -> tuple[str, ...]:
    """Read back what `write_groups` has written."""
    return tuple(text.split("|")) if text else ()


def clean_groups(groups: Iterable[str]) -> list[str]:
    """Return the names of groups, each once and in one order; raises ValidationError."""
    names = sorted({" ".join(str(name).split()) for name in groups} - {""})
    for name in names:
        if "|" in name or any(unicodedata.category(one)[0] == "C" for one in name):
            raise ValidationError(_("The group “%(name)s” has a character that no group may have.") % {"name": name})
        if len(name) > LONGEST_GROUP:
            raise ValidationError(
                _("The group “%(name)s…” has more than %(most)d characters. Shorten it.")
                % {"name": name[:30], "most": LONGEST_GROUP}
            )
    if len(names) > MOST_GROUPS:
        raise ValidationError(_("A voter or a question has at most %(most)d groups.") % {"most": MOST_GROUPS})
    return names
