"""What this stage measures; see polls/metrics.py for the rules."""

from prometheus_client import Counter

from polls.metrics import Fact
from telemetry import throttled_log

# --- Counted where it happens -----------------------------------------------------------------------------

FRAMES = Counter("urna_frames_sent", "Snapshots handed to sockets, whole or as changes.")
HEARTBEATS = Counter("urna_heartbeats_sent", "Heartbeats handed to sockets.")
SOCKETS_REFUSED = Counter("urna_sockets_refused", "Sockets that were refused or closed, by reason.", ["reason"])
READS_FAILED = Counter("urna_result_reads_failed", "Reads of what is watched that failed.")

REASONS = ("origin", "no-seat", "not-listening", "not-reading")
_refused = {reason: SOCKETS_REFUSED.labels(reason) for reason in REASONS}


def count_refusal(reason: str) -> None:
    """Count and note a socket that was refused or closed, for one of REASONS."""
    _refused[reason].inc()
    throttled_log.note(f"a socket: {reason}")


# --- Read in exporter.py when Prometheus asks -------------------------------------------------------------

SOCKETS = Fact("urna_sockets_open", "Sockets that follow an election.", ["election"])
DATA_AGE = Fact("urna_result_data_age_seconds", "Age of what the database says; only where it is a copy.")
FRAME_AGE = Fact("urna_frame_age_seconds", "Time since the last good read for open sockets.", ["election"])
