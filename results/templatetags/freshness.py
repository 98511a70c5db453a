"""How long ago something was, as the scripts of results pages write it."""

from django import template
from django.utils.translation import gettext as _

from pages.templatetags.display import whole

register = template.Library()
# In minutes from here on.
_MANY_S = 120


@register.filter
def ago(seconds: float) -> str:
    """Write an age in seconds."""
    if seconds < _MANY_S:
        return _("{n} s ago").replace("{n}", str(int(seconds)))
    return _("{n} min ago").replace("{n}", whole(int(seconds // 60)))
