"""Forms and inlines with which an election is edited; the admin that uses them is in tally/admin.py."""

import itertools
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .models import Election, Option

# What voters see, and what tells when they may see it: fixed from the first moment the election is open.
FROZEN_FIELDS = ("title", "slug", "description", "method", "max_choices", "votes_final", "opens_at")


class ElectionForm(forms.ModelForm):
    """An election as its organiser writes it down; the address may be left to the question."""

    # Why what was sent before was not saved: the same form comes back with it, and with all that was typed.
    refusal: str = ""

    class Meta:
        model = Election
        fields = (*FROZEN_FIELDS, "proof_of_work", "closes_at", "time_zone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "slug" in self.fields:
            self.fields["slug"].required = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.refusal:
            self.add_error(None, self.refusal)
        if "slug" in self.fields and not cleaned.get("slug") and cleaned.get("title"):
            cleaned["slug"] = free_slug(cleaned["title"])
        if cleaned.get("method") == "plurality" and cleaned.get("max_choices"):
            self.add_error("max_choices", _("With plurality there is always one choice. Leave this empty."))
        for name in ("opens_at", "closes_at"):
            shown = self.initial.get(name)
            # No form shows parts of a second: what came back as it was shown has not been edited.
            if shown and cleaned.get(name) == shown.replace(microsecond=0):
                cleaned[name] = shown
        closes_at = cleaned.get("closes_at")
        if "closes_at" in self.changed_data and closes_at and closes_at <= timezone.now():
            self.add_error("closes_at", _("That time is past. To close the election at this moment, use “Close now”."))
        return cleaned


def free_slug(title: str) -> str:
    """Make a slug from a title, with a number behind it where that one is taken; 'election' where none comes out."""
    base = slugify(title)[:50].strip("-") or "election"
    candidates = itertools.chain([base], (f"{base}-{number}" for number in itertools.count(2)))
    return next(slug for slug in candidates if not Election.objects.filter(slug=slug).exists())


class OptionFormSet(forms.BaseInlineFormSet):
    """The options of one election: at least two; keys may be left to the labels."""

    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        if any(self.errors):
            return
        if len(kept) < 2:
            raise ValidationError(_("An election needs at least two options. Add what is missing."))
        if not self.instance.pk:
            return
        shown = [form.instance.pk for form in self.initial_forms]
        names = {form.cleaned_data[name] for form in kept for name in ("label", "key")}
        for option in self.instance.options.exclude(pk__in=shown):
            if {option.label, option.key} & names:
                raise ValidationError(
                    _("Somebody else has added the option “%(label)s” since you opened this page. Open it again."),
                    params={"label": option.label},
                )

    def get_unique_error_message(self, unique_check: Sequence[str]) -> str:
        if "key" in unique_check:
            return gettext("Two options have the same key. Give each its own.")
        return gettext("Two options have the same label. Voters could not tell them apart.")


class OptionForm(forms.ModelForm):
    class Meta:
        model = Option
        fields = ("label", "key", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"].required = False
        self.fields["key"].help_text = _("Left empty, it is made from the label.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "key" not in self.errors and not cleaned.get("key") and cleaned.get("label"):
            cleaned["key"] = slugify(cleaned["label"])[:40].strip("-")
            if not cleaned["key"]:
                self.add_error("key", _("No key can be made from this label. Write one, as in “option-a”."))
        return cleaned


class OptionInline(admin.TabularInline):
    model = Option
    form = OptionForm
    formset = OptionFormSet
    extra = 2
    ordering = ("position", "id")

    def has_add_permission(self, request: Any, obj: Election | None = None) -> bool:
        return not shows_frozen(request, obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: Any, obj: Election | None = None) -> bool:
        return not shows_frozen(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: Any, obj: Election | None = None) -> bool:
        return not shows_frozen(request, obj) and super().has_delete_permission(request, obj)


def shows_frozen(request: Any, election: Election | None) -> bool:
    """Tell whether a page shows what voters see as fixed.

    A form that was sent is read as it was shown. If the election has begun meanwhile, publishing tells.
    """
    if request.method == "POST" and {"title", "method"} <= request.POST.keys():
        return False
    return election is not None and election.is_frozen(timezone.now())
