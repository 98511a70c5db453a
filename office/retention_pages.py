"""The page on which a manager deletes the voters of a roll that nobody needs any more."""

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from polls.life import State
from polls.models import Election

from .access import Right
from .act_pages import do_act
from .retention_acts import DeleteRoll
from .roll_view import roll_view, show_form


class DeleteForm(forms.Form):
    """That nobody needs the roll any more."""

    is_signed = forms.BooleanField(label=gettext_lazy("The protocol is signed, and nobody needs the roll any more."))

    def __init__(self, election: Election, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        if election.state == State.CANCELLED:
            self.fields["is_signed"].label = _("Nobody needs the roll any more.")


class RetentionPagesMixin(admin.ModelAdmin):
    """Deletes what an election's admin need not keep."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.delete_roll_view)
        return [path("<int:pk>/voters/delete/", view, name="polls_election_delete_roll"), *super().get_urls()]

    @roll_view(Right.CERTIFY)
    def delete_roll_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Say what goes and what stays, and delete once that is confirmed."""
        form = DeleteForm(election, request.POST if request.method == "POST" else None)
        if form.is_valid():
            return do_act(self, request, DeleteRoll(election), describe, back_to="voters")
        note = _(
            "Names, e-mail addresses, member numbers, groups, who has voted, and the mails to these voters are deleted "
            "for good. Backups hold them until they are deleted themselves. The result, the turnout in numbers, the "
            "ballots, which are nobody's any more, and the record stay: the count can be checked as before."
        )
        return show_form(self, request, election, _("Delete the voters"), form, _("Delete for good"), note=note)


def describe(number: int) -> str:
    """Say how many voters were deleted."""
    text = ngettext("%(n)d voter was deleted from the roll.", "%(n)d voters were deleted from the roll.", number)
    return text % {"n": number}
