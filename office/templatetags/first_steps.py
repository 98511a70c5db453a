"""What an office needs to know before it says what to do first."""

from django import template

from polls.management.commands import seed_demo
from polls.models import Election

register = template.Library()


@register.simple_tag
def has_own_election() -> bool:
    """Tell whether there is any election besides the demonstration."""
    return Election.objects.exclude(slug=seed_demo.SLUG).exists()
