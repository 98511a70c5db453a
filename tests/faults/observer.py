"""An observer of one election: a witness that is killed again and again, and at the end a check of the whole record.

The check is by programs that have not counted: `verifier`, and Go's sumdb where the folder is kept for it.
"""

import shutil
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from record.formats.policy import NoQuorum, Policy
from tests.faults.elections import insist
from tests.faults.heads import Heads
from tests.faults.installation import Installation, wait_until
from tests.faults.keeper import Part
from tests.faults.ledger import Ledger
from tests.voting_site.processes import PROJECT, fresh_environment
from voting_site.local.ports import free_port
from voting_site.local.programs import Program

# Seconds between two ends of the witness.
KILLED_EVERY = 7.0


class Observer:
    """Has the heads of a record cosigned by a witness of its own, and verifies it once it is certified."""

    def __init__(self, installation: Installation, election: Any, heads: Heads, ledger: Ledger) -> None:
        self.installation, self.election, self.heads, self.ledger = installation, election, heads, ledger
        self.folder = installation.folder / "observer"
        self.folder.mkdir()
        wait_until(lambda: self._read("key"), "the record begins")
        self.log_key = self._read("key").decode().strip()
        self.witness_key = self._start_witness()
        self.kills = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._kill_witness, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Leave the witness alone from now on."""
        self._stop.set()
        self._thread.join()

    def certify_and_verify(self, keep: Path | None) -> Sequence[str]:
        """Have the election certified, and return what is wrong with its record, which is copied to `keep`."""
        wait_until(lambda: self._is_open_for_audit, "what has become of each entry")
        audit, record = self.folder / "audit", self.folder / "record"
        self._manage("export_record", self.election.slug, str(self.folder / "before"), "--audit", str(audit))
        insist(self._acknowledge)
        self._manage("certify_election", self.election.slug)
        wait_until(self._is_cosigned, "a cosignature of the last head")
        self._manage("export_record", self.election.slug, str(record))
        (record / "policy").write_text(self._policy)
        (record / "checkpoints").mkdir()
        for size, note in self.heads.notes.items():
            (record / "checkpoints" / str(size)).write_bytes(note)
        if keep:
            shutil.rmtree(keep, ignore_errors=True)
            shutil.copytree(record, keep)
        done = subprocess.run(
            [sys.executable, "-m", "verifier", str(record), "--audit", str(audit)],
            cwd=PROJECT,
            env=fresh_environment(),
            capture_output=True,
            text=True,
        )
        self.ledger.note("verified", said=done.stdout, killed=self.kills)
        return [] if done.returncode == 0 else [f"the record does not hold: {done.stdout}{done.stderr}"]

    def _read(self, name: str) -> bytes:
        """Return a file of the record, b"" if it does not come now."""
        with suppress(OSError), urllib.request.urlopen(f"{self.heads.url}{name}", timeout=5) as response:
            content: bytes = response.read()
            return content
        return b""

    def _start_witness(self) -> str:
        """Start the witness, have its heads pushed to it, and return its key."""
        from office.witness_acts import AddWitness

        log = self.installation.logs / "witness.log"
        port = str(free_port())
        files = ("--key-file", str(self.folder / "key"), "--state", str(self.folder / "state"), "--port", port)
        names = ("--name", "observer.example/w1", "--log", self.log_key)
        argv = (sys.executable, str(PROJECT / "manage.py"), "witness", *files, *names)
        environment = fresh_environment(SECRET_KEY_FILE=str(self.installation.data.secret_key()))
        self.installation.keeper.add(Part(Program(name="witness", argv=argv, cwd=PROJECT), log, environment))
        wait_until(lambda: log.exists() and "address: " in log.read_text(), "a witness")
        [key] = [line.removeprefix("key: ") for line in log.read_text().splitlines() if line.startswith("key: ")]
        insist(lambda: AddWitness(self.election, key, f"http://127.0.0.1:{port}/").perform(by=None))
        return key

    def _kill_witness(self) -> None:
        while not self._stop.wait(KILLED_EVERY):
            self.kills += self.installation.part("witness").kill()

    @property
    def _is_open_for_audit(self) -> bool:
        from record.models import Log

        return bool(insist(Log.objects.filter(election=self.election).exclude(fates=None).exists))

    def _acknowledge(self) -> None:
        """Take note, as an operator does, of what the account says of an older Redis."""
        from tally.audit.accounts import acknowledge
        from tally.models import Reconciliation

        for row in Reconciliation.objects.filter(election=self.election):
            acknowledge(row, problems=row.problems, who="observer")

    @property
    def _policy(self) -> str:
        return f"log {self.log_key}\nwitness w1 {self.witness_key}\nquorum w1\n"

    def _is_cosigned(self) -> bool:
        try:
            return bool(Policy.parse(self._policy.encode()).judge(self._read("checkpoint")).witnesses)
        except NoQuorum:
            return False

    def _manage(self, *arguments: str) -> None:
        installation = self.installation
        environment = fresh_environment(**installation.urls, SECRET_KEY_FILE=str(installation.data.secret_key()))
        command = [sys.executable, str(PROJECT / "manage.py"), *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{arguments[0]}: {done.stdout}{done.stderr}")
