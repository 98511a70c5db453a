"""Give an election one new version after the other, with large frames.

For a `manage.py shell`, in which Django is set up before this is imported.
"""

import time

from polls.models import Election
from polls.paper_file import create_election
from polls.publishing import publish_election
from tally.announce import announce

OPTIONS = 100
# Seconds between two versions, in which `result` reads each.
PAUSE = 0.15


def main(slug: str, times: int) -> None:
    """Make the election where there is none, and announce so many changes of it."""
    election = Election.objects.filter(slug=slug).first()
    if election is None:
        options = [{"label": f"{number} {'x' * 60}"} for number in range(OPTIONS)]
        election = create_election({"title": slug, "slug": slug, "contests": [{"options": options}]})
    for _ in range(1 + times):
        publish_election(election)
        announce(election.pk)
        time.sleep(PAUSE)
