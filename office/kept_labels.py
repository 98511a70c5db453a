"""What somebody typed into a form that was kept, under the labels by which people know its fields."""

import re
from collections.abc import Callable, Iterable, Mapping

from django import forms
from django.contrib.auth.forms import UserChangeForm
from django.forms import models
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pages.kept_forms import Fields
from polls import methods

from .act_pages import ReasonForm
from .contest_forms import ContestForm
from .election_list import ElectionListMixin
from .forms import ElectionForm
from .language_form import PREFIX
from .look_pages import LookForm
from .member_pages import MemberForm
from .members import MembershipForm
from .models import Organisation
from .option_looks import OptionLookForm

Label = str | Promise

# A field of one of several forms on a page.
NUMBERED = re.compile(r"(contests|memberships)-([0-9]{1,4})-(.+)")
# Fields of a question that its page keeps for itself, and shows in another way.
UNSEEN = ("position", "DELETE")
# What stands behind the name of a time, for its parts.
PARTS = {"_0": gettext_lazy("date"), "_1": gettext_lazy("time of day"), "_2": gettext_lazy("in words")}


def tell_typed(fields: Fields) -> list[tuple[str, str]]:
    """Return label and value of what a person has typed or chosen; fields that no person sees are left out."""
    sent = dict(fields)
    whole, contest, membership = _whole_page(), ContestForm().fields, MembershipForm().fields
    typed = []
    for name, value in fields:
        if not value.strip():
            continue
        numbered = NUMBERED.fullmatch(name)
        found: tuple[str, str] | None
        if name.startswith(PREFIX):
            # A text in another language, at its place on the paper.
            found = _("Text of “%(place)s”") % {"place": name.removeprefix(PREFIX)}, value
        elif numbered is None:
            found = _find(whole, name, value)
        elif numbered[1] == "memberships":
            found = _find(membership, numbered[3], value)
        elif _is_of_other_method(numbered[3], sent.get(f"contests-{numbered[2]}-method", "")):
            found = None
        else:
            found = _find(contest, numbered[3], value)
            if found:
                label = _("Question %(number)d: %(label)s") % {"number": int(numbered[2]) + 1, "label": found[0]}
                found = label, found[1]
        if found:
            typed.append(found)
    return typed


def _whole_page() -> Mapping[str, forms.Field]:
    """Return the fields of the forms of which a page has one, by name; no two of them share a name."""
    organisation = models.modelform_factory(Organisation, fields=("name",))
    made: Iterable[Callable[[], forms.BaseForm]] = (
        UserChangeForm, organisation, MemberForm, ReasonForm, LookForm, OptionLookForm, ElectionForm,
    )  # fmt: skip
    fields: dict[str, forms.Field] = {}
    for form in made:
        fields |= form().fields
    fields["new"] = forms.CharField(label=gettext_lazy("New text"))
    actions = [(action, getattr(ElectionListMixin, action).short_description) for action in ElectionListMixin.actions]
    fields["action"] = forms.ChoiceField(label=gettext_lazy("Action"), choices=actions)
    return fields


def _find(fields: Mapping[str, forms.Field], name: str, value: str) -> tuple[str, str] | None:
    """Return the label of a field and its value in words; None for what no person sees."""
    part: Label = ""
    if name not in fields and name[-2:] in PARTS:
        name, part = name[:-2], PARTS[name[-2:]]
    field = fields.get(name)
    if field is None or field.widget.is_hidden or name in UNSEEN:
        return None
    label = field.label or name
    if part:
        label = format_lazy("{} ({})", label, part)
    return str(label), _in_words(field, value)


def _in_words(field: forms.Field, value: str) -> str:
    if isinstance(field, forms.BooleanField):
        return _("yes")
    choices = getattr(field, "choices", ())
    return next((str(word) for key, word in choices if str(key) == value), value)


def _is_of_other_method(name: str, chosen: str) -> bool:
    """Tell whether a field is a rule of a method that was not chosen, whose rules the page does not show."""
    return any(name.startswith(f"{method}_") for method in methods.METHODS if method != chosen)
