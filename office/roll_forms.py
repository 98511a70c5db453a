"""The forms about the roll of an election and its voters."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from polls.models import Election, Eligibility, RollEntry
from polls.roll.groups import MOST_GROUPS, clean_groups

from .cards.files import CardForm
from .models import Holding
from .roll_acts import EDITED, LONGEST_REASON
from .roll_files.columns import Column
from .roll_files.records import HEAVIEST, LONGEST
from .roll_view import has_opened, read_revision

BETWEEN_GROUPS = "; "


class RevisionForm(forms.Form):
    """A form that knows which roll it was shown for, and asks for a reason once people vote."""

    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, election: Election, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.election = election
        self.fields["seen"].initial = self.read_seen()
        self._ask_for_reason()

    def _ask_for_reason(self) -> None:
        if has_opened(self.election):
            self.fields["reason"] = forms.CharField(
                label=_("Reason"),
                max_length=LONGEST_REASON,
                widget=forms.Textarea(attrs={"rows": 2}),
                help_text=_("People vote already. The log of acts keeps the reason; write no names into it."),
            )

    def read_seen(self) -> int:
        """Return the revision for which the form is shown."""
        return read_revision(self.election)

    @property
    def reason(self) -> str:
        return str(self.cleaned_data.get("reason", ""))

    def refuse(self, problem: ValidationError) -> None:
        """Say why an act was not done; sent again, the form has seen the roll as it is now."""
        self.add_error(None, ValidationError(problem.messages))
        # It may have opened since the form was shown, and then be the reason why nothing was done.
        self.election.refresh_from_db(fields=["opened_at", "opens_at", "state"])
        self._ask_for_reason()
        self.data = {name: self.data[name] for name in self.data} | {"seen": str(self.read_seen())}


class EntryForm(RevisionForm):
    """A form about one voter, who may have been changed since it was shown; without one, about somebody new."""

    def __init__(self, election: Election, *args: Any, entry: RollEntry | None = None, **kwargs: Any) -> None:
        self.entry = entry
        super().__init__(election, *args, **kwargs)

    def read_seen(self) -> int:
        if self.entry is None:
            return super().read_seen()
        self.entry.refresh_from_db(fields=["revision"])
        return self.entry.revision


class VoterForm(EntryForm):
    """What stands on the roll of one voter."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=LONGEST[Column.NAME], required=False)
    member_number = forms.CharField(
        label=gettext_lazy("Member number"),
        max_length=LONGEST[Column.MEMBER_NUMBER],
        required=False,
        help_text=gettext_lazy("A voter needs a name or a member number."),
    )
    groups = forms.CharField(
        label=gettext_lazy("Groups"),
        max_length=(LONGEST[Column.GROUP] + len(BETWEEN_GROUPS)) * MOST_GROUPS,
        required=False,
        help_text=gettext_lazy("Several with “;” between them."),
    )
    weight = forms.IntegerField(label=gettext_lazy("Weight"), min_value=1, max_value=HEAVIEST, initial=1)
    email = forms.EmailField(label=gettext_lazy("E-mail"), required=False)

    subject = forms.CharField(
        label=gettext_lazy("Subject"),
        max_length=LONGEST[Column.SUBJECT],
        required=False,
        help_text=gettext_lazy(
            "What the provider calls this voter. Who has a subject is not found by the e-mail address."
        ),
    )

    def __init__(self, election: Election, *args: Any, entry: RollEntry | None = None, **kwargs: Any) -> None:
        if entry:
            values = {name: getattr(entry, name) for name in ("name", "member_number", "weight", "email", "subject")}
            kwargs["initial"] = values | {"groups": BETWEEN_GROUPS.join(entry.groups)}
        super().__init__(election, *args, entry=entry, **kwargs)
        if not election.providers:
            del self.fields["subject"]

    def clean_groups(self) -> list[str]:
        return clean_groups(self.cleaned_data["groups"].split(";"))

    def clean_member_number(self) -> str:
        number = str(self.cleaned_data["member_number"])
        others = self.election.roll.filter(struck_at=None)
        if self.entry:
            others = others.exclude(pk=self.entry.pk)
        same = others.filter(member_number=number).first() if number else None
        if same:
            raise ValidationError(_("This number is on the roll already, for %(name)s.") % {"name": f"“{same}”"})
        return number

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not cleaned["name"] and not cleaned["member_number"]:
            raise ValidationError(_("A voter needs a name or a member number. Write one of them."))
        return cleaned

    def values(self) -> dict[str, Any]:
        """Return what was typed, by field of the entry."""
        return {name: self.cleaned_data[name] for name in EDITED if name in self.cleaned_data}


class CodesForm(RevisionForm, CardForm):
    """Who gets new codes, and in which form."""

    who = forms.ChoiceField(label=gettext_lazy("Codes for"), widget=forms.RadioSelect)

    def __init__(self, election: Election, without: int, voters: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(election, *args, **kwargs)
        everybody = _("all %(number)d voters: codes that were given out before are void then") % {"number": voters}
        missing = _("the %(number)d voters who have none yet: no other code changes") % {"number": without}
        choices = [("missing", missing)] if without and without < voters else []
        if without == voters:
            everybody = _("all %(number)d voters, who have none yet") % {"number": voters}
        self.fields["who"].choices = [*choices, ("all", everybody)]  # type: ignore[attr-defined]
        self.fields["who"].initial = "missing" if choices else "all"
        self.order_fields(["who", "form"])


class CopyForm(RevisionForm):
    """From which election a roll is copied."""

    source = forms.ModelChoiceField(
        label=gettext_lazy("From"), queryset=Election.objects.none(), empty_label="–", blank=False
    )

    def __init__(self, election: Election, *args: Any, **kwargs: Any) -> None:
        super().__init__(election, *args, **kwargs)
        self.fields["source"].queryset = find_sources(election)  # type: ignore[attr-defined]


def find_sources(election: Election) -> Any:
    """Return the elections of the same organisation that have a roll with voters, newest first."""
    holders = Holding.objects.filter(election=election).values("organisation")
    voters = RollEntry.objects.filter(struck_at=None).values("election")
    elections = Election.objects.filter(holding__organisation__in=holders, eligibility=Eligibility.ROLL)
    return elections.filter(pk__in=voters).exclude(pk=election.pk).order_by("-pk")
