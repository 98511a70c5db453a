"""The forms of the contests of an election, in the order in which they stand on the paper."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from polls import methods
from polls.delivery import write_options
from polls.labels import LONGEST_LABEL, find_equal, fold, make_key, number_key, read_lines
from polls.methods import ContestOnBallot, InvalidRules, OptionOnBallot
from polls.models import Contest, Option
from polls.roll.groups import clean_groups

from .forms import MARKDOWN_HELP
from .merging import MergingForm

# The position of a contest that says none: behind all others. The largest number that the column takes.
LAST = 32767


class ContestForm(MergingForm):
    """One question with its options, one a line, and with the rules of the chosen method."""

    # The order is one value of all contests together: see ContestFormSet.
    not_merged = ("id", "election", "position", "DELETE")

    option_lines = forms.CharField(
        label=_("Options"),
        widget=forms.Textarea(attrs={"rows": 4, "cols": 60}),
        help_text=_("One a line. For a motion: yes, no and, if you like, abstain, in this order and your own words."),
    )
    blank = forms.BooleanField(label=_("May be left blank"), required=False)
    group_lines = forms.CharField(
        label=_("Only for these groups of the roll"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 60}),
        help_text=_("One a line, written as on the roll. Empty: for everybody."),
    )
    random_order = forms.BooleanField(label=_("Options in an order of its own for each voter"), required=False)

    class Meta:
        model = Contest
        fields = ("title", "description", "method", "seats", "position")
        help_texts = {"description": MARKDOWN_HELP}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rules = self.instance.rules
        self.fields["description"].widget.attrs["rows"] = 3
        self.fields["position"].required = False
        if not self.instance.pk:
            self.initial["position"] = None
        without_seats = [name for name, method in methods.METHODS.items() if not method.fills_seats]
        self.fields["method"].widget.attrs["data-without-seats"] = " ".join(without_seats)
        self.rule_fields = {name: method.rule_fields() for name, method in methods.METHODS.items()}
        for method, fields in self.rule_fields.items():
            for name, field in fields.items():
                field.initial = rules.get(name) if self.instance.method == method else None
                self.fields[f"{method}_{name}"] = field
        self.initial.update({name: rules.get(name, False) for name in methods.BALLOT_RULES})
        self.initial["group_lines"] = "\n".join(self.instance.groups)
        if self.instance.pk:
            self.initial["option_lines"] = "\n".join(option.label for option in self.instance.options.all())

    @property
    def summary(self) -> dict[str, Any]:
        """Return what is seen of the contest while it is folded."""
        return {
            "title": self["title"].value(),
            "method": dict(methods.choices()).get(self["method"].value(), ""),
            "options": len(read_lines(self["option_lines"].value() or "")),
        }

    def saved(self) -> dict[str, Any]:
        return super().saved() | {"position": self.initial.get("position")}

    @property
    def shown_position(self) -> int:
        """Return where the contest stood when the form was loaded."""
        position = self.shown.get("position")
        return position if isinstance(position, int) else self.initial["position"]

    def has_changed(self) -> bool:
        """Tell whether anything was written: a new contest without a word is left out."""
        return bool(set(self.changed_data) - (set() if self.instance.pk else {"base", "position"}))

    def clean_option_lines(self) -> str:
        labels = read_lines(self.cleaned_data["option_lines"])
        if len(labels) < 2:
            raise ValidationError(_("A question needs at least two options, one a line. Add what is missing."))
        if invisible := [label for label in labels if not fold(label)]:
            raise ValidationError(
                _("Option %(number)d shows nothing. Write something, or take the line out.")
                % {"number": labels.index(invisible[0]) + 1}
            )
        if equal := find_equal(labels):
            raise ValidationError(
                _("“%(first)s” and “%(second)s” look the same: voters could not tell them apart. Change one of them.")
                % {"first": equal[0], "second": equal[1]}
            )
        if too_long := [label for label in labels if len(label) > LONGEST_LABEL]:
            raise ValidationError(
                _("“%(label)s…” has more than %(most)d characters. Shorten it.")
                % {"label": too_long[0][:30], "most": LONGEST_LABEL}
            )
        return "\n".join(labels)

    def clean_group_lines(self) -> str:
        return "\n".join(clean_groups(read_lines(self.cleaned_data["group_lines"].replace(";", "\n"))))

    def clean_position(self) -> int:
        position: int | None = self.cleaned_data.get("position")
        return LAST if position is None else position

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "id" in self.errors:
            del self.errors["id"]
            self.add_error(
                None,
                _(
                    "Somebody else has removed this question since you opened the page. Remove it here, too; "
                    "to keep it, write it as a new one."
                ),
            )
        method = methods.METHODS.get(cleaned.get("method", ""))
        for name, fields in self.rule_fields.items():
            if method and name != method.name:
                # They are not shown, so nobody could mend them.
                for rule in fields:
                    self.errors.pop(f"{name}_{rule}", None)
        if method is None or "option_lines" not in cleaned or self.errors:
            return cleaned
        if not method.fills_seats:
            cleaned["seats"] = 1
        self.written = self._write_options(cleaned["option_lines"].split("\n"))
        given = {name: cleaned.get(f"{method.name}_{name}") for name in self.rule_fields[method.name]}
        rules = {name: value for name, value in given.items() if value}
        rules = method.complete_rules(rules, [option.key for option in self.written])
        kept = {name: value for name, value in self.instance.rules.items() if name == "none_of_the_above"}
        self.instance.rules = kept | rules | {name: True for name in methods.BALLOT_RULES if cleaned.get(name)}
        self.instance.groups = read_lines(cleaned.get("group_lines", ""))
        contest = ContestOnBallot(
            key=self.instance.key,
            title=cleaned["title"],
            description=cleaned["description"],
            method=method.name,
            version=method.version,
            seats=cleaned["seats"],
            options=tuple(self.written),
            rules=self.instance.rules,
        )
        try:
            method.check(contest)
        except InvalidRules as problem:
            self.add_error(None, str(problem.message))
        return cleaned

    def _write_options(self, labels: Sequence[str]) -> list[OptionOnBallot]:
        """Return the options of these labels; an option that was there before keeps all else that it has."""
        before = list(self.instance.options.all()) if self.instance.pk else []
        known = {option.label: option for option in before}
        taken = {known[label].key for label in labels if label in known}
        # An option that is only called something else now keeps its looks.
        renamed = before if len(before) == len(labels) else []
        written = []
        for place, label in enumerate(labels):
            if option := known.get(label):
                written.append(option.on_ballot())
                continue
            key = make_key(label, taken)
            taken.add(key)
            old = renamed[place] if renamed and renamed[place].label not in labels else Option()
            written.append(OptionOnBallot(key, label, emoji=old.emoji, colour=old.colour, picture=old.picture))
        return written


class ContestFormSet(forms.BaseInlineFormSet):
    """The contests of one election: at least one, in the order of their positions."""

    longest_label = LONGEST_LABEL

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept = self._kept_forms()
        if not kept:
            raise ValidationError(_("An election needs at least one question. Fill in the first one below."))
        if len(kept) > 1 and not all(form.cleaned_data["title"] for form in kept):
            text = _("If there are several questions, each needs its own text. Fill in what is missing.")
            raise ValidationError(text)
        shown = [form.instance.pk for form in self.initial_forms]
        if self.instance.pk and (added := self.instance.contests.exclude(pk__in=shown).first()):
            raise ValidationError(
                _("Somebody else has added the question “%(title)s” since you opened this page. Open it again."),
                params={"title": added},
            )
        self.ordered = self._merge_order(kept)

    def save(self, commit: bool = True) -> Any:
        """Save the contests that are kept, in their order, and give new ones the keys q1, q2, ..."""
        kept = self.ordered
        taken = set(self.instance.contests.values_list("key", flat=True))
        for form in kept:
            if not form.instance.key:
                form.instance.key = number_key(taken)
                taken.add(form.instance.key)
        saved = super().save(commit)
        for form in kept:
            if form.has_changed():
                write_options(form.instance, vars(form)["written"])
        for position, form in enumerate(kept):
            self.instance.contests.filter(pk=form.instance.pk).exclude(position=position).update(position=position)
        return saved

    def _merge_order(self, kept: list[Any]) -> list[Any]:
        """Return the forms as they are to stand; raises ValidationError if somebody else has moved them, too.

        Whoever has moved nothing keeps the order that is saved now.
        """
        sent = sorted(kept, key=lambda form: form.cleaned_data["position"])
        old = [form for form in kept if form.instance.pk]
        saved = sorted(old, key=lambda form: (form.initial["position"], form.instance.pk))
        shown = sorted(saved, key=lambda form: form.shown_position)
        mine = [form for form in sent if form.instance.pk]
        if mine == shown:
            others = iter(saved)
            return [next(others) if form.instance.pk else form for form in sent]
        if saved not in (shown, mine):
            for form in old:
                form.remember_shown(form.shown | {"position": form.initial["position"]})
            raise ValidationError(
                _(
                    "Somebody else has put the questions in another order since you opened the page: %(order)s. "
                    "Yours is kept here, and is not saved. Save again to put it in the place of theirs."
                ),
                params={"order": ", ".join(str(form.instance) for form in saved)},
            )
        return sent

    def _kept_forms(self) -> list[Any]:
        """Return the forms of the contests that are not deleted."""
        return [form for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]

    def get_unique_error_message(self, unique_check: Sequence[str]) -> str:
        return gettext("Two questions have the same key.")
