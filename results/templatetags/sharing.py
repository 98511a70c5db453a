"""What a results page says of itself to other programs, and the HTML with which another site shows it."""

from typing import Any
from urllib.parse import quote

from django import template

from .. import embedding
from ..snapshot import Snapshot

register = template.Library()


@register.inclusion_tag("results/_link_preview.html", takes_context=True)
def link_preview(context: template.Context, snapshot: Snapshot) -> dict[str, Any]:
    """Write the head of a results page for other programs: where oEmbed tells of it."""
    result_url = context.get("result_url", "")
    address = f"{result_url}/{snapshot.election.slug}/"
    return {
        "title": snapshot.paper.title,
        "oembed": f"{result_url}/oembed.json?url={quote(address, safe='')}" if embedding.is_allowed() else "",
    }


@register.inclusion_tag("results/_snippet.html", takes_context=True)
def snippet(context: template.Context, snapshot: Snapshot) -> dict[str, Any]:
    """Write the HTML to copy, where some site may use it."""
    if not embedding.is_allowed():
        return {}
    address = embedding.address_of(context.get("result_url", ""), snapshot.election.slug)
    return {"snippet": embedding.write_snippet(address, snapshot.paper), "request": context.get("request")}
