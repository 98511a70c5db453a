"""In which language a page is, and in which others it can be."""

from dataclasses import dataclass

from django import template
from django.conf import settings
from django.utils.translation import get_language, get_language_info, to_locale

register = template.Library()


@dataclass(frozen=True)
class Offered:
    """A language of the menu; `name` is in the language itself."""

    code: str
    name: str
    is_current: bool


@register.simple_tag
def page_language() -> str:
    """Return the language of the moment as HTML has it: en-GB for en-gb."""
    return to_locale(get_language() or settings.LANGUAGE_CODE).replace("_", "-")


@register.simple_tag
def language_menu() -> list[Offered]:
    """Return the languages that a visitor may choose from; the page's regional form is chosen by the browser."""
    current = (get_language() or settings.LANGUAGE_CODE).partition("-")[0]
    names = [(code, get_language_info(code)["name_local"]) for code, _name in settings.MENU_LANGUAGES]
    return [Offered(code, name[:1].upper() + name[1:], code == current) for code, name in names]
