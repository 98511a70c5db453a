"""Two organisers at once: a form knows what it showed when it was loaded, and merges with what was saved since.

A field that was not touched keeps what somebody else has saved meanwhile. A field that both have changed is shown
with what was typed here, and what is saved there; sent again, it takes the other's place.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from django import forms
from django.utils.translation import gettext as _


class MergingForm(forms.ModelForm):
    """A form that is compared in three ways: what it showed, what was typed, and what is saved now."""

    # Fields that an organiser does not write.
    not_merged: Sequence[str] = ()

    base = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Asked for when the form is shown, and has all its fields.
        self.fields["base"].initial = lambda: json.dumps(self.saved())

    def merged_fields(self) -> list[str]:
        """Return the names of the fields that are compared."""
        return [name for name in self.fields if name not in ("base", *self.not_merged)]

    def saved(self) -> dict[str, Any]:
        """Return what is saved now, in plain JSON by field; "" for a new one."""
        return {name: plain(self.current(name)) for name in self.merged_fields()}

    def current(self, name: str) -> Any:
        """Return the value of a field that is saved now, as `cleaned_data` has it."""
        return self.get_initial_for_field(self.fields[name], name)

    @cached_property
    def shown(self) -> Mapping[str, Any]:
        """Return what the form showed when it was loaded: what is saved, for a form that does not say."""
        try:
            base = json.loads(self.data.get(self.add_prefix("base"), "")) if self.is_bound else None
        except ValueError:
            base = None
        return base if isinstance(base, dict) else self.saved()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        saved = self.saved()
        for name in self.merged_fields():
            if name not in cleaned or name not in self.shown:
                continue
            typed, shown = plain(cleaned[name]), self.shown[name]
            if saved[name] in (shown, typed):
                continue
            if typed == shown:
                cleaned[name] = self.current(name)
            else:
                self._tell_conflict(name, saved[name])
        return cleaned

    def _tell_conflict(self, name: str, theirs: Any) -> None:
        text = _(
            "Somebody else has changed this since you opened the page, to “%(theirs)s”. What you typed is kept here, "
            "and is not saved. Save again to put it in the place of theirs."
        )
        self.add_error(name, text % {"theirs": theirs})
        # Sent again, the form has seen what the other one saved.
        self.remember_shown(self.saved())

    def remember_shown(self, values: Mapping[str, Any]) -> None:
        """Let the form say, when it is sent again, that it has shown these values."""
        self.replace_sent({"base": json.dumps(values)})

    def replace_sent(self, values: Mapping[str, str]) -> None:
        """Show other values than those that were sent, by field."""
        data: Any = self.data
        data = data.copy()
        for name, value in values.items():
            data[self.add_prefix(name)] = value
        self.data = data


def plain(value: Any) -> Any:
    """Return a value of a field in plain JSON, for comparison; times as the moments that they are."""
    if value is None or value == "":
        return ""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value if isinstance(value, bool | int) else "\n".join(str(value).strip().splitlines())
