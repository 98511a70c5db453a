"""The files of a log, as C2SP tlog-tiles has them, and the proofs of single entries of a record.

Those of the installation's log have no `slug`.
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from record import reading
from record.cosignatures import cosigned_checkpoint, read_keys
from record.fates import write_lines
from record.formats.encodings import Malformed
from record.formats.tiles import parse_path
from record.models import Audit, InstallationLog, Log, SignedLog

from .freshness import require_head_of_now
from .open_data import open_data

# A tile never changes: its path says how wide it is.
IMMUTABLE = "public, max-age=31536000, immutable"
BYTES = "application/octet-stream"
TEXT = "text/plain; charset=utf-8"


def get_log(slug: str | None) -> SignedLog:
    """Return the log of the election at `slug`, or that of the installation; raises Http404."""
    return get_installation_log() if slug is None else get_record(slug)


def get_installation_log() -> InstallationLog:
    """Return the log of the installation; raises Http404."""
    log = reading.find_installation_log()
    if log is None:
        raise Http404(_("The log of this site begins within seconds. Try again."))
    return log


def get_record(slug: str) -> Log:
    """Return the log of the election at `slug`; raises Http404."""
    log = reading.find_log(slug)
    if log is None:
        raise Http404(_("There is no record at this address. A record begins when its election opens."))
    return log


@open_data
def checkpoint(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Return the newest signed checkpoint, with the cosignatures of the witnesses that have seen it."""
    require_head_of_now()
    return _answer(cosigned_checkpoint(get_log(slug)), TEXT, "no-cache")


@open_data
def key(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Return the key that checkpoints are verified with, as C2SP signed-note writes it."""
    return _answer(f"{get_log(slug).verifier_key}\n", TEXT, "no-cache")


@open_data
def witnesses(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Return the keys of the witnesses, a line each, out of which others make a policy."""
    return _answer("".join(f"{one}\n" for one in read_keys(get_log(slug))), TEXT, "no-cache")


@open_data
def tile(request: HttpRequest, path: str, slug: str | None = None) -> HttpResponse:
    """Return a tile of hashes or a bundle of entries."""
    try:
        asked = parse_path(f"tile/{path}")
    except Malformed as problem:
        raise Http404(str(problem)) from None
    found = reading.read_file(get_log(slug), asked)
    if found is None:
        raise Http404(_("The record is not that long yet."))
    return _answer(found, BYTES, IMMUTABLE)


@open_data
def proof(request: HttpRequest, slug: str, receipt: str) -> HttpResponse:
    """Return the proof that an entry is in the record, as a file to be kept."""
    require_head_of_now()
    log = get_record(slug)
    try:
        place = reading.find_place(log, receipt)
    except Malformed:
        raise Http404(_("No entry of this record has this receipt.")) from None
    if place is None:
        raise Http404(_("This entry has no place in the record yet. The page of its receipt says when it gets one."))
    response = _answer(reading.prove(log, place).to_bytes(), TEXT, "no-store")
    response["Content-Disposition"] = f'attachment; filename="{slug}-{place}.tlog-proof"'
    return response


@open_data
def fates(request: HttpRequest, slug: str) -> HttpResponse:
    """Return what has become of each entry, a line each, once the election is final."""
    found = get_record(slug).fates
    if found is None:
        raise Http404(_("What has become of each entry is said once the election is final."))
    return _answer(write_lines(bytes(found)), TEXT, "no-cache")


@open_data
def manifest(request: HttpRequest, slug: str) -> HttpResponse:
    """Return what an audit by sample has fixed before its dice were thrown, signed by the key of the record."""
    found = Audit.objects.filter(pk=get_log(slug).pk).values_list("manifest", flat=True).first()
    if not found:
        raise Http404(_("No audit by sample is prepared for this election."))
    return _answer(found, TEXT, "no-cache")


def _answer(content: str | bytes, content_type: str, cache: str) -> HttpResponse:
    return HttpResponse(content, content_type=content_type, headers={"Cache-Control": cache})
