"""Serve everything on this machine: the servers, the roles, and what they need before the first vote."""

import http.client
import ipaddress
import os
import sys
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from polls import ballot_box
from voting_site.local import embedded, static_files
from voting_site.local.data_folder import ANOTHER_FOLDER, DataFolder, Unusable
from voting_site.local.lan import NO_NETWORK, Lan
from voting_site.local.leftovers import mark
from voting_site.local.own_addresses import in_url, own_addresses
from voting_site.local.own_code import MANAGE, is_installed
from voting_site.local.ports import find_address, refuse_equal
from voting_site.local.programs import Program
from voting_site.local.restarts import ENDS, ENDS_WITHIN
from voting_site.local.supervision import Group, Keeper
from voting_site.local.terminal_code import draw_code
from voting_site.roles import PORTS, ROLES, runs_here

from .prepare import ADMINISTRATOR

LOOPBACK = "127.0.0.1"
# What `--lan` opens.
FOR_PHONES = ("vote", "result", "signin")
PREPARE = "prepare"
BEAT = "beat"
# Programs that voting always needs, and those that it needs until the ballot box has its first epoch; and what for.
ALWAYS_NEEDED = {"vote": "takes the ballots", "valkey": "keeps the ballots"}
NEEDED_FIRST = {
    PREPARE: "gives the ballot box its epoch, without which no ballot is taken",
    "postgres": "holds the elections, without which the ballot box gets no epoch",
}
# What does not work while a program is down, for the log.
WITHOUT = {
    "valkey": "Nobody can vote meanwhile",
    "postgres": "Voting does not need it; ballots wait to be counted, results and administration do not answer",
    PREPARE: "Voting does not need it any more; the database keeps the schema that it has",
    **{name: role.without for name, role in ROLES.items()},
}


def manage(folder: DataFolder, name: str, *arguments: str) -> Program:
    """Return a management command as a program."""
    return Program(name=name, argv=(*MANAGE, *arguments), mark=mark(folder))


