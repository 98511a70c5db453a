"""What a results page says of itself to other programs, and the HTML with which another site shows it."""

from typing import Any
from urllib.parse import quote

from django import template

from .. import embedding
from ..snapshot import Snapshot

register = template.Library()


@register.inclusion_tag("results/_link_preview.html", takes_context=True)
def link_preview(context: template.Context, snapshot: Snapshot) -> dict[str, Any]:
    """Write the head of a results page for other programs: its preview, its feed, and where oEmbed tells of it."""
    origin, election = context.get("result_url", ""), snapshot.election
    address = quote(f"{origin}/{election.slug}/", safe="")
    return {
        "origin": origin,
        "result_url": origin,
        "slug": election.slug,
        "title": snapshot.paper.title,
        "description": snapshot.paper.description,
        "look": election.look,
        # Networks read a picture once for each address: after an edit, or with a final result, it is another one.
        "version": f"{election.revision}-{snapshot.version}" if snapshot.final else election.revision,
        "oembed": f"{origin}/oembed.json?url={address}" if embedding.is_allowed() else "",
    }


@register.inclusion_tag("results/_snippet.html", takes_context=True)
def snippet(context: template.Context, snapshot: Snapshot) -> dict[str, Any]:
    """Write the HTML to copy, where some site may use it."""
    if not embedding.is_allowed():
        return {}
    address = embedding.address_of(context.get("result_url") or "", snapshot.election.slug)
    return {"snippet": embedding.write_snippet(address, snapshot.paper), "request": context.get("request")}
