"""What an office needs to know before it says what to do first."""

from django import template
from django.contrib.auth.models import AnonymousUser, User

from polls.management.commands import seed_demo

from ..access import Right, elections_of, is_administrator, may, organisations_of
from ..models import Organisation

register = template.Library()


@register.simple_tag
def first_step_is_due(user: User | AnonymousUser) -> bool:
    """Tell whether somebody may write elections, and sees none besides the demonstration."""
    return may(user, Right.WRITE) and not elections_of(user, Right.SEE).exclude(slug=seed_demo.SLUG).exists()


@register.simple_tag
def managed_organisations(user: User | AnonymousUser) -> list[Organisation]:
    """Return the organisations that somebody manages; administrators have the whole list elsewhere."""
    return [] if is_administrator(user) else list(organisations_of(user, Right.MANAGE))
