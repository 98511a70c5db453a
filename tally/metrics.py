"""What this stage measures; see polls/metrics.py for the rules."""

from collections.abc import Iterable

from prometheus_client import Counter, Histogram

from polls.metrics import Fact

from .models import RejectedBallot

# --- Counted where it happens, in whichever process -------------------------------------------------------

ROUND_BALLOTS = Histogram(
    "urna_round_ballots",
    "Entries that one round of the count took from the box.",
    buckets=(1, 10, 50, 100, 500, 1000, 2000, 5000, 20000),
)
ROUND_SECONDS = Histogram(
    "urna_round_duration_seconds",
    "Time of one round, from the lock to the announcement.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)
OUTCOME_SECONDS = Histogram(
    "urna_outcome_duration_seconds",
    "Time to make the outcome of one election, and to store it.",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
)
COUNTED = Counter("urna_ballots_counted", "Ballots counted, those included that a later one has replaced.")
REPLACED = Counter("urna_ballots_replaced", "Ballots that do not count any more, since the voter cast a later one.")
SET_ASIDE = Counter("urna_ballots_set_aside", "Entries of the box set aside, by reason.", ["reason"])
MISSING = Counter("urna_serials_missing", "Serials that never came out of the box.")
TICKS = Counter("urna_ticks_sent", "Periodic tasks that beat has sent.", ["task"])

_set_aside = {reason: SET_ASIDE.labels(reason) for reason in RejectedBallot.Reason.values}


def count_round(counted: int, replaced: int, set_aside: Iterable[str]) -> None:
    """Count what one committed round has done, with the reason of each entry set aside."""
    COUNTED.inc(counted)
    REPLACED.inc(replaced)
    for reason in set_aside:
        _set_aside[reason].inc()


# --- Read when Prometheus asks ----------------------------------------------------------------------------

BOX_REACHABLE = Fact("urna_box_reachable", "1 if the ballot box answers and has an epoch, else 0.")
BOX_BALLOTS = Fact("urna_box_ballots", "Ballots that wait to be counted.", ["election"])
BOX_OLDEST = Fact("urna_box_oldest_ballot_age_seconds", "Age of the oldest ballot that waits.", ["election"])
COUNT_AGE = Fact("urna_last_good_count_age_seconds", "Time since all waiting ballots could be counted.")
BOX_MEMORY = Fact("urna_box_memory_bytes", "Memory that Redis uses.")
BOX_MEMORY_LIMIT = Fact("urna_box_memory_limit_bytes", "Memory that Redis may use; 0 for no limit.")
BOX_SKEW = Fact("urna_box_clock_skew_seconds", "Between the clocks of the masters that differ most; 0 for one Redis.")
BOX_REPLICAS = Fact("urna_box_replicas", "Replicas of the ballot box that are in sync with its primary.")
BOX_REPLICAS_KNOWN = Fact("urna_box_replicas_known", "Replicas of the ballot box that Sentinels know of.")
DATABASE_REACHABLE = Fact("urna_database_reachable", "1 if PostgreSQL answers, else 0.")
VERSION = Fact("urna_election_version", "Version of what results pages show; it never falls.", ["election"])
PROBLEMS = Fact("urna_account_problems", "Accounts with problems that nobody has acknowledged.", ["election"])
ACKNOWLEDGED = Fact("urna_account_problems_acknowledged", "Accounts with acknowledged problems.", ["election"])
CHECK_AGE = Fact("urna_account_check_age_seconds", "Time since the accounts were looked at.", ["election"])
BALANCE_AGE = Fact("urna_account_balance_age_seconds", "Time since the accounts were balanced.", ["election"])
