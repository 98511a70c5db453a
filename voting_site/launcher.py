"""The command `urna` of an installed package: what `./urna` is in a clone, without what needs a clone."""

import subprocess
import sys

from . import __version__
from .command_line import run

# By name: the beginning of the management command, and what it does.
MANAGEMENT = {
    "up": (["up"], "serve votes, results and administration on this machine"),
    "manage": ([], "run a management command on the same data"),
    "backup": (["backup"], "make a backup into a folder, also while people vote"),
    "restore": (["restore"], "bring a backup back, into a data folder that is empty or kept beside"),
    "drill": (["drill"], "restore a backup elsewhere for a trial, and tell what would be lost"),
}
COMMANDS = {name: what for name, (_, what) in MANAGEMENT.items()} | {
    "verify": "check the published record of an election"
}
OF_A_CLONE = ("test", "faults", "bench")


def main() -> None:
    """Run the command of this process's arguments."""
    name, *rest = sys.argv[1:] or ["help"]
    if name in ("-h", "--help", "help"):
        lines = "".join(f"  {name:8} {what}\n" for name, what in COMMANDS.items())
        sys.stdout.write(f"usage: urna COMMAND [ARGUMENTS]\n\n{lines}\nEach command has a --help.\n")
    elif name in ("--version", "version"):
        sys.stdout.write(f"urna {__version__}\n")
    elif name == "verify":
        # A process of its own, in which nothing else of Urna has been imported.
        sys.exit(subprocess.run([sys.executable, "-P", "-m", "verifier", *rest]).returncode)
    elif name in OF_A_CLONE:
        sys.exit(f"urna: {name} needs a clone of the project: run ./urna {name} there")
    elif name in MANAGEMENT:
        run([*MANAGEMENT[name][0], *rest])
    else:
        sys.exit(f"urna: there is no command {name!r}: choose one of {', '.join(COMMANDS)}")
