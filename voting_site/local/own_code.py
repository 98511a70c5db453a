"""Where the code of this Urna is, and what runs it: a clone, an image, or packages that were installed from a wheel."""

import sys
from pathlib import Path

# The folder that has all packages.
PLACE = Path(__file__).resolve().parents[2]
# What runs a management command of this Urna, wherever it is.
MANAGE = (sys.executable, "-u", str(PLACE / "voting_site" / "__main__.py"))


def is_installed() -> bool:
    """Tell whether this Urna was installed from a wheel."""
    return not (PLACE / "manage.py").exists()
