"""Run a role exactly as `manage.py run` does, after patching from outside what the harness wants to be patched.

Started as `python -m tests.faults.role ROLE [OPTIONS]`. Child processes are forked, and so are patched as well.
"""

import os
import sys
import time

import django
from django.core.management import execute_from_command_line

from tests.faults import crash_points, mutants

MUTANT = "URNA_FAULTS_MUTANT"
# Seconds by which the clock of this process is wrong.
CLOCK = "URNA_FAULTS_CLOCK"
# The ways to the masters of a cluster: PORT:PROXY, with spaces between them.
WAYS = "URNA_FAULTS_WAYS"


def main(arguments: list[str]) -> None:
    """Patch the role named first in `arguments`, and run it."""
    role = arguments[0]
    os.environ["URNA_ROLE"] = role
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voting_site.settings")
    shift_clock(float(os.environ.get(CLOCK, "0")))
    django.setup()
    if ways := os.environ.get(WAYS):
        lead_through_proxies(ways)
    crash_points.install(role)
    if mutant := os.environ.get(MUTANT):
        # On top of the crash points, which then lie inside of what the mutant does.
        mutants.install(mutant, role)
    execute_from_command_line(["manage.py", "run", *arguments])


def lead_through_proxies(ways: str) -> None:
    """Let this process go to each master through a proxy, whatever address the cluster names."""
    from polls.ballot_box import cluster

    proxies = {int(port): int(proxy) for port, _, proxy in (way.partition(":") for way in ways.split(" "))}
    cluster.remap_address = lambda address: (address[0], proxies.get(address[1], address[1]))


def shift_clock(seconds: float) -> None:
    """Let this process believe in another time of day."""
    if seconds:
        true_time, true_time_ns = time.time, time.time_ns
        time.time = lambda: true_time() + seconds
        time.time_ns = lambda: true_time_ns() + int(seconds * 1e9)


if __name__ == "__main__":
    main(sys.argv[1:])
