"""The command `./urna verify DIR`, also `python -m verifier DIR`: check the published record of an election."""

import argparse
import sys
from pathlib import Path

# The launcher runs this folder by its path. Its modules are those of a package, and must not hide any of Python's.
if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from verifier.checks import verify
from verifier.folder import Folder
from verifier.report import NoRecord, Report, Wrong

HOLDS, FAILS, NO_RECORD = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Check a folder; return 0 if all that is there holds, 1 if something does not, 2 if it is no record."""
    parser = argparse.ArgumentParser(
        prog="urna verify", description="Check the published record of an election: see docs/verify.md."
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder with the record")
    parser.add_argument("--audit", type=Path, metavar="FILE", help="the audit file, if it is not in the folder")
    parser.add_argument("--sample", type=Path, metavar="FILE", help="the file of a sample that was opened in an audit")
    options = parser.parse_args(arguments)
    # Names may have letters that the terminal has not.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    report = Report(sys.stdout.write)
    try:
        verify(Folder(options.folder), options.audit, options.sample, report)
    except NoRecord as error:
        sys.stderr.write(f"urna: {error}\n")
        return NO_RECORD
    except OSError as error:
        sys.stderr.write(f"urna: {error.filename or options.folder}: {error.strerror}\n")
        return NO_RECORD
    except Wrong as error:
        report.wrong(error)
        report.end("Something does not hold. It is the first; what comes after it was not checked.")
        return FAILS
    report.end("All that is there holds. Lines with -- say what could not be checked.")
    return HOLDS


if __name__ == "__main__":
    sys.exit(main())
