"""Write every second into the database that it goes on: by that a copy of it tells its age, also when nobody votes."""

from polls.ballot_box import copies

from . import store


def beat() -> None:
    """Commit a heartbeat, and note in Redis that it is committed; raises Unavailable, or the database's errors.

    Redis's clock is read first: who sees the heartbeat sees all that was committed before that moment.
    """
    at = copies.read_time()
    store.save_heartbeat(at)
    copies.note_heartbeat(at)
