"""How the contests stand in the form of their election: which fields, and who may change them when."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from polls import methods
from polls.models import Contest, Election

from .access import Right, may
from .contest_forms import ContestForm, ContestFormSet


class ContestInline(admin.StackedInline):
    model = Contest
    form = ContestForm
    formset = ContestFormSet
    min_num = 1
    # Without JavaScript another question is written in an empty form below the others.
    extra = 1
    template = "office/contests.html"
    ordering = ("position", "id")

    def get_fieldsets(self, request: Any, obj: Election | None = None) -> Any:
        if shows_frozen(request, obj):
            return [(None, {"fields": ("title", "description", "labels", "method", "seats", "rules", "groups")})]
        question = (
            "base", "title", "description", "method", "option_lines", "seats", "blank", "random_order", "group_lines",
            "position",
        )  # fmt: skip
        rules = {
            method: [f"{method.name}_{rule}" for rule in method.rule_fields()] for method in methods.METHODS.values()
        }
        return [
            (None, {"fields": question}),
            *(
                (method.label, {"fields": fields, "classes": ("rules", f"rules-{method.name}")})
                for method, fields in rules.items()
                if fields
            ),
        ]

    def get_readonly_fields(self, request: Any, obj: Election | None = None) -> Any:
        return ("labels", "rules") if shows_frozen(request, obj) else ()

    @admin.display(description=_("Options"))
    def labels(self, contest: Contest) -> str:
        """Write the options of a contest that cannot be changed any more."""
        return "\n".join(option.label for option in contest.options.all())

    def get_formset(self, request: Any, obj: Election | None = None, **kwargs: Any) -> Any:
        # The model has no fields for the rules: the form makes them itself.
        return super().get_formset(request, obj, **kwargs | {"fields": ContestForm.Meta.fields})

    @property
    def media(self) -> forms.Media:
        # The stubs know files alone.
        return forms.Media(js=[forms.Script("office/contests.js", type="module")])  # type: ignore[list-item]

    def has_view_permission(self, request: Any, obj: Election | None = None) -> bool:
        return may(request.user, Right.SEE, obj)

    def has_add_permission(self, request: Any, obj: Election | None = None) -> bool:
        return not shows_frozen(request, obj) and may(request.user, Right.WRITE, obj)

    def has_change_permission(self, request: Any, obj: Election | None = None) -> bool:
        return not shows_frozen(request, obj) and may(request.user, Right.WRITE, obj)

    def has_delete_permission(self, request: Any, obj: Election | None = None) -> bool:
        return not shows_frozen(request, obj) and may(request.user, Right.WRITE, obj)


def shows_frozen(request: Any, election: Election | None) -> bool:
    """Tell whether a page shows the paper as text that cannot be edited.

    A form that was sent is read as it was shown. If the election has begun meanwhile, publishing refuses it.
    """
    if request.method == "POST" and {"title", "contests-0-option_lines"} <= request.POST.keys():
        return False
    return election is not None and election.is_frozen(timezone.now())
