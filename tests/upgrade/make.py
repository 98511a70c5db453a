"""Make the data to upgrade: what PostgreSQL and Redis of a running Urna hold, and what its voters were told.

It runs with an older release: in a checkout of it, with the Python that `./urna test` has put there.

    PYTHONPATH=. .venv/bin/python /path/to/this/tests/upgrade/make.py /path/to/this/tests/upgrade/wire_version_1

Real roles take and count the first ballots. Then the worker is stopped, so that all later ones wait in the box.
"""

import datetime as dt
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import django
from people import ACCEPTED, Account, Person
from roles import Roles

from tests.voting_site.processes import wait_until
from voting_site.local import embedded, postgres
from voting_site.local.data_folder import DataFolder

# Far from any day on which this runs, so that clocks need not agree.
PAST, FUTURE = dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
DRINKS = {"nesquik": "Nesquik", "cola-cao": "Cola Cao", "water": "Water"}
PARTY = {"musica": "Música", "comida": "Comida & bebida", "baile": "¡Baile!", "nada": "Nada: «estudiar»"}
ELECTIONS: dict[str, dict[str, Any]] = {
    "drink": {"title": "What do you drink?", "options": DRINKS},
    "party": {
        "title": "¿Qué ponemos en la fiesta?",
        "description": "Elige dos como mucho.\nPaga el «AMPA» — 5 € por cabeza 🎉 \\o/",
        "method": "approval",
        "max_choices": 2,
        "votes_final": True,
        "shards": 3,
        "options": PARTY,
    },
    "robots": {"title": "Are you a robot?", "proof_of_work": True, "options": {"yes": "Yes", "no": "No"}},
    "next-century": {"title": "Will it rain?", "opens_at": FUTURE, "options": {"yes": "Yes", "no": "No"}},
    "council": {"title": "Who speaks for us?", "votes_final": True, "options": {"ana": "Ana", "bea": "Bea"}},
    "last-year": {"title": "Where did we go?", "options": {"sea": "To the sea", "hills": "Into the hills"}},
}
OVER = ("council", "last-year")


def make_elections() -> None:
    from polls.models import Election, Option
    from polls.publishing import publish_election

    for slug, fields in ELECTIONS.items():
        words = {"opens_at": PAST, "slug": slug} | {name: fields[name] for name in fields if name != "options"}
        election = Election.objects.create(**words)
        for position, (key, label) in enumerate(fields["options"].items()):
            Option.objects.create(election=election, key=key, label=label, position=position)
        publish_election(election)


def cast(account: Account, port: int, slug: str, *ballots: str) -> list[Person]:
    """Have a new person cast each of `ballots`; commas separate what is marked on one."""
    people = [account.add(slug) for _ in ballots]
    for person, marked in zip(people, ballots, strict=True):
        assert person.vote(port, *marked.split(",")) == ACCEPTED
    return people


def vote_and_wait_for_the_count(account: Account, roles: Roles) -> dict[str, list[Person]]:
    """Fill the elections with ballots that are counted; return who cast them."""
    from tally.models import Reconciliation

    port = roles.ports["vote"]
    counted = {
        "drink": cast(account, port, "drink", "nesquik", "nesquik", "cola-cao", "water", "cola-cao"),
        "party": cast(account, port, "party", "musica,baile", "comida", "nada", "baile", "musica,comida"),
        "robots": cast(account, port, "robots", "no"),
        "council": cast(account, port, "council", "ana", "bea", "bea"),
        "last-year": cast(account, port, "last-year", "sea", "hills", "sea"),
    }
    assert counted["drink"][1].vote(port, "water") == ACCEPTED
    assert counted["party"][0].vote(port, "nada") == 409
    # Too late when it is sent: that election is closed by then.
    account.add("council").load_form(port, "ana")
    wait_until(lambda: roles.have_counted(ELECTIONS), "the count")
    wait_until(Reconciliation.objects.exists, "a first account")
    return counted


def end_elections(roles: Roles) -> None:
    """Close two elections, and archive one of them, once they are final."""
    from polls.models import Election
    from tally.lifecycle import archive_election, close_election

    for slug in OVER:
        close_election(Election.objects.get(slug=slug))
        wait_until(lambda slug=slug: roles.results(slug)["final"], f"an end of {slug}")
    assert archive_election(Election.objects.get(slug="last-year"))


