"""A motion: yes, no or abstain; carried by the majority that its rules name, where there is a quorum."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tabulation import motion

from ..plurality import Plurality


class Motion(Plurality):
    """Marked like a plurality contest, and counted by a rule of its own."""

    rule = motion
    label = _("Motion: yes, no or abstain")
    fills_seats = False
    on_withdrawal = ""

    def rule_fields(self) -> dict[str, forms.Field]:
        majorities = [
            (motion.Majority.SIMPLE, _("more yes than no")),
            (motion.Majority.ABSOLUTE, _("more than half")),
            (motion.Majority.TWO_THIRDS, _("two thirds")),
            (motion.Majority.THREE_QUARTERS, _("three quarters")),
        ]
        bases = [
            (motion.Basis.CAST, _("of yes and no")),
            (motion.Basis.BALLOTS, _("of all ballots, with abstentions and blank ones")),
            (motion.Basis.ENTITLED, _("of all who are entitled to vote")),
        ]
        return {
            "majority": forms.ChoiceField(label=_("Majority"), choices=majorities, required=False),
            "basis": forms.ChoiceField(label=_("Counted"), choices=bases, required=False),
            "quorum": forms.RegexField(
                r"\A[1-9]\d{0,8}(/[1-9]\d{0,8})?\Z",
                label=_("Quorum"),
                required=False,
                help_text=_("A number of ballots, or a part of those entitled, as 1/3. Empty: none."),
            ),
        }

    def complete_rules(self, rules: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
        quorum = rules.get("quorum")
        numbers = {"quorum": int(quorum)} if quorum and quorum.isdecimal() else {}
        # The options are yes, no and abstain, in this order and in whatever language.
        return rules | numbers | dict(zip(("yes", "no", "abstain"), keys, strict=False))
