"""Run a witness of records: a server of its own, best on somebody else's machine."""

import secrets
import socket
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from record.formats.encodings import Malformed
from record.formats.keys import VerifierKey
from record.formats.note import NoteVerifier
from record.logs import SEED_BYTES
from record.witness_memory import Unusable, own
from record.witness_server import Witness, make_server


class Command(BaseCommand):
    help = "Run a witness, which cosigns the heads of the records that it knows as long as they only grow."
    # It needs neither database nor Redis.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--key-file", type=Path, required=True, help="its secret key; made at the first start")
        parser.add_argument("--state", type=Path, required=True, help="what it has cosigned; made at the first start")
        parser.add_argument("--name", default=f"{socket.gethostname()}/witness", help="the name of a new key")
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen at; 127.0.0.1 otherwise")
        parser.add_argument("--port", type=int, default=8010, help="8010 otherwise, and 0 for any free one")
        parser.add_argument(
            "--log", action="extend", nargs="+", required=True, metavar="KEY",
            help="the keys of the records that it cosigns, as /SLUG/record/key has them",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            logs = [NoteVerifier(VerifierKey.parse(key)) for key in options["log"]]
        except Malformed as problem:
            raise CommandError(f"What --log names is no key of a record: {problem}.") from None
        seed = secrets.token_bytes(SEED_BYTES)
        try:
            with own(options["key_file"], options["state"], name=options["name"], seed=seed) as (cosigner, memory):
                server = make_server(Witness(cosigner, memory, logs, time.time), options["host"], options["port"])
                with server:
                    host = f"[{options['host']}]" if ":" in options["host"] else options["host"]
                    self.stdout.write(f"key: {cosigner.key.verifier_key}")
                    self.stdout.write(f"address: http://{host}:{server.server_address[1]}/")
                    self.stdout.flush()
                    server.serve_forever()
        except Malformed as problem:
            raise CommandError(f"A witness cannot have the name {options['name']}: {problem}.") from None
        except Unusable as problem:
            raise CommandError(str(problem)) from problem
        except OSError as error:
            raise CommandError(f"The witness cannot run: {error}.") from error
