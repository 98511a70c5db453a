"""A management command of this Urna, wherever it is: `up` starts its roles by the path of this file."""

import sys
from importlib.util import find_spec
from pathlib import Path

if __name__ == "__main__":
    # The modules beside this file are those of a package, and must not hide any of Python's.
    here = Path(__file__).resolve().parent
    sys.path[:] = [place for place in sys.path if place != str(here)]
    if find_spec("voting_site") is None:
        sys.path.insert(0, str(here.parent))
    from voting_site.command_line import run

    run(sys.argv[1:])
