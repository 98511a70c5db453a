"""The command `./urna verify DIR`, also `python -m verifier DIR`: check the published record of an election.

Or the log of an installation.
"""

import argparse
import sys
from pathlib import Path

# The launcher runs this folder by its path. Its modules are those of a package, and must not hide any of Python's.
if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from verifier.checks import verify
from verifier.events import Events
from verifier.folder import Folder
from verifier.installation import verify_installation
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
    parser.add_argument(
        "--installation", type=Path, metavar="DIR", help="the folder with the log of the installation, to compare with"
    )
    options = parser.parse_args(arguments)
    # Names may have letters that the terminal has not.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    report = Report(sys.stdout.write)
    try:
        _verify(options, report)
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


def _verify(options: argparse.Namespace, report: Report) -> None:
    folder = Folder(options.folder)
    if folder.is_installation:
        if options.audit or options.sample or options.installation:
            raise NoRecord(f"{folder.path} has the log of an installation, and can be compared with nothing")
        verify_installation(folder, report)
        report.unchecked("elections", "compare the record of each with this log: --installation names this folder")
        return
    installation = options.installation and _open_installation(options.installation, report)
    verify(folder, options.audit, options.sample, report, installation)


def _open_installation(path: Path, report: Report) -> Events:
    folder = Folder(path)
    if not folder.is_installation:
        raise NoRecord(f"{path} has no log of an installation: `export_record --installation` writes one")
    report.begin(f"The log of the installation, in {path}")
    try:
        installation = verify_installation(folder, report)
    except Wrong as error:
        raise Wrong(str(path / error.place), error.what) from error
    report.begin("The record of the election")
    return installation


if __name__ == "__main__":
    sys.exit(main())
