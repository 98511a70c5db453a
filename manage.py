#!/usr/bin/env python3
"""Run a management command, on the servers that the environment names or on embedded ones."""

import sys

from voting_site.command_line import run

if __name__ == "__main__":
    run(sys.argv[1:])
