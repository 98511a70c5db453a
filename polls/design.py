"""What voters see of an election, as one canonical text, and the hash of that text: the design.

A paper is written and hashed once, when it is published. From then on the hash is stored, passed on and compared, and
never computed again, because the next release may write papers in another way. Each way has a number, its scheme.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Self

from django.utils.translation import gettext as _

from tabulation import canonical_json

from . import methods
from .methods import ContestOnBallot, InvalidRules, OptionOnBallot
from .wording import InLanguages, find_equal_labels, find_translated

if TYPE_CHECKING:
    from .models import Election

MOST_CONTESTS = 50
MOST_OPTIONS = 1000
# Languages beside a paper's own, and characters of all translations together: each voter's page is made of all of them.
MOST_TRANSLATIONS, MOST_TRANSLATED = 20, 300_000
SCHEMES = (1, 2, 3, 4, 5)
# The scheme of new papers.
SCHEME = 5
# What the second scheme did not have, beside the groups of a contest.
NEWER_THAN_SECOND = ("eligibility", "shows", "tie_break", "draw_hash")
# What the third scheme did not have, by part, and what the fourth did not have; each with the value that says nothing.
# Later schemes leave out what says nothing, so that they write a paper without these fields as the third does, and a
# process of a release before reads it.
OF_PAPER: Mapping[str, Any] = {"language": "", "translations": {}}
OF_CONTEST: Mapping[str, Any] = {"translations": {}}
OF_OPTION: Mapping[str, Any] = {"emoji": "", "colour": "", "picture": "", "translations": {}}
OF_FIFTH: Mapping[str, Any] = {"step": 1, "checkable": False}
# The key of the first contest. In the first release it was the only one, and had no key.
FIRST_CONTEST = "q1"


@dataclass(frozen=True)
class Paper(InLanguages):
    """All that a voter sees before voting; markings are read by it."""

    title: str
    description: str
    votes_final: bool
    contests: tuple[ContestOnBallot, ...]
    # As the model's fields of these names have it. Papers of earlier schemes have the values that stand here.
    eligibility: str = "open"
    shows: str = "live"
    tie_break: str = ""
    draw_hash: str = ""
    # The code of the language of the texts, "" if it is not said; other languages by code, as options have them.
    language: str = ""
    translations: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)
    # Live results and the record change by at least so many ballots at once: 1 is each ballot.
    step: int = 1
    # Whether voters can check what the entry of their receipt says.
    checkable: bool = False

    @classmethod
    def of(cls, election: "Election") -> Self:
        """Make the paper from the models, as its organiser has written it."""
        return cls(
            title=election.title,
            description=election.description,
            votes_final=election.votes_final,
            eligibility=election.eligibility,
            shows=election.shows,
            tie_break=election.tie_break,
            draw_hash=election.draw_hash,
            language=election.language,
            translations=election.translations,
            step=election.step,
            checkable=election.checkable,
            contests=tuple(
                ContestOnBallot(
                    key=contest.key,
                    title=contest.title,
                    description=contest.description,
                    method=contest.method,
                    version=methods.get(contest.method).version,
                    seats=contest.seats,
                    options=tuple(option.on_ballot() for option in contest.options.all()),
                    rules=contest.rules,
                    groups=tuple(contest.groups),
                    translations=contest.translations,
                )
                for contest in election.contests.prefetch_related("options")
            ),
        )

    @cached_property
    def pictures(self) -> frozenset[str]:
        """The hashes of the pictures that it shows."""
        options = (option for contest in self.contests for option in contest.options)
        return frozenset(option.picture for option in options if option.picture)

    @property
    def has_explanations(self) -> bool:
        return bool(self.description or any(contest.description for contest in self.contests))

    def check(self) -> None:
        """Raise InvalidRules for a paper on which nobody could vote, with a sentence for its organiser."""
        if not self.contests:
            raise InvalidRules(_("The paper has no question yet. Add one, with at least two options."))
        if len(self.contests) > MOST_CONTESTS or sum(len(one.options) for one in self.contests) > MOST_OPTIONS:
            raise InvalidRules(
                _("A paper holds at most %(contests)d questions with %(options)d options in all. Take some away.")
                % {"contests": MOST_CONTESTS, "options": MOST_OPTIONS}
            )
        self._check_translations()
        for contest in self.contests:
            if len(contest.options) < 2:
                raise InvalidRules(_("Each question needs at least two options. Add what is missing."))
            if contest.groups and self.eligibility == "open":
                raise InvalidRules(_("A question for some groups needs a roll, which says who is in them."))
            methods.get(contest.method).check(contest)

    def _check_translations(self) -> None:
        others = self.languages[1:]
        if equal := find_equal_labels(self, others):
            raise InvalidRules(
                _("“%(first)s” and “%(second)s” look the same: voters could not tell them apart. Change one of them.")
                % {"first": equal[0], "second": equal[1]}
            )
        texts = (text for language in others for text in find_translated(self, language).values())
        if len(others) > MOST_TRANSLATIONS or sum(map(len, texts)) > MOST_TRANSLATED:
            raise InvalidRules(
                _("A paper has at most %(n)d translations, of %(most)d characters in all. Take some away.")
                % {"n": MOST_TRANSLATIONS, "most": MOST_TRANSLATED}
            )

    def write(self, scheme: int = SCHEME) -> str:
        """Return the canonical text under a scheme, without what the scheme does not have.

        Raises ValueError for a paper of several contests under the first scheme.
        """
        if scheme == 1:
            return self._write_first()
        fields = json.loads(json.dumps(asdict(self)))
        leave_out_newer(fields, scheme)
        if scheme == 2:
            for part, names in ((fields, NEWER_THAN_SECOND), *((one, ("groups",)) for one in fields["contests"])):
                for name in names:
                    del part[name]
        return canonical_json.write(fields)

    def _write_first(self) -> str:
        """Write what the first release hashed, with Python's own spaces and escapes; it had one contest."""
        [contest] = self.contests
        options = [(option.key, option.label) for option in contest.options]
        max_choices = contest.rules.get("max_choices")
        return json.dumps([self.title, self.description, contest.method, max_choices, self.votes_final, options])

    @classmethod
    @lru_cache(maxsize=128)
    def read(cls, text: str) -> Self:
        """Read a canonical text of any scheme."""
        content = json.loads(text)
        if isinstance(content, list):
            title, description, method, max_choices, votes_final, options = content
            pairs = tuple(OptionOnBallot(key, label) for key, label in options)
            return cls(title, description, votes_final, (only_contest(method, pairs, max_choices),))
        return cls(**content | {"contests": tuple(map(read_contest, content["contests"]))})


