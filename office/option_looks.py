"""The page on which options get a picture, an emoji and a colour, one option at a time."""

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pages.colours import make_visible_everywhere
from polls.delivery import Arrival
from polls.emoji import is_emoji
from polls.life import State
from polls.models import Election, Option, Picture
from polls.picture_view import picture_file
from polls.pictures import remove_orphans, store_picture
from polls.publishing import Publication
from polls.redrawing import redraw_picture

from .access import Right, elections_of
from .acts import Publish, read_logged
from .colour_fields import COLOUR, PROPOSED, clean_colour, picture_widget
from .election_view import election_view, page_context
from .merging import MergingForm
from .saving import tell_waiting


class OptionLookForm(MergingForm):
    """The look of an option; an emoji or a colour that somebody else has saved meanwhile stays, or is told."""

    # The colour is "" where none is wanted.
    not_merged = ("has_colour", "picture", "without_picture")

    emoji = forms.CharField(
        label=gettext_lazy("Emoji"),
        required=False,
        widget=forms.TextInput(attrs={"size": 4}),
        help_text=gettext_lazy("One, or none."),
    )
    has_colour = forms.BooleanField(label=gettext_lazy("Show a colour"), required=False)
    colour = forms.CharField(label=gettext_lazy("Colour"), required=False, widget=COLOUR)
    picture = forms.FileField(
        label=gettext_lazy("Picture"),
        required=False,
        widget=picture_widget(),
        help_text=gettext_lazy(
            "PNG, JPEG or WebP. It is shown small, beside the label. Without a file the picture stays as it is."
        ),
    )
    without_picture = forms.BooleanField(label=gettext_lazy("Take the picture away"), required=False)

    field_order = ("emoji", "has_colour", "colour", "picture", "without_picture")

    class Meta:
        model = Option
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        saved = self.instance
        self.initial = {
            "emoji": saved.emoji,
            "has_colour": bool(saved.colour),
            "colour": saved.colour or PROPOSED,
        }

    def current(self, name: str) -> Any:
        return getattr(self.instance, name)

    def clean_emoji(self) -> str:
        emoji = str(self.cleaned_data["emoji"]).strip()
        if emoji and not is_emoji(emoji):
            raise ValidationError(_("This is not one emoji. Choose one, or leave it empty."))
        return emoji

    def clean_colour(self) -> str:
        return clean_colour(self.cleaned_data, "has_colour", "colour")

    def clean_picture(self) -> bytes | None:
        """Return the picture that was sent, as it will be published; None if none was."""
        file = self.cleaned_data["picture"]
        return redraw_picture(file, file.size) if file else None

    @property
    def changes(self) -> dict[str, Any]:
        """Return what was chosen anew, as Django's history of the election tells it."""
        fields = [str(self.fields[name].label) for name in self.changed_data if name != "base"]
        return {"name": str(Option._meta.verbose_name), "object": str(self.instance), "fields": fields}

    def store(self) -> None:
        """Store what was chosen; raises ValidationError if the election has too many pictures."""
        option, chosen = self.instance, self.cleaned_data
        election = option.contest.election
        option.emoji, option.colour = chosen["emoji"], chosen["colour"]
        if chosen["picture"]:
            option.picture = store_picture(election, chosen["picture"])
        elif chosen["without_picture"]:
            option.picture = ""
        option.save(update_fields=["emoji", "colour", "picture"])
        remove_orphans(election)


class OptionLooksMixin(admin.ModelAdmin):
    """The looks of an election's options."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.looks_view)
        return [path("<int:pk>/options/", view, name="polls_election_option_looks"), *super().get_urls()]

    @election_view(Right.WRITE)
    def looks_view(self, request: HttpRequest, election: Election) -> HttpResponse:
        """Show how all options look; then one to change; then do it."""
        options = Option.objects.filter(contest__election=election).select_related("contest__election")
        chosen = find_chosen(options, request)
        form = None
        if chosen and not election.is_frozen(timezone.now()):
            form = OptionLookForm(request.POST or None, request.FILES or None, instance=chosen)
            if form.is_valid() and self._save(request, election, form):
                return redirect(f"{request.path}#option-{chosen.pk}")
        elif request.method == "POST":
            text = _("Nothing was saved: somebody else has removed this option, or the election has begun meanwhile.")
            self.message_user(request, text, messages.ERROR)
            return redirect(request.path)
        context = page_context(
            self,
            request,
            _("Pictures, emoji and colours"),
            election=election,
            contests=election.contests.prefetch_related("options"),
            is_frozen=election.is_frozen(timezone.now()),
            chosen=chosen,
            form=form,
        )
        status = HTTPStatus.BAD_REQUEST if form and form.errors else HTTPStatus.OK
        return TemplateResponse(request, "office/option_looks.html", context, status=status)

    def _save(self, request: HttpRequest, election: Election, form: OptionLookForm) -> bool:
        """Save a look, publish it if the election is published, and tell; or write into the form why not."""
        try:
            with transaction.atomic():
                locked = Election.objects.select_for_update().get(pk=election.pk)
                before = read_logged(locked)
                form.store()
                self.log_change(request, locked, [{"changed": form.changes}])
                publication = None
                if locked.state != State.DRAFT:
                    publication = Publish(locked, before=before).perform(by=request.user)
        except ValidationError as problem:
            form.add_error(None, problem.messages)
            return False
        self.message_user(request, *describe(publication, form.cleaned_data["colour"]))
        return True


def find_chosen(options: QuerySet[Option], request: HttpRequest) -> Option | None:
    """Return the option that a request names, None for none of these."""
    sent = request.POST if request.method == "POST" else request.GET
    number = sent.get("option", "")
    return options.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 19 else None


def describe(publication: Publication | None, colour: str) -> tuple[str, int]:
    """Say how far a look has come, and what was done to a colour that could hardly be seen."""
    if publication is None:
        sentences = [_("The draft is saved.")]
    elif publication.arrival is Arrival.TAKEN:
        sentences = [_("Saved, and published.")]
    elif publication.arrival is Arrival.REFUSED:
        return _("Nothing was saved: the election has begun meanwhile."), messages.ERROR
    else:
        return tell_waiting(publication), messages.WARNING
    if colour and (shown := make_visible_everywhere(colour)) != colour:
        text = _("The colour is shown as %(shown)s, because %(colour)s can hardly be seen on light or on dark pages.")
        sentences.append(text % {"shown": shown, "colour": colour})
    return " ".join(sentences), messages.SUCCESS


def show_picture(request: HttpRequest, slug: str, picture: str) -> HttpResponse:
    """Show a picture of an election, also of a draft, to those who may see it."""
    elections = elections_of(request.user, Right.SEE).filter(slug=slug)
    stored = Picture.objects.filter(election__in=elections.values("pk"), hash=picture).first()
    if stored is None:
        raise Http404(_("There is no such picture."))
    return picture_file(bytes(stored.content), "private, max-age=31536000, immutable")
