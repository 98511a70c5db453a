"""Fields of forms that ask for a colour or a picture."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from pages.colours import read_colour

# Proposed to somebody who has not chosen a colour yet.
PROPOSED = "#0a5d4d"
COLOUR = forms.TextInput(attrs={"type": "color"})


def picture_widget() -> forms.FileInput:
    """Return an input for a picture; a script makes a large one smaller before it is sent."""
    return forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp", "data-picture": ""})


def clean_colour(cleaned: Mapping[str, Any], wanted: str, name: str) -> str:
    """Return a colour in small letters, "" where the field `wanted` says that none is; raises ValidationError."""
    if not cleaned.get(wanted):
        return ""
    try:
        read_colour(cleaned[name])
    except ValueError as error:
        raise ValidationError(_("This is no colour. Write it as #0a5d4d.")) from error
    return str(cleaned[name]).lower()
