"""The page on which managers say how their organisation looks on ballots and results."""

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pages.colours import make_visible
from polls.look import Look

from .colour_fields import COLOUR, PROPOSED, clean_colour, picture_widget
from .election_view import page_context
from .logos import draw_logo
from .look_acts import ChangeLook
from .looks import write_look
from .merging import MergingForm
from .models import Organisation
from .organisation_view import organisation_view


class LookForm(MergingForm):
    """A name, a colour and a logo; a name or colour that somebody else has saved meanwhile stays, or is told."""

    # The colour is "" where no stripe is wanted.
    not_merged = ("has_accent", "logo", "without_logo")

    public_name = forms.CharField(
        label=gettext_lazy("Name on ballots and results"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("Empty: none is shown."),
    )
    has_accent = forms.BooleanField(label=gettext_lazy("Show a stripe in this colour"), required=False)
    accent = forms.CharField(label=gettext_lazy("Colour"), initial=PROPOSED, required=False, widget=COLOUR)
    logo = forms.FileField(
        label=gettext_lazy("Logo"),
        required=False,
        widget=picture_widget(),
        help_text=gettext_lazy(
            "PNG, JPEG or WebP. It is shown small, on white. Without a file the logo stays as it is."
        ),
    )
    without_logo = forms.BooleanField(label=gettext_lazy("Take the logo away"), required=False)

    field_order = ("public_name", "has_accent", "accent", "logo", "without_logo")

    class Meta:
        model = Organisation
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        saved = self.instance
        self.initial = {
            "public_name": saved.public_name,
            "has_accent": bool(saved.accent),
            "accent": saved.accent or PROPOSED,
        }

    def current(self, name: str) -> Any:
        return getattr(self.instance, name)

    def clean_accent(self) -> str:
        return clean_colour(self.cleaned_data, "has_accent", "accent")

    def clean_logo(self) -> str:
        """Return the logo that was sent, as it will be published; "" if none was."""
        file = self.cleaned_data["logo"]
        return draw_logo(file, file.size) if file else ""


class LookPagesMixin(admin.ModelAdmin):
    """The look of an organisation's admin."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.look_view)
        return [path("<int:pk>/look/", view, name="office_organisation_look"), *super().get_urls()]

    @organisation_view
    def look_view(self, request: HttpRequest, organisation: Organisation) -> HttpResponse:
        """Show how an organisation looks, and change it."""
        form = LookForm(request.POST or None, request.FILES or None, instance=organisation)
        if form.is_valid():
            chosen = form.cleaned_data
            kept = "" if chosen["without_logo"] else organisation.logo
            act = ChangeLook(
                organisation,
                public_name=chosen["public_name"],
                accent=chosen["accent"],
                logo=chosen["logo"] or kept,
            )
            self.message_user(request, describe(act.perform(by=request.user), chosen["accent"]))
            return redirect("admin:office_organisation_look", organisation.pk)
        context = page_context(
            self,
            request,
            _("Look"),
            organisation=organisation,
            form=form,
            look=Look.read(write_look(organisation)),
        )
        status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
        return TemplateResponse(request, "office/look.html", context, status=status)


def describe(published: int, accent: str) -> str:
    """Say what was saved, where it shows, and what was done to a colour that could hardly be seen."""
    sentences: list[Any] = [
        ngettext(
            "Saved. The pages of %(n)d published election show it within seconds.",
            "Saved. The pages of %(n)d published elections show it within seconds.",
            published,
        )
        % {"n": published}
    ]
    if accent:
        light, dark = make_visible(accent, dark=False), make_visible(accent, dark=True)
        if light != accent:
            sentences.append(
                _("On light pages the colour is darkened to %(colour)s, because %(accent)s can hardly be seen there.")
                % {"colour": light, "accent": accent}
            )
        if dark != accent:
            sentences.append(
                _("On dark pages the colour is lightened to %(colour)s, because %(accent)s can hardly be seen there.")
                % {"colour": dark, "accent": accent}
            )
    return " ".join(sentences)