def leave_out_newer(paper: dict[str, Any], scheme: int = SCHEME) -> None:
    """Take out of a paper in plain JSON what says nothing of that which the third scheme did not have.

    Takes out as well what `scheme` does not have, even if it says something.
    """
    options = [option for contest in paper["contests"] for option in contest["options"]]
    for since, parts, silent in (
        (4, [paper], OF_PAPER), (4, paper["contests"], OF_CONTEST), (4, options, OF_OPTION), (5, [paper], OF_FIFTH),
    ):  # fmt: skip
        for part in parts:
            for name, value in silent.items():
                if scheme < since or part[name] == value:
                    del part[name]


def read_contest(fields: Mapping[str, Any]) -> ContestOnBallot:
    """Read a contest from plain JSON; ignore what a newer release adds."""
    known = {name: value for name, value in fields.items() if name in ContestOnBallot.__dataclass_fields__}
    options = tuple(map(_read_option, fields["options"]))
    return ContestOnBallot(**known | {"options": options, "groups": tuple(fields.get("groups", ()))})


def _read_option(fields: Mapping[str, Any]) -> OptionOnBallot:
    known = {name: value for name, value in fields.items() if name in OptionOnBallot.__dataclass_fields__}
    return OptionOnBallot(**known)


def only_contest(method: str, options: tuple[OptionOnBallot, ...], max_choices: int | None) -> ContestOnBallot:
    """Return the contest of an election of the first release."""
    rules = {} if max_choices is None else {"max_choices": max_choices}
    return ContestOnBallot(FIRST_CONTEST, "", "", method, 1, 1, options, rules)


def hash_paper(text: str, scheme: int = SCHEME) -> str:
    """Return the design of a canonical text: SHA-256 as hex, cut to 128 bits, or 64 bits under the first scheme."""
    return hashlib.sha256(text.encode()).hexdigest()[: 16 if scheme == 1 else 32]


def is_of_first_scheme(design: str) -> bool:
    """Tell whether the first release published a paper: its forms and the hashes of its markings look different."""
    return len(design) == 16
