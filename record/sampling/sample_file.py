"""A sample as a file that observers take away, and check with a program that is not ours.

It tells how each entry in it was marked. Whoever has it and a voter's receipt can learn how that voter voted.
"""

import json

from ..models import Sample

FORMAT = "urna-sample/1"


def write_sample(sample: Sample) -> str:
    """Return a sample that was opened as JSON, with the entries in the order in which they were drawn first."""
    fields = {
        "format": FORMAT,
        "manifest": sample.audit.manifest,
        "dice": sample.dice,
        "draws": sample.draws,
        "entries": [one.opening for one in sample.opened.order_by("pk")],
    }
    return json.dumps(fields, ensure_ascii=False, indent=1) + "\n"
