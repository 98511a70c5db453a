"""What this stage measures; see polls/metrics.py for the rules. All of it is read when Prometheus asks."""

from polls.metrics import Fact

ENTRIES = Fact("urna_record_entries", "Entries of ballots that have a place in the record.", ["election"])
WAITING = Fact("urna_record_waiting_entries", "Entries that may be shown and have no place yet.", ["election"])
WITNESSES = Fact(
    "urna_record_witnesses", "Witnesses by state: cosigned the newest head, behind, contradicts.", ["election", "state"]
)
