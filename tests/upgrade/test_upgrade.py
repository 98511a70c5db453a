"""A data folder of an older release is upgraded while ballots wait in it and people vote; nothing is lost or doubled.

The folder is made of what a real Urna of that release held (make.py); the servers and the roles are real as well.
"""

import json
import shutil
import subprocess
import urllib.error
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from redis import Redis

from polls.ballots import WIRE_VERSION
from tests.faults.heads import Heads
from tests.voting_site.processes import answers, run, wait_until
from voting_site.local import embedded
from voting_site.local.data_folder import DataFolder
from voting_site.local.postgres import Postgres
from voting_site.local.postgres_programs import binary
from voting_site.local.valkey import Valkey

from .people import ACCEPTED, Account, Ballot, Crowd, Person, loaded
from .roles import Roles

pytestmark = pytest.mark.large

OLDER = Path(__file__).parent / "wire_version_1"
OPEN = ("drink", "party", "robots")
OVER = ("council", "last-year")
# People who vote before the database is migrated, and after that, at least.
MORE = 3
CLOSE = (
    "from polls.models import Election; from tally.lifecycle import close_election; "
    "close_election(Election.objects.get(slug='drink'))"
)


def restore(folder: DataFolder) -> None:
    """Give a data folder, whose servers run, what the older release left in them."""
    command = [binary("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={Postgres(folder).url}"]
    with (OLDER / "postgres.sql").open() as dump:
        subprocess.run(command, stdin=dump, stdout=subprocess.DEVNULL, check=True)
    with Redis.from_url(Valkey(folder).url) as redis, redis.pipeline(transaction=False) as pipe:
        for line in (OLDER / "redis.jsonl").read_text().splitlines():
            pipe.execute_command(*json.loads(line))
        pipe.execute()


class Upgrade:
    """An upgrade of a data folder to this release, of which all roles run already; and what was seen on the way.

    `before` is the account as it was, and `account` what has become of it.
    """

    def __init__(self, folder: DataFolder, roles: Roles) -> None:
        self.folder, self.roles, self.port = folder, roles, roles.ports["vote"]
        self.before, self.account = (Account.read(OLDER / "account.json") for _ in range(2))
        forms = loaded(self.account.people)
        # Of each election that has some, a part is sent before the migration and a part after it.
        self.secrets = {slug: one["voter_secret"] for slug, one in self.read_box()[0].items()}
        self.send(forms[::2])
        self.send_again(state="accepted")
        self.late = [*forms[1::2], self.load("robots", "no"), self.load("party", "musica", "comida")]
        self.migrate_while_people_vote()
        self.send(self.late)
        wait_until(lambda: answers(roles.ports["result"], "/readyz"), "results")
        wait_until(lambda: roles.have_counted(self.before.results), "the count")
        self.send_again()
        self.account.results = {slug: roles.results(slug) for slug in self.before.results}

    def migrate_while_people_vote(self) -> None:
        """Run `prepare`, in the middle of votes with the forms of this release."""
        with pytest.raises(urllib.error.HTTPError) as refused:
            self.roles.results("drink")
        self.results_before = refused.value.code
        refused.value.close()
        crowd = Crowd(self.account, self.port, "drink", "cola-cao")
        try:
            crowd.wait_for_more(MORE)
            self.waiting = self.read_versions()
            came = crowd.came
            self.prepared = run("prepare", "--data", str(self.folder.path))
            self.came_meanwhile = crowd.came - came
            crowd.wait_for_more(MORE)
        finally:
            crowd.stop()

    def load(self, election: str, *choices: str) -> tuple[Person, Ballot]:
        """Have a new person load a form."""
        person = self.account.add(election)
        return person, person.load_form(self.port, *choices)

    def send(self, forms: list[tuple[Person, Ballot]]) -> None:
        for person, ballot in forms:
            person.send(self.port, ballot)

    def send_again(self, state: str | None = None) -> None:
        """Have people send their last accepted ballot once more, as after an answer that got lost."""
        for person in self.account.people:
            if person.accepted and state in (None, person.state):
                person.send(self.port, person.accepted[-1])

    def read_versions(self) -> dict[str, set[str]]:
        """Return the wire versions of the ballots that wait, by stream."""
        with Redis.from_url(Valkey(self.folder).url, decode_responses=True) as redis:
            streams = list(redis.scan_iter("urna:{*}:ballots"))
            return {name: {fields["v"] for _, fields in redis.xrange(name)} for name in streams}

    def read_box(self) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, str]]]:
        """Return the definitions in Redis by slug, and the rules of their first shards."""
        with Redis.from_url(Valkey(self.folder).url, decode_responses=True) as redis:
            definitions = {slug: json.loads(text) for slug, text in redis.hgetall("urna:definitions").items()}
            rules = {slug: redis.hgetall(f"urna:{{{one['election']}:0}}:rules") for slug, one in definitions.items()}
        return definitions, rules

    def read_records(self) -> list[tuple[str, str]]:
        """Return election and ballot id of each record in PostgreSQL."""
        with closing(psycopg2.connect(Postgres(self.folder).url)) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT slug, ballot_id::text FROM tally_castrecord r JOIN polls_election e ON e.id = r.election_id"
            )
            return list(cursor.fetchall())


@pytest.fixture(scope="module")
def upgrade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgrade]:
    place = tmp_path_factory.mktemp("upgrade")
    folder = DataFolder(place / "data")
    folder.create()
    shutil.copy(OLDER / "secret_key", folder.path)
    with embedded.running(folder, embedded.services(folder, {})):
        restore(folder)
        with Roles(folder, place) as roles:
            yield Upgrade(folder, roles)


