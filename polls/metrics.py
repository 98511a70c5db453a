"""What this stage measures. Names follow Prometheus's rules: base units, `_total` for what only grows.

Labels have few values: the address of an election, or a word from a fixed list; never data of a voter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.http import HttpRequest
from prometheus_client import Counter, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily

from telemetry import throttled_log

from .ballot_box import Reply, Verdict

# --- Counted where it happens, in whichever process -------------------------------------------------------

ACCEPTED = Counter("urna_ballots_accepted", "Ballots put into the box, by election.", ["election"])
REPEATED = Counter("urna_ballots_repeated", "Ballots sent again that were in the box already, answered with yes.")
REFUSED = Counter("urna_ballots_refused", "Ballots that were answered with anything but yes, by reason.", ["reason"])
CODES = Counter("urna_codes", "Voting codes that were typed or scanned, by what came of it.", ["outcome"])
SIGN_INS = Counter("urna_sign_ins", "Voters led to a provider, and what came of them.", ["outcome"])
REQUESTS = Histogram(
    "urna_http_request_duration_seconds",
    "Time from the first middleware to the answer, by class of its status.",
    ["status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)

# What the page finds before it asks the box; the box's own reasons follow.
PAGE_REASONS = ("no-cookie", "no-code", "csrf", "invalid", "no-proof", "unavailable")
REASONS = PAGE_REASONS + tuple(
    verdict.value for verdict in Verdict if verdict not in (Verdict.ACCEPTED, Verdict.REPEATED)
)
CODE_OUTCOMES = ("found", "unknown", "mistyped", "too-many")
# The first five are of `vote`, the others of `signin`.
SIGN_IN_OUTCOMES = (
    "begun", "found", "old-ticket", "other-browser", "changed",
    "ticket", "old-errand", "cancelled", "refused", "silent", "not-verified", "not-on-roll",
)  # fmt: skip
STATUSES = ("1xx", "2xx", "3xx", "4xx", "5xx")

# Made at the start: Prometheus sees a counter's first event only if the counter was there before it. And a counter
# that is kept costs less than one that is looked up by its label.
_refused = {reason: REFUSED.labels(reason) for reason in REASONS}
_codes = {outcome: CODES.labels(outcome) for outcome in CODE_OUTCOMES}
_sign_ins = {outcome: SIGN_INS.labels(outcome) for outcome in SIGN_IN_OUTCOMES}
_requests = {status: REQUESTS.labels(status) for status in STATUSES}


@lru_cache(maxsize=256)
def _accepted(slug: str) -> Counter:
    return ACCEPTED.labels(slug)


def count_reply(slug: str, reply: Reply) -> None:
    """Count the box's answer to a ballot."""
    if reply.verdict is Verdict.ACCEPTED:
        _accepted(slug).inc()
    elif reply.verdict is Verdict.REPEATED:
        REPEATED.inc()
    else:
        count_refusal(reply.verdict.value)


def count_refusal(reason: str) -> None:
    """Count and note a refused ballot, for one of PAGE_REASONS or the value of a verdict."""
    _refused[reason].inc()
    throttled_log.note(f"a ballot: {reason}")


def count_code(outcome: str) -> None:
    """Count a code, for one of CODE_OUTCOMES, and note one that is refused."""
    _codes[outcome].inc()
    if outcome != "found":
        throttled_log.note(f"a code: {outcome}")


def count_sign_in(outcome: str) -> None:
    """Count a step of signing in, for one of SIGN_IN_OUTCOMES, and note one that leads nowhere."""
    _sign_ins[outcome].inc()
    if outcome not in ("begun", "found", "ticket"):
        throttled_log.note(f"a sign-in: {outcome}")


def is_ballot(request: HttpRequest) -> bool:
    """Tell whether a request sends a ballot."""
    match = request.resolver_match
    return request.method == "POST" and match is not None and match.view_name == "ballot"


def time_request(status: int, seconds: float) -> None:
    """Count a request that was answered with `status`, and the time that it took."""
    _requests[STATUSES[status // 100 - 1]].observe(seconds)


# --- Read when Prometheus asks ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Fact:
    """A gauge that is read when Prometheus asks, so that no process that has died leaves an old value behind."""

    name: str
    text: str
    labels: Sequence[str] = ()

    def family(self, values: dict[tuple[str, ...], float]) -> GaugeMetricFamily:
        """Return the gauge with its values, by the values of its labels."""
        family = GaugeMetricFamily(self.name, self.text, labels=self.labels)
        for labels, value in values.items():
            family.add_metric(labels, value)
        return family


INFO = Fact("urna_info", "Always 1; the labels tell who answers.", ["version", "role", "replica"])
