"""Mending a typo in an open election before its first ballot: the act, and the pages that ask for it."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from polls import ballot_box
from polls.delivery import Arrival
from polls.design import Paper
from polls.mending import TextOnPaper, find_text, list_texts, mend, mend_election
from polls.models import Election
from polls.publishing import Publication

from .access import Right
from .acts import Act, NotDone
from .election_view import election_view, page_context
from .models import ActName

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class Mend(Act[Publication]):
    """Put a text in the place of one with a typo, as long as no ballot has been accepted."""

    name = ActName.MEND

    def __init__(self, election: Election, place: str, old: str, new: str) -> None:
        super().__init__(election)
        self.place, self.old, self.new = place, old, new

    def change(self) -> Publication:
        try:
            ballot_box.read_epoch()
        except ballot_box.Unavailable as error:
            raise NotDone(
                _("Not mended: the ballot box cannot be reached, which alone knows if somebody has voted. Try later.")
            ) from error
        return mend_election(self.election, self.place, self.old, self.new)

    def details(self) -> dict[str, tuple[str | None, str | None]]:
        return {self.place: (self.old, self.new)}

    def perform(self, *, by: "User | AnonymousUser | None") -> Publication:
        publication = super().perform(by=by)
        if publication.arrival is Arrival.REFUSED:
            raise NotDone(_("Not mended: a ballot has been accepted meanwhile, and its voter has seen the old text."))
        return publication


class MendingForm(forms.Form):
    """What is to stand in the place of a text."""

    def __init__(self, text: TextOnPaper, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        widget = forms.Textarea(attrs={"rows": 6}) if text.has_lines else forms.TextInput
        self.fields["new"] = forms.CharField(
            label=text.name, max_length=text.longest, required=False, initial=text.text, widget=widget
        )


class MendingMixin(admin.ModelAdmin):
    """The pages on which a text is chosen, mended, and looked at once more."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.mend_view)
        return [path("<int:pk>/mend/", view, name="polls_election_mend"), *super().get_urls()]

    @election_view(Right.WRITE)
    def mend_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Show all texts; then the chosen one to mend; then both, and ask; then do it."""
        paper = Paper.of(election)
        place = request.GET.get("text", "")
        text = find_text(paper, place)
        if text is None:
            return self._show(request, election, texts=list(list_texts(paper)))
        if "sure" in request.POST:
            return self._mend(request, election, text)
        form = MendingForm(text, request.POST or None)
        if not form.is_valid():
            return self._show(request, election, text=text, form=form)
        new = "\n".join(form.cleaned_data["new"].splitlines())
        try:
            if new.splitlines() == text.text.splitlines():
                raise ValidationError(_("This is the text that stands there. Mend it, or go back."))
            mend(text, new)
        except ValidationError as problem:
            form.add_error("new", problem.messages)
            return self._show(request, election, text=text, form=form)
        return self._show(request, election, text=text, form=form, new=new)

    def _mend(self, request: HttpRequest, election: Election, text: TextOnPaper) -> HttpResponse:
        # Forms send lines with both ends.
        old, new = ("\n".join(request.POST.get(name, "").splitlines()) for name in ("old", "new"))
        try:
            publication = Mend(election, text.place, old, new).perform(by=request.user)
        except ValidationError as problem:
            form = MendingForm(text, {"new": new})
            form.add_error("new", problem.messages)
            return self._show(request, election, text=text, form=form)
        self.message_user(request, *describe_mending(publication))
        return redirect("admin:polls_election_page", election.pk)

    def _show(self, request: HttpRequest, election: Election, **more: Any) -> HttpResponse:
        context = page_context(self, request, _("Mend a typo"), election=election, **more)
        form = more.get("form")
        status = HTTPStatus.BAD_REQUEST if form and form.errors else HTTPStatus.OK
        return TemplateResponse(request, "office/mend.html", context, status=status)


def describe_mending(publication: Publication) -> tuple[str, int]:
    """Say how far a mended text has come."""
    if publication.arrival is Arrival.TAKEN:
        text = _(
            "Mended. The ballot says that its text was mended, and when. Who had it open gets a fresh form, filled in."
        )
        return text, messages.SUCCESS
    if publication.worker_is_silent:
        text = _("Not mended yet: the worker, which publishes, does not answer. Voters see the old text.")
    else:
        text = _("Not mended yet: the ballot box does not answer.")
    more = _("It is mended as soon as that is back, unless a ballot is accepted before. Look here again in a moment.")
    return f"{text} {more}", messages.WARNING