class TestUpgrade:
    def test_is_done_by_prepare(self, upgrade: Upgrade) -> None:
        assert upgrade.prepared.returncode == 0, upgrade.prepared.stderr

    def test_takes_the_forms_that_were_loaded_before(self, upgrade: Upgrade) -> None:
        held = loaded(upgrade.before.people)
        assert {person.election for person, _ in held} == {"drink", "party", "council"}
        first_answers = {one.id: one.answers[0] for person in upgrade.account.people for one in person.ballots}
        assert {ballot.id: first_answers[ballot.id] for _, ballot in held} == {
            ballot.id: 410 if person.election in OVER else ACCEPTED for person, ballot in held
        }

    def test_keeps_nobody_from_voting(self, upgrade: Upgrade) -> None:
        assert upgrade.came_meanwhile
        came = upgrade.account.people[len(upgrade.before.people) :]
        assert [one.election for one in came if [ballot.answers[0] for ballot in one.ballots] != [ACCEPTED]] == []

    def test_knows_the_ballots_that_are_sent_again(self, upgrade: Upgrade) -> None:
        again = [person.accepted[-1].answers[1:] for person in upgrade.account.people if person.accepted]
        assert all(again)
        assert {status for one in again for status in one} == {ACCEPTED}

    def test_finds_both_wire_versions_in_one_stream(self, upgrade: Upgrade) -> None:
        assert upgrade.waiting["urna:{1:0}:ballots"] == {"1", str(WIRE_VERSION)}
        assert all("1" in upgrade.waiting[f"urna:{{2:{shard}}}:ballots"] for shard in range(3))

    def test_records_each_accepted_ballot_once(self, upgrade: Upgrade) -> None:
        accepted = [(person.election, ballot.id) for person in upgrade.account.people for ballot in person.accepted]
        assert sorted(upgrade.read_records()) == sorted(accepted)

    @pytest.mark.parametrize("slug", [*OPEN, *OVER])
    def test_gives_each_recorded_ballot_its_entry_in_the_public_record(self, upgrade: Upgrade, slug: str) -> None:
        number = Counter(slug for slug, _ballot in upgrade.read_records())[slug]
        heads = Heads(f"http://127.0.0.1:{upgrade.roles.ports['result']}/{slug}/record/")
        wait_until(lambda: heads.count() == number, f"the record of {slug}")
        assert number > 0
        assert (heads.look(), heads.check()) == ("", [])

    @pytest.mark.parametrize("slug", [*OPEN, *OVER])
    def test_counts_what_voters_chose_last(self, upgrade: Upgrade, slug: str) -> None:
        shown = upgrade.account.results[slug]
        assert Counter({one["key"]: one["count"] for one in shown["options"]}) == upgrade.account.counts(slug)
        assert shown["ballots"] == len(upgrade.account.voters(slug))

    @pytest.mark.parametrize("slug", [*OPEN, *OVER, "next-century"])
    def test_changes_nothing_but_the_count(self, upgrade: Upgrade, slug: str) -> None:
        before, after = upgrade.before.results[slug], upgrade.account.results[slug]
        counted = {"ballots", "pending", "winners"} if slug in OPEN else set()
        # A newer release may show more.
        for name in before.keys() - counted - {"version", "as_of", "options"}:
            assert (name, after[name]) == (name, before[name])
        counted = {"count", "share"} if slug in OPEN else set()
        for old, new in zip(before["options"], after["options"], strict=True):
            kept = old.keys() - counted
            assert {name: new[name] for name in kept} == {name: old[name] for name in kept}
        assert after["version"] >= before["version"]

    def test_has_the_box_keep_what_this_release_keeps(self, upgrade: Upgrade) -> None:
        definitions, rules = upgrade.read_box()
        assert definitions.keys() == upgrade.before.results.keys()
        for slug, definition in definitions.items():
            assert definition["voter_secret"] == upgrade.secrets[slug]
            assert (slug, definition["design"]) == (slug, rules[slug]["design"])
            assert rules[slug].keys() >= {"slug", "published_closes"}

    def test_tells_voters_what_became_of_their_ballots(self, upgrade: Upgrade) -> None:
        states = [person.read_state(upgrade.port) for person in upgrade.account.people]
        assert states == ["counted" if person.accepted else "" for person in upgrade.account.people]

    def test_lets_results_wait_for_the_schema(self, upgrade: Upgrade) -> None:
        assert upgrade.results_before == 503

    def test_alarms_nobody(self, upgrade: Upgrade) -> None:
        lines = [*"".join(upgrade.roles.output().values()).splitlines(), *upgrade.prepared.stderr.splitlines()]
        assert [line for line in lines if "ALARM" in line or "ERROR" in line or "Traceback" in line] == []
        # No organiser has edited anything.
        assert [line for line in lines if "taken back" in line] == []

    @pytest.mark.parametrize("command", ["recount", "reconcile"])
    def test_leaves_accounts_that_balance(self, upgrade: Upgrade, command: str) -> None:
        checked = run(command, "--data", str(upgrade.folder.path))
        assert checked.returncode == 0, checked.stdout + checked.stderr

    def test_leaves_elections_that_can_be_closed(self, upgrade: Upgrade) -> None:
        closed = run("shell", "--data", str(upgrade.folder.path), "-c", CLOSE)
        assert closed.returncode == 0, closed.stderr
        wait_until(lambda: upgrade.roles.results("drink")["final"], "a final result")
        assert upgrade.roles.results("drink")["options"] == upgrade.account.results["drink"]["options"]
