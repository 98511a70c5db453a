"""The form with which an election is edited, but for its contests; the admin that uses it is in admin.py."""

import datetime as dt
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from polls.design import Paper
from polls.life import State
from polls.models import Election, Eligibility, free_slug
from polls.wording import list_languages, name_language

from .merging import MergingForm
from .time_fields import DATE, TIME, InWords, TimeField, as_shown, find_zone, read_time
from .times import write_in_full

# What voters see, and when they may vote: fixed from the moment at which the election opens.
FROZEN_FIELDS = (
    "title", "slug", "description", "votes_final", "eligibility", "shows", "step", "checkable", "tie_break",
    "shows_who_voted", "opens_at", "language",
)  # fmt: skip

TIMES = ("opens_at", "closes_at")

MARKDOWN_HELP = _(
    "*emphasis*, **strong**, [a link](https://example.org); lines that begin with “- ” or “1. ” are a list, and an "
    "empty line begins a new paragraph."
)


def offers_sign_in(election: Election) -> bool:
    """Tell whether there is anything to choose: a provider of this server, or one that it had before."""
    return bool(settings.SIGNIN_PROVIDERS or election.providers)


class ElectionForm(MergingForm):
    """An election as its organiser writes it; without an address it gets one from its title."""

    # Why the last request was not saved: the form comes back with this sentence, and with all that was typed.
    refusal: str = ""

    providers = forms.MultipleChoiceField(
        label=_("Voters sign in with"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "With none of them each voter on the roll has a code. Else voters sign in, and are found on the roll by "
            "the e-mail address that is confirmed there, or by their subject: what the provider calls them. It can be "
            "changed while people vote, and nobody becomes a second voter by it."
        ),
    )  # fmt: skip
    language = forms.ChoiceField(
        label=_("Language of the paper"),
        required=False,
        help_text=_("That of the texts below. Once it is said, they can be written in other languages, too."),
    )
    opens_at = TimeField(label=_("Opens"), help_text=_("Empty: once it is published."))
    closes_at = TimeField(label=_("Closes"), end_of_day=True, help_text=_("Empty: open until it is closed by hand."))

    class Meta:
        model = Election
        fields = (*FROZEN_FIELDS, "providers", "unlisted", "proof_of_work", "closes_at", "time_zone")
        widgets = {"eligibility": forms.RadioSelect, "shows": forms.RadioSelect}
        help_texts = {"description": format_lazy("{} {}", _("Shown on the ballot, under the title."), MARKDOWN_HELP)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = find_zone(self.instance.time_zone)
        for name in TIMES:
            if name in self.fields:
                self.fields[name].initial = as_shown(getattr(self.instance, name), zone)
                self.initial.pop(name, None)
                self._read_back(name, getattr(self.instance, name), zone)
        if "providers" in self.fields:
            known = settings.SIGNIN_PROVIDERS
            self.fields["providers"].choices = [  # type: ignore[attr-defined]
                (key, known.get(key, key)) for key in dict.fromkeys([*known, *self.instance.providers])
            ]
            if not offers_sign_in(self.instance):
                del self.fields["providers"]
        if "language" in self.fields:
            field: Any = self.fields["language"]
            field.choices = [("", "–"), *list_languages(self.instance.language)]
        for name in ("slug", "eligibility", "shows", "step"):
            if name in self.fields:
                self.fields[name].required = False

    def current(self, name: str) -> Any:
        return getattr(self.instance, name) if name in TIMES else super().current(name)

    def clean(self) -> dict[str, Any]:
        self._read_times(self.cleaned_data)
        cleaned = super().clean()
        if self.refusal:
            self.add_error(None, self.refusal)
        if "slug" in self.fields and not cleaned.get("slug") and cleaned.get("title"):
            cleaned["slug"] = free_slug(cleaned["title"])
        if "opens_at" in self.fields and cleaned.get("opens_at") is None and self.instance.state != State.DRAFT:
            # What is published already opens once this edit is.
            cleaned["opens_at"] = timezone.now()
        if cleaned.get("providers") and cleaned.get("eligibility", self.instance.eligibility) != Eligibility.ROLL:
            self.add_error(
                "providers", _("Voters who sign in need a roll on which to be found. Choose the roll, or codes.")
            )
        closes_at = cleaned.get("closes_at")
        if closes_at and closes_at != self.instance.closes_at and closes_at <= timezone.now():
            self.add_error("closes_at", _("That time is past. To close the election at this moment, use “Close now”."))
        return cleaned

    def clean_slug(self) -> str:
        return str(self.cleaned_data["slug"]).lower()

    def clean_language(self) -> str:
        if self.add_prefix("language") not in self.data:
            # A form that was loaded before this field was there.
            return str(self.instance.language)
        language = str(self.cleaned_data["language"])
        others = Paper.of(self.instance).languages[1:] if self.instance.pk else ()
        if others and language in ("", *others):
            raise ValidationError(
                _(
                    "The paper is written in other languages, too: it has to say its own, which is none of these: "
                    "%(names)s. Take one away first, on the page “Languages”."
                ),
                params={"names": ", ".join(map(name_language, others))},
            )
        return language

    def clean_eligibility(self) -> str:
        return str(self.cleaned_data["eligibility"] or self.instance.eligibility)

    def clean_step(self) -> int:
        step: int | None = self.cleaned_data["step"]
        return self.instance.step if step is None else step

    def _read_times(self, cleaned: dict[str, Any]) -> None:
        """Turn the times that were typed into moments, each in the zone that is meant."""
        shown_in = find_zone(str(self.shown.get("time_zone", self.instance.time_zone)))
        zone = find_zone(cleaned.get("time_zone", self.instance.time_zone))
        for name in TIMES:
            if name not in cleaned:
                continue
            before = parse_datetime(str(self.shown.get(name) or ""))
            typed = cleaned[name]
            try:
                cleaned[name] = read_time(typed, before, shown_in, zone)
            except ValidationError as problem:
                self.add_error(name, problem)
                continue
            self._read_back(name, cleaned[name], zone)
            if isinstance(typed, InWords) and self.instance.state != State.DRAFT:
                self._ask_whether_it_is_meant(name, cleaned[name], zone)

    def _read_back(self, name: str, moment: dt.datetime | None, zone: dt.tzinfo) -> None:
        """Write a time in full below its field."""
        self.fields[name].widget.read_back = write_in_full(moment, zone, timezone.now()) if moment else ""

    def _ask_whether_it_is_meant(self, name: str, moment: dt.datetime, zone: dt.tzinfo) -> None:
        """Read words back before they count: saving what is published publishes it."""
        text = _("Read as %(time)s. If that is what you mean, save again.")
        self.add_error(name, text % {"time": write_in_full(moment, zone, timezone.now())})
        date, time, words = self.fields[name].widget.decompress(as_shown(moment, zone))
        self.replace_sent({f"{name}_0": f"{date:{DATE}}", f"{name}_1": f"{time:{TIME}}", f"{name}_2": words})
