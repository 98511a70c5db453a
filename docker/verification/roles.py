"""The table of roles, read by its path: the package around it needs what is installed in the image alone."""

import runpy

from .engine import PROJECT

_table = runpy.run_path(str(PROJECT / "voting_site" / "roles.py"))
ROLES = tuple(_table["ROLES"])
# Those that run whatever the settings say.
ALWAYS = tuple(name for name, role in _table["ROLES"].items() if not role.needs)
WITH_DATABASE: tuple[str, ...] = _table["WITH_DATABASE"]
PORTS: dict[str, int] = _table["PORTS"]
