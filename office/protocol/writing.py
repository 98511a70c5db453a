"""Writing the protocol as PDF. This loads ReportLab with its fonts, so it is imported where a file is asked for."""

import io
from functools import partial
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ..pdf.flow import write_document
from ..pdf.paper import Paper
from .contents import tell_protocol


def write_protocol(context: dict[str, Any], paper: Paper) -> bytes:
    """Return the protocol of a certified election as PDF, in the active language; `context` is that of its page."""
    snapshot = context["snapshot"]
    file = io.BytesIO()
    write_document(
        file,
        partial(tell_protocol, context),
        paper,
        title=_("Protocol: %(title)s") % {"title": snapshot.paper.title},
        foot=f"SHA-256 {snapshot.certified.hash}",
        language=get_language() or "en",
    )
    return file.getvalue()
