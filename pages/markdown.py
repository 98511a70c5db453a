"""Texts of organisers in a small part of Markdown: paragraphs, line breaks, emphasis, lists and links.

All else, as HTML, headings and images, is shown as it was typed.
"""

import re
from collections.abc import MutableMapping, Sequence
from functools import lru_cache
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

_BLOCKS = ["list"]
_INLINE = ["newline", "escape", "emphasis", "link", "autolink", "picture"]
_SAFE_LINK = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
_REL = "nofollow noopener noreferrer"
# Texts that are kept: those of some papers. Pages of an election are rendered by the second for a hall full of people.
_KEPT = 1024


@lru_cache(_KEPT)
def render(text: str) -> SafeString:
    """Return a text as HTML, in paragraphs and lists."""
    return mark_safe(_markdown.render(text))


@lru_cache(_KEPT)
def render_line(text: str) -> SafeString:
    """Return a text as HTML that can stand within a line: without paragraphs and lists."""
    return mark_safe(_markdown.renderInline(text))


def _leave_picture(state: StateInline, silent: bool) -> bool:
    """Take the beginning of a picture as text; what follows would be a link else."""
    if not state.src.startswith("![", state.pos):
        return False
    if not silent:
        state.pending += "!["
    state.pos += 2
    return True


def _open_block(
    renderer: Any, tokens: Sequence[Token], index: int, options: Any, environment: MutableMapping[str, Any]
) -> str:
    """Let each paragraph and list run in the direction of its own first letter."""
    tokens[index].attrSet("dir", "auto")
    return str(renderer.renderToken(tokens, index, options, environment))


def _open_link(
    renderer: Any, tokens: Sequence[Token], index: int, options: Any, environment: MutableMapping[str, Any]
) -> str:
    """Open links beside the page: a ballot that is half filled in stays where it is."""
    tokens[index].attrSet("rel", _REL)
    tokens[index].attrSet("target", "_blank")
    return str(renderer.renderToken(tokens, index, options, environment))


def _make() -> MarkdownIt:
    made = MarkdownIt("zero", {"breaks": True, "html": False})
    made.inline.ruler.before("link", "picture", _leave_picture)
    made.enable([*_BLOCKS, *_INLINE])
    # The library's own way to say which links there are.
    made.validateLink = lambda url: bool(_SAFE_LINK.match(url))  # type: ignore[method-assign]
    for block in ("paragraph", "bullet_list", "ordered_list"):
        made.add_render_rule(f"{block}_open", _open_block)
    made.add_render_rule("link_open", _open_link)
    return made


_markdown = _make()