class Command(BaseCommand):
    """`command_line` reads `--data` before settings are read; here it is declared only for `--help`."""

    help = "Serves votes, results and administration on this machine, with embedded PostgreSQL and Valkey."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", metavar="DIR", help="folder of the data (default: .urna in the project)")
        parser.add_argument("--host", help=f"address to listen on (default: {LOOPBACK})")
        parser.add_argument(
            "--lan", nargs="?", const="", metavar="ADDRESS",
            help="let phones in the local network vote and see results, but not reach the administration; "
            "in several networks, tell the phones this ADDRESS",
        )  # fmt: skip
        for name, port in PORTS.items():
            parser.add_argument(f"--{name}-port", type=int, default=port, metavar="N", help=f"(default: {port})")

    def handle(self, *args: Any, **options: Any) -> None:
        self.roles = [name for name, role in ROLES.items() if runs_here(role, settings)]
        self.ports: dict[str, int] = {name: options[f"{name}_port"] for name in PORTS if name in self.roles}
        refuse_equal({f"--{name}-port": port for name, port in self.ports.items()})
        if options["host"] and options["lan"] is not None:
            raise Unusable("--lan opens votes and results, --host the administration too: leave one of them out")
        self.wants_lan = options["lan"] is not None
        self.lan = Lan.find(options["lan"]) if self.wants_lan else None
        self.for_phones = [name for name in FOR_PHONES if name in self.roles]
        hosts = dict.fromkeys(self.ports, options["host"] or LOOPBACK)
        if self.lan:
            hosts |= dict.fromkeys(self.for_phones, self.lan.listening)
        self.addresses = {name: find_address(hosts[name], port, f"--{name}-port") for name, port in self.ports.items()}
        if unknown := sorted(settings.SIGNIN_PROVIDERS.keys() - settings.SIGNIN_CLIENTS.keys()):
            raise Unusable(f"SIGNIN_PROVIDERS names {', '.join(unknown)}: say in SIGNIN_CLIENTS how to ask there")
        folder = DataFolder(Path(os.environ["URNA_DATA"]))
        folder.create()
        with folder.ownership() as ours:
            if not ours:
                raise Unusable(
                    f"the data folder {folder.path} is in use by process {folder.owner()}: "
                    f"stop that one, or {ANOTHER_FOLDER}"
                )
            keeper = self._keep(folder)
        if failed := keeper.failed:
            lines = "\n".join(f"    {line}" for line in keeper.last_lines(failed))
            sys.exit(
                f"urna: {failed} has ended {ENDS} times within {ENDS_WITHIN} seconds. "
                f"Voting needs it: it {(ALWAYS_NEEDED | NEEDED_FIRST)[failed]}. "
                f"So everything was stopped; what was accepted is kept in {folder.path}. "
                f"Mend what its last lines say, and start again:\n{lines}"
            )

    def _keep(self, folder: DataFolder) -> Keeper:
        services = embedded.services(folder)
        embedded.prepare(folder, services)
        os.environ.setdefault("STATIC_ROOT", static_files.gather(folder.path / "static"))
        self.password_file, self.link_file = folder.path / "first_password", folder.path / "first_link"
        self.could_vote = False
        self.greeted = False

        os.environ.update({f"{name.upper()}_PORT": str(port) for name, port in self.ports.items()})
        if set(self.addresses.values()) == {LOOPBACK}:
            # The demo of somebody who tries Urna alone.
            os.environ.setdefault("URNA_SHOW_REPLICA", "True")
        if self.lan:
            os.environ.setdefault("ALLOWED_HOSTS", ",".join(self.lan.hosts))
            for name in self.for_phones:
                os.environ.setdefault(f"{name.upper()}_URL", self.lan.url(self.ports[name]))
        elif self.addresses["vote"] != LOOPBACK:
            os.environ.setdefault("ALLOWED_HOSTS", "*")
        listening = {name: ("--host", self.addresses[name], "--port", str(port)) for name, port in self.ports.items()}
        roles = [manage(folder, name, "run", name, *listening.get(name, ())) for name in self.roles]
        firsts = ("--password-file", str(self.password_file), "--link-file", str(self.link_file))
        prepare = manage(folder, PREPARE, "prepare", "--demo", *firsts)

        groups = [
            Group("servers", [service.program for service in services]),
            # Beat comes after `prepare`: at a first start its ticks would fail, without users in PostgreSQL and epoch.
            Group("roles", [prepare, *roles], once=frozenset({PREPARE}), after={BEAT: PREPARE}),
        ]
        with folder.usable():
            keeper = Keeper(
                [group for group in groups if group.programs],
                folder.path / "supervisord.conf",
                on_tick=self._watch,
                is_needed=lambda name: name in ALWAYS_NEEDED or (name in NEEDED_FIRST and not self._has_epoch()),
                without=WITHOUT,
            )
        keeper.keep()
        return keeper

    def _watch(self, keeper: Keeper) -> None:
        self.could_vote = self.could_vote or self._is_ready("vote")
        if not self.greeted and keeper.has_done(PREPARE) and all(map(self._is_ready, self.ports)):
            self._greet()
            self.greeted = True

    def _has_epoch(self) -> bool:
        """Tell whether the ballot box has an epoch, or had one when `vote` was ready; that may start late."""
        try:
            return self.could_vote or ballot_box.read_epoch() is not None
        except ballot_box.Unavailable:
            return False

    def _is_ready(self, name: str, address: str | None = None) -> bool:
        # If the roles listen on all addresses, loopback is one of them.
        address = address or {"0.0.0.0": LOOPBACK, "::": "::1"}.get(self.addresses[name], self.addresses[name])
        with closing(http.client.HTTPConnection(address, self.ports[name], timeout=0.5)) as connection:
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == http.HTTPStatus.OK
            except (OSError, http.client.HTTPException):
                return False

    def _greet(self) -> None:
        # On some systems `::` means both families, so each address is tried; no request leaves the machine.
        known = own_addresses(self.addresses["admin"])
        # If none answers in time, the first one is shown, since it is the one that was asked for.
        address, *others = [one for one in known if self._is_ready("admin", one)] or known[:1]
        urls = {name: f"http://{in_url(address)}:{port}/" for name, port in self.ports.items()}
        if self.lan:
            urls |= {name: os.environ[f"{name.upper()}_URL"].rstrip("/") + "/" for name in self.for_phones}
        urna = "urna" if is_installed() else "./urna"
        password = f"to set a new password: {urna} manage changepassword {ADMINISTRATOR}"
        if self.password_file.exists():
            password = f"password {self.password_file.read_text()} (shown this once)"
        if self.link_file.exists():
            link = urls["admin"].rstrip("/") + self.link_file.read_text()
            password += f"\n                  or choose your own password, once, within a day: {link}"
        # If nothing can be written, voting goes on, and the password is kept for the next start.
        with suppress(OSError):
            self.stdout.write(
                f"\n  Urna is up.\n\n"
                f"  Vote            {urls['vote']}\n"
                f"  Results         {urls['result']}\n"
                f"{self._describe_sign_in(urls)}"
                f"  Administration  {urls['admin']}\n"
                f"                  user {ADMINISTRATOR}, {password}\n\n"
                f"{self._describe_way_in(urls['vote']) if self.wants_lan else self._describe_openness(others)}"
                f"  Ctrl-C stops everything.\n\n"
            )
            self.stdout.flush()
            self.password_file.unlink(missing_ok=True)
            self.link_file.unlink(missing_ok=True)

    def _describe_sign_in(self, urls: Mapping[str, str]) -> str:
        """Tell what is to be named at each provider."""
        if "signin" not in urls:
            return ""
        return "".join(f"  Sign-in         {urls['signin']}{key}/back/\n" for key in settings.SIGNIN_PROVIDERS)

    def _describe_way_in(self, url: str) -> str:
        if self.lan is None:
            return f"{NO_NETWORK}\n\n"
        code = draw_code(url, encoding=sys.stdout.encoding, coloured=self.stdout.isatty())
        return f"{code}\n{self.lan.describe()}\n\n"

    def _describe_openness(self, others: list[str]) -> str:
        if ipaddress.ip_address(self.addresses["admin"]).is_loopback:
            return ""
        also = f"  This machine also answers at {', '.join(others)}.\n" if others else ""
        return f"  Everybody who can reach this machine reaches all three, the administration too.\n{also}\n"
