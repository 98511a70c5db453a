"""The contests of a results page as HTML, written once for all who look at the same version in the same language."""

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from pages.templatetags.display import stage

from ..snapshot import Snapshot

register = template.Library()


@register.simple_tag
def contests(snapshot: Snapshot) -> SafeString:
    """Return the contests of a snapshot as HTML, in the language of the moment."""
    key = (get_language() or "", stage(snapshot), snapshot.weight is None)
    html = snapshot.shown.html.get(key)
    if html is None:
        html = render_to_string("results/_contests.html", {"snapshot": snapshot, "stage": key[1]})
        snapshot.shown.html[key] = html
    return html
