"""The form in which a paper is written in another language: each text beside the one of the paper's own language."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from polls.delivery import write_contests
from polls.design import Paper
from polls.labels import find_equal, fold, tidy
from polls.mending import TextOnPaper, list_own_texts
from polls.models import Election
from polls.wording import find_translated, with_translated

from .merging import MergingForm

# Of more fields in one form the server takes none; a paper with more texts is translated in its file.
MOST_FIELDS = 1900
PREFIX = "text:"


@dataclass(frozen=True)
class Row:
    """A text of the paper, and the field for it in the other language."""

    text: TextOnPaper
    field: forms.BoundField


@dataclass(frozen=True)
class Block:
    """What is folded together: the paper's own texts, or those of one question."""

    heading: str
    rows: list[Row]

    @property
    def missing(self) -> int:
        """Return how many fields are empty."""
        return sum(not row.field.value() for row in self.rows)

    @property
    def is_open(self) -> bool:
        """Whether there is anything to do here."""
        return bool(self.missing or any(row.field.errors for row in self.rows))


class LanguageForm(MergingForm):
    """All texts of a paper in one language that is not its own; an empty field leaves the text as it is in that one."""

    class Meta:
        model = Election
        fields = ()

    def __init__(self, *args: Any, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.language = language
        self.paper = Paper.of(self.instance)
        self.translated = find_translated(self.paper, language)
        self.texts = {PREFIX + one.place: one for one in list_own_texts(self.paper) if one.text}
        for name, text in self.texts.items():
            widget = forms.Textarea(attrs={"rows": 3}) if text.has_lines else forms.TextInput()
            widget.attrs |= {"lang": language, "dir": "auto"}
            self.fields[name] = forms.CharField(
                label=text.name,
                max_length=text.longest,
                required=False,
                widget=widget,
                initial=self.translated.get(text.place, ""),
            )

    @property
    def blocks(self) -> list[Block]:
        """Return the fields as they stand below each other."""
        blocks = [Block(_("The paper itself"), list(self._rows("")))]
        for contest in self.paper.contests:
            blocks.append(Block(contest.title or self.paper.title, list(self._rows(contest.key))))
        return [block for block in blocks if block.rows]

    def _rows(self, contest: str) -> Iterator[Row]:
        for name, text in self.texts.items():
            if text.contest == contest:
                yield Row(text, self[name])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name, text in self.texts.items():
            if name not in cleaned:
                continue
            typed = cleaned[name]
            cleaned[name] = typed = "\n".join(typed.splitlines()) if text.has_lines else tidy(typed)
            if typed and not fold(typed):
                self.add_error(name, _("This shows nothing. Write something, or leave it empty."))
        self._refuse_equal_labels()
        return cleaned

    def _refuse_equal_labels(self) -> None:
        written = self.write().in_language(self.language)
        for contest in written.contests:
            if equal := find_equal(option.label for option in contest.options):
                second = next(option for option in reversed(contest.options) if option.label == equal[1])
                text = _(
                    "“%(first)s” and “%(second)s” look the same: voters could not tell them apart. Change one of them."
                )
                problem = ValidationError(text, params={"first": equal[0], "second": equal[1]})
                self.add_error(f"{PREFIX}{contest.key}.{second.key}.label", problem)

    def write(self) -> Paper:
        """Return the paper with what was typed; a text that was typed wrong is left out."""
        texts = {text.place: self.cleaned_data.get(name, "") for name, text in self.texts.items()}
        return with_translated(self.paper, self.language, texts)

    def changes(self) -> dict[str, tuple[str | None, str | None]]:
        """Return the texts that change, by language and place, for the log."""
        new = find_translated(self.write(), self.language)
        places = sorted(self.translated.keys() | new.keys())
        pairs = ((place, self.translated.get(place, ""), new.get(place, "")) for place in places)
        return {f"{self.language}/{place}": (old, now) for place, old, now in pairs if old != now}


@transaction.atomic
def save_translations(election: Election, paper: Paper) -> None:
    """Give an election the translations that a paper of it has."""
    election.translations = dict(paper.translations)
    election.save(update_fields=["translations"])
    write_contests(election, paper.contests)