def vote_and_let_wait(account: Account, port: int, counted: dict[str, list[Person]]) -> None:
    """Cast ballots that nobody counts, and load forms that are not sent."""
    from polls import ballot_box
    from polls.models import Election

    _, _, _, thirsty, undecided = counted["drink"]
    waiting = cast(account, port, "drink", "water", "cola-cao", "nesquik", "cola-cao")
    # Of one who is counted, of one who waits as well, and of one who goes back to what was chosen at first.
    for person, choices in ((thirsty, ["nesquik"]), (waiting[0], ["nesquik"]), (waiting[1], ["water", "cola-cao"])):
        for choice in choices:
            assert person.vote(port, choice) == ACCEPTED
    cast(account, port, "robots", "yes", "no")
    party = Election.objects.get(slug="party")
    boxes = [ballot_box.key(party.pk, shard, "ballots") for shard in range(party.shards)]
    marked = ["musica", "baile,nada", "comida,baile"]
    while not all(map(ballot_box.connection.client().xlen, boxes)):
        cast(account, port, "party", *marked)

    for person, choice in ((undecided, "water"), (account.add("drink"), "nesquik"), (account.add("drink"), "water")):
        person.load_form(port, choice)
    for choices in (["musica", "nada"], ["baile"]):
        account.add("party").load_form(port, *choices)


def dump_postgres(folder: DataFolder) -> str:
    """Return the users of the roles, and the database with their rights, as SQL."""
    server = postgres.Postgres(folder)

    def dump(program: str, *options: str) -> str:
        command = [postgres.binary(program), *options, f"--dbname={server.url}"]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout

    users = dump("pg_dumpall", "--roles-only")
    roles = re.findall(rf"^(?:CREATE|ALTER) ROLE {postgres.OWNER}_.*\n", users, re.MULTILINE)
    return "".join(roles) + dump("pg_dump", "--no-owner")


def dump_redis(folder: DataFolder, client: Any) -> str:
    """Return the commands to which Redis itself reduces what it holds, a line of JSON each.

    Keys that expire are left out, as if the upgrade had taken longer than they live.
    """
    client.config_set("aof-use-rdb-preamble", "no")
    client.bgrewriteaof()
    wait_until(lambda: not client.info("persistence")["aof_rewrite_in_progress"], "a rewritten file")
    [file] = (folder.path / "valkey" / "appendonlydir").glob("*.base.aof")
    lasting = [one for one in read_commands(file.read_bytes()) if one[0] != "SELECT" and client.ttl(one[1]) == -1]
    # Their order is by chance.
    lasting.sort(key=lambda one: one[1])
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lasting)


def read_commands(content: bytes) -> Iterator[list[str]]:
    """Read commands in Redis's protocol."""
    while content:
        number, _, content = content.removeprefix(b"*").partition(b"\r\n")
        command = []
        for _ in range(int(number)):
            length, _, content = content.removeprefix(b"$").partition(b"\r\n")
            command.append(content[: int(length)].decode())
            content = content[int(length) + 2 :]
        yield command


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        folder = DataFolder(Path(place) / "data")
        stack.enter_context(embedded.running(folder, embedded.services(folder, {})))
        os.environ.update(embedded.environment(folder, {}), DJANGO_SETTINGS_MODULE="voting_site.settings")
        django.setup()
        from django.core.management import call_command

        from polls import ballot_box

        call_command("prepare")
        make_elections()
        account = Account()
        roles = stack.enter_context(Roles(folder, Path(place)))
        counted = vote_and_wait_for_the_count(account, roles)
        end_elections(roles)
        roles.stop("beat", "worker")
        vote_and_let_wait(account, roles.ports["vote"], counted)
        account.results = {slug: roles.results(slug) for slug in ELECTIONS}
        for person in account.people:
            person.state = person.read_state(roles.ports["vote"])

        target.mkdir(exist_ok=True)
        account.write(target / "account.json")
        (target / "postgres.sql").write_text(dump_postgres(folder))
        (target / "redis.jsonl").write_text(dump_redis(folder, ballot_box.connection.client()))
        (target / "secret_key").write_text(folder.secret_key().read_text())


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
