"""Mend a text of an open election before its first ballot; keys, options, rules and times stay.

The ballot box decides: it takes another paper only as long as it has accepted no ballot. Who has the form of before
open gets a fresh one, filled in.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .delivery import write_contests
from .design import Paper
from .labels import LONGEST_EXPLANATION, LONGEST_LABEL, LONGEST_TITLE, fold, tidy
from .life import Phase
from .methods import ContestOnBallot, OptionOnBallot
from .models import Election
from .publishing import Publication, offer_revision, store_design
from .wording import find_equal_labels, find_translated, name_language, with_translated


@dataclass(frozen=True)
class TextOnPaper:
    """One text: its place on the paper, what it is called for its organiser, and what it says.

    The place is the same as long as the keys are: `title`, `q1.title` or `q1.nesquik.label`, and `de/q1.title` where it
    is a translation.
    """

    place: str
    name: str
    text: str
    longest: int
    is_optional: bool
    replaced: Callable[[str], Paper]
    # The key of its contest, "" for a text of the whole paper.
    contest: str = ""
    # That of a translation, "" for a text in the paper's own language.
    language: str = ""

    @property
    def has_lines(self) -> bool:
        """Whether the text may have several lines."""
        return self.longest == LONGEST_EXPLANATION


def list_texts(paper: Paper) -> Iterator[TextOnPaper]:
    """Yield all texts of a paper, in the order in which it shows them; those in its own language first."""
    own = list(list_own_texts(paper))
    yield from own
    for language in paper.languages[1:]:
        translated = find_translated(paper, language)
        for text in own:
            if text.place in translated:
                yield translation_of(text, paper, language, translated)


def translation_of(text: TextOnPaper, paper: Paper, language: str, translated: Mapping[str, str]) -> TextOnPaper:
    """Return what stands for a text in another language, in which the paper has the texts `translated`."""

    def change(new: str) -> Paper:
        clean = new if text.has_lines else tidy(new)
        return with_translated(paper, language, {**translated, text.place: clean})

    return replace(
        text,
        place=f"{language}/{text.place}",
        name=f"{text.name} ({name_language(language)})",
        text=translated[text.place],
        # Where it says nothing, voters read the paper's own language.
        is_optional=True,
        replaced=change,
        language=language,
    )


def list_own_texts(paper: Paper) -> Iterator[TextOnPaper]:
    """Yield the texts of a paper in its own language."""
    yield TextOnPaper("title", _("Title"), paper.title, LONGEST_TITLE, False, lambda new: replace(paper, title=new))
    yield TextOnPaper(
        "description",
        _("Explanation"),
        paper.description,
        LONGEST_EXPLANATION,
        True,
        lambda new: replace(paper, description=new),
    )
    for contest in paper.contests:
        yield from _list_contest(paper, contest)


def _list_contest(paper: Paper, contest: ContestOnBallot) -> Iterator[TextOnPaper]:
    # An election with one question may have no title for it, and then none is shown.
    may_be_empty = not contest.title
    named = contest.title or paper.title
    yield TextOnPaper(
        f"{contest.key}.title",
        _("Question"),
        contest.title,
        LONGEST_TITLE,
        may_be_empty,
        lambda new: _with_contest(paper, replace(contest, title=new)),
        contest.key,
    )
    yield TextOnPaper(
        f"{contest.key}.description",
        _("Explanation of “%(title)s”") % {"title": named},
        contest.description,
        LONGEST_EXPLANATION,
        True,
        lambda new: _with_contest(paper, replace(contest, description=new)),
        contest.key,
    )
    for option in contest.options:
        yield from _list_option(paper, contest, option)


def _list_option(paper: Paper, contest: ContestOnBallot, option: OptionOnBallot) -> Iterator[TextOnPaper]:
    def change(changed: OptionOnBallot) -> Paper:
        options = tuple(changed if one.key == option.key else one for one in contest.options)
        return _with_contest(paper, replace(contest, options=options))

    yield TextOnPaper(
        f"{contest.key}.{option.key}.label",
        _("Option"),
        option.label,
        LONGEST_LABEL,
        False,
        lambda new: change(replace(option, label=tidy(new))),
        contest.key,
    )
    yield TextOnPaper(
        f"{contest.key}.{option.key}.description",
        _("Explanation of “%(title)s”") % {"title": option.label},
        option.description,
        LONGEST_EXPLANATION,
        True,
        lambda new: change(replace(option, description=new)),
        contest.key,
    )


def _with_contest(paper: Paper, changed: ContestOnBallot) -> Paper:
    return replace(paper, contests=tuple(changed if one.key == changed.key else one for one in paper.contests))


def find_text(paper: Paper, place: str) -> TextOnPaper | None:
    """Return the text at a place, None if there is none."""
    return next((one for one in list_texts(paper) if one.place == place), None)


def mend(text: TextOnPaper, new: str) -> Paper:
    """Return the paper with another text at one place; raises ValidationError for one that no paper may have."""
    if not text.is_optional and not fold(new):
        raise ValidationError(_("Not mended: here the paper needs a text."))
    if len(new) > text.longest:
        raise ValidationError(_("Not mended: at most %(n)d characters fit here.") % {"n": text.longest})
    paper = text.replaced(new)
    if equal := find_equal_labels(paper, paper.languages or ("",)):
        raise ValidationError(
            _("Not mended: voters could not tell “%(one)s” and “%(other)s” apart.")
            % {"one": equal[0], "other": equal[1]}
        )
    return paper


@transaction.atomic
def mend_election(election: Election, place: str, old: str, new: str) -> Publication:
    """Put a text in the place of another one, on commit; raises ValidationError for one that cannot be.

    Raises Frozen, which is a ValidationError, if a ballot has been accepted. `old` is what the organiser has seen.
    """
    now = timezone.now()
    stored = Election.objects.select_for_update().get(pk=election.pk)
    if stored.phase(now) != Phase.OPEN:
        raise ValidationError(_("Not mended: the election is not open. Before the opening everything can be edited."))
    text = find_text(Paper.of(stored), place)
    if text is None or text.text.splitlines() != old.splitlines():
        raise ValidationError(_("Not mended: somebody else has changed this text meanwhile. Look at it again."))
    paper = mend(text, new)
    stored.title, stored.description, stored.translations = paper.title, paper.description, dict(paper.translations)
    stored.save(update_fields=["title", "description", "translations"])
    write_contests(stored, paper.contests)
    design = store_design(stored)
    stored.offered = "" if design == stored.in_force else design
    stored.mended_at, stored.refused_edit = now, None
    return offer_revision(election, stored, ["offered", "mended_at", "refused_edit"])
