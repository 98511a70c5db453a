"""The office of an election with a roll, as a process: each line that it reads is an act to do, and is answered by one.

It runs as the role `admin`, with that role's rights and through its proxies, and asks the worker to bring the roll to
the ballot box, as pages of the administration do. Started as `python -m tests.faults.roll_office`.
"""

import json
import os
import sys
from typing import Any

REASON = "a fault harness"


def main() -> None:
    """Do acts for as long as there are any."""
    import django

    os.environ["URNA_ROLE"] = "admin"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voting_site.settings")
    django.setup()
    from django.db import connection

    from office.acts import NotDone
    from polls.outages import is_outage

    for line in sys.stdin:
        # A server that was killed meanwhile has taken the connection with it.
        connection.close()
        try:
            answer = perform(**json.loads(line))
        except NotDone as problem:
            answer = {"not_done": str(problem.messages)}
        except Exception as error:
            if not is_outage(error):
                raise
            answer = {"outage": repr(error)}
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()


def perform(act: str, election: int, number: int = 0, values: dict[str, Any] | None = None) -> dict[str, Any]:
    """Do one act, and return what stands on the roll then; `code` is there if a new one was made."""
    from office.roll_acts import AddEntry, ChangeEntry, ReissueCode, StrikeEntry
    from polls.models import Election, RollEntry

    if act == "add":
        adding = AddEntry(Election.objects.get(pk=election), values or {}, reason=REASON)
        return describe(adding.perform(by=None), adding.code)
    entry = RollEntry.objects.select_related("election").get(election=election, number=number)
    code = ""
    match act:
        case "reissue":
            code = ReissueCode(entry, reason=REASON).perform(by=None)
        case "change":
            ChangeEntry(entry, values or {}, reason=REASON).perform(by=None)
        case "strike" if not entry.struck_at:
            # It may be asked again, where the answer was lost.
            StrikeEntry(entry, reason=REASON).perform(by=None)
    entry.refresh_from_db()
    return describe(entry, code)


def describe(entry: Any, code: str) -> dict[str, Any]:
    return {"number": entry.number, "issue": entry.issue, "revision": entry.revision, "code": code}


if __name__ == "__main__":
    main()
