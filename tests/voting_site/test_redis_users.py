"""What each user may do in the real Valkey, and that its own work is among it."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from polls import ballot_box
from polls.ballot_box import Verdict, inbox
from polls.ballot_box.status import look_at
from polls.ballots import new_ballot_id
from polls.definition import Definition
from polls.publishing import publish_election
from polls.roll import box as roll_box
from polls.roll import codes, lookup
from record import recorder
from tally import healing, lifecycle
from tally.drain import drain_all
from tally.models import RejectedBallot
from tally.rolls import bring_roll
from tests.conftest import use_client, voter_of
from tests.polls.roll.people import enrol, put_in_box
from tests.tally.entries import put
from voting_site.celery import app
from voting_site.middleware import health
from voting_site.rights.redis_users import replays_everything, write_acl
from voting_site.roles import ROLES

BALLOTS, VOTERS, RULES = ("urna:{1:0}:ballots", "urna:{1:0}:voters", "urna:{1:0}:rules")
ROLL, CODES, PICTURES = "urna:{1:0}:roll", "urna:{1:0}:codes", "urna:{1:0}:pictures"
HEADS = "urna:record:heads"
EVERYBODYS = (
    "FLUSHALL", "FLUSHDB", "KEYS *", "SCAN 0", "RANDOMKEY", "DBSIZE", "CONFIG GET *", "CONFIG SET appendfsync no",
    "SHUTDOWN", "ACL LIST", "ACL SETUSER vote allkeys", "MONITOR", "CLIENT LIST",
    "CLIENT KILL TYPE normal", "SWAPDB 0 1", "REPLICAOF 127.0.0.1 1", "SAVE", "FUNCTION LIST", "SCRIPT FLUSH",
    "EVAL return 0", "MEMORY USAGE urna:epoch", "GET strangers",
    f"XTRIM {BALLOTS} MAXLEN 0", f"DEL {BALLOTS}", f"DEL {RULES}", "RENAME urna:epoch x",
    f"RENAME {BALLOTS} x", f"COPY {BALLOTS} x", f"DUMP {BALLOTS}", f"HGETALL {VOTERS}", "PSUBSCRIBE *",
)  # fmt: skip
NOT_FOR = {
    "vote": (
        f"HGETALL {ROLL}", f"HSET {ROLL} x y", f"HDEL {ROLL} x", f"DEL {ROLL}", f"HGETALL {CODES}", f"HSET {CODES} x y",
        f"HSET {PICTURES} x y", f"HDEL {PICTURES} x",
        f"XRANGE {BALLOTS} - +", f"XREAD STREAMS {BALLOTS} 0", f"XREVRANGE {BALLOTS} + -", f"XDEL {BALLOTS} 1-1",
        f"HSET {RULES} sealed 0", f"HDEL {RULES} sealed", f"HDEL {VOTERS} x", f"HKEYS {VOTERS}", f"HVALS {VOTERS}",
        "HSET urna:definitions drink x", "HDEL urna:definitions drink", "BRPOP urna:celery:celery 1",
        "RPOP urna:celery:celery", "LRANGE urna:celery:celery 0 -1", "PUBLISH urna__group__results x",
        "SUBSCRIBE urna__group__results", "INFO",
    ),
    "result": (
        f"XRANGE {BALLOTS} - +", f"XDEL {BALLOTS} 1-1", f"XADD {BALLOTS} * v 1", f"HGET {VOTERS} x",
        f"HGET {RULES} epoch",
        "HGET urna:definitions drink", "LPUSH urna:celery:celery x", "PUBLISH urna__group__results x",
        "SUBSCRIBE strangers", "SCRIPT LOAD return", "INFO",
    ),
    "signin": (
        f"XRANGE {BALLOTS} - +", f"XLEN {BALLOTS}", f"XADD {BALLOTS} * v 1", f"HGET {VOTERS} x", f"HGET {ROLL} x",
        f"HGET {CODES} x", f"HSET {ROLL} x y", f"HMGET {RULES} epoch", "HGET urna:definitions drink",
        "HVALS urna:definitions", "LPUSH urna:celery:celery x", "PUBLISH urna__group__results x",
        "SUBSCRIBE urna__group__results", "INFO", "SCRIPT LOAD return",
    ),
    "admin": (
        f"XRANGE {BALLOTS} - +", f"XREAD STREAMS {BALLOTS} 0", f"XDEL {BALLOTS} 1-1", f"XADD {BALLOTS} * v 1",
        f"HGET {ROLL} x", f"HSET {ROLL} x y", f"HGET {CODES} x",
        f"HGET {VOTERS} x", f"HSET {VOTERS} x y", "SUBSCRIBE urna__group__results", "PUBLISH strangers x", "INFO",
        "HGET urna:definitions drink", "HVALS urna:definitions", "HSET urna:definitions drink x",
        "HDEL urna:definitions drink", "BRPOP urna:celery:celery 1", "LRANGE urna:celery:celery 0 -1",
    ),
    "worker": (
        f"XADD {BALLOTS} * v 1", f"HDEL {VOTERS} x", "DEL urna:definitions", "PUBLISH strangers x",
        "SUBSCRIBE urna__group__results", "LPUSH strangers x", f"DEL {HEADS}",
    ),
    "beat": (
        f"XRANGE {BALLOTS} - +", f"XADD {BALLOTS} * v 1", f"HGET {VOTERS} x", "GET urna:epoch", "INFO",
        "BRPOP urna:celery:celery 1", "LRANGE urna:celery:celery 0 -1", "DEL urna:celery:celery",
        "PUBLISH urna__group__results x",
    ),
}  # fmt: skip
FORBIDDEN = [(user, command) for user in ROLES for command in (*EVERYBODYS, *NOT_FOR[user])]
FORBIDDEN += [
    (user, command) for user in ROLES if user != "worker" for command in (f"HSET {HEADS} x y", f"HMGET {HEADS} x")
]
FORBIDDEN += [
    (user, command)
    for user in ROLES
    if user != "worker"
    for command in ("SET urna:epoch x", "DEL urna:epoch", f"DEL {VOTERS}")
]


@pytest.fixture
def play(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return a function after which the ballot box is asked by the user of a role."""

    def become(role: str) -> None:
        own = Redis.from_url(settings.ROLE_REDIS_URLS[role])
        use_client(monkeypatch, own)
        # Scripts remember the client that they were registered with.
        ballot_box.connection.script.cache_clear()

    yield become
    monkeypatch.undo()
    ballot_box.connection.script.cache_clear()


@pytest.fixture(autouse=True)
def _nobody_lacks_a_right(redis: Any, request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which Redis refused something to somebody, unless it is about that."""
    redis.acl_log_reset()
    yield
    if "may_not" not in request.node.name:
        assert redis.acl_log() == []


def _rights_of(role: str, *, without: str) -> list[str]:
    """Return what the file grants to a role, each selector as one argument, but for the one that has `without`."""
    text = (Path(settings.BASE_DIR) / "voting_site" / "rights" / "users.acl").read_text()
    [own] = [block for block in text.split("\n\n") if f"user {role} on PASSWORD" in block]
    lines = [line.strip() for line in own.splitlines() if line.startswith("    ")]
    assert any(without in line for line in lines)
    return [
        part for line in lines if without not in line for part in ([line] if line.startswith("(") else line.split())
    ]


class TestSignin:
    def test_tells_the_time_and_whether_it_is_ready(self, play, box) -> None:
        play("signin")
        assert ballot_box.read_clock() > 0
        assert ballot_box.read_epoch() is not None
        inbox.seconds_since_good_drain()


class TestVote:
    def test_shows_and_takes_ballots(self, play, define, cast) -> None:
        definition = define()
        play("vote")
        assert ballot_box.read_definition("drink")[0] == definition
        assert ballot_box.read_definitions()[0] == [definition]
        assert cast(definition, "ana", "nesquik").verdict is Verdict.ACCEPTED
        assert ballot_box.read_mark(definition, voter_of(definition, "nobody")) is None
        assert health.seconds_since_count() is None
        assert ballot_box.read_picture(definition.election, "x") is None

    def test_loads_a_script_that_redis_has_forgotten(self, play, define, cast, redis) -> None:
        definition = define()
        redis.script_flush()
        play("vote")
        assert cast(definition, "ana", "nesquik").verdict is Verdict.ACCEPTED

    def test_gains_nothing_by_a_script_of_its_own_so_that_it_may_not_read_ballots(self, play, define) -> None:
        define()
        play("vote")
        script = ballot_box.connection.client().register_script("return redis.call('XRANGE', KEYS[1], '-', '+')")
        with pytest.raises(ResponseError, match=r"(?i)permission|ACL failure"):
            script([BALLOTS])

    def test_lets_those_on_a_roll_in_and_takes_their_ballots(self, play, define, redis) -> None:
        definition = define(eligibility="roll")
        code = put_in_box(definition, 7)
        play("vote")
        voter = lookup.find_voter(definition, code)
        assert voter is not None
        assert lookup.read_entry(definition, voter) == (1, "")
        assert lookup.find_voter(definition, codes.make()) is None
        assert lookup.note_wrong_code(definition, "192.0.2.1") == 0
        ballot = {"ballot_id": new_ballot_id(1), "marking": "q1=nesquik", "design": definition.design}
        assert ballot_box.cast(definition, voter=voter, network="", **ballot).verdict is Verdict.ACCEPTED


class TestAdmin:
    def test_asks_for_a_publication_and_seals(self, play, make_election, settings, monkeypatch) -> None:
        election = make_election()
        settings.ROLE = ROLES["admin"]
        monkeypatch.setattr("polls.by_worker.PATIENCE_S", 0)
        play("admin")
        assert publish_election(election).worker_is_silent
        lifecycle.close_election(election)
        assert election.sealed_at


class TestWorker:
    def test_counts_seals_and_heals(self, play, make_election, cast, redis) -> None:
        election = make_election()
        cast(election, "ana", "nesquik")
        play("worker")
        drain_all()
        assert inbox.is_empty(election.pk, election.shards)
        lifecycle.turn_phases()
        lifecycle.close_election(election)
        lifecycle.turn_phases()
        redis.delete("urna:epoch")
        healing.keep_box()
        assert ballot_box.read_epoch()

    def test_writes_into_marks_what_became_of_ballots(self, play, make_election, cast, redis) -> None:
        election = make_election()
        definition = Definition.of(election)
        cast(election, "ana", "nesquik")
        last = cast(election, "ana", "cola-cao")
        cast(election, "eva", "nesquik")
        put(redis, election, "nobody", "q1=beer")
        play("worker")
        drain_all()
        assert inbox.is_empty(election.pk, election.shards)
        marks = {name: ballot_box.read_mark(definition, voter_of(definition, name)) for name in ("ana", "eva")}
        assert {name: mark.state for name, mark in marks.items()} == {"ana": "counted", "eva": "counted"}
        assert last.verdict is Verdict.ACCEPTED
        assert RejectedBallot.objects.count() == 1

    def test_that_may_not_note_what_left_the_box_settles_all_the_same(
        self, make_election, cast, redis, monkeypatch
    ) -> None:
        """Redis may still have the rights of the release before."""
        rights = _rights_of("worker", without="+zadd +zscore")
        redis.execute_command("ACL", "SETUSER", "former", "on", "nopass", *rights)
        former = Redis.from_url(settings.ROLE_REDIS_URLS["worker"].replace("worker", "former", 1))
        election = make_election()
        cast(election, "ana", "nesquik")
        try:
            use_client(monkeypatch, former)
            ballot_box.connection.script.cache_clear()
            drain_all()
        finally:
            monkeypatch.undo()
            ballot_box.connection.script.cache_clear()
            former.close()
            redis.acl_deluser("former")
        assert inbox.is_empty(election.pk, election.shards)
        assert (
            ballot_box.read_mark(Definition.of(election), voter_of(Definition.of(election), "ana")).state == "counted"
        )
        assert not redis.exists(ballot_box.key(election.pk, 0, "counted"))

    def test_runs_each_script_but_those_of_vote(self, play, make_election, cast, redis, monkeypatch) -> None:
        """Whoever adds a script of the worker's has it run here, with the worker's rights."""
        election = make_election(eligibility="roll")
        enrol(election, ["ana"])
        drink = make_election("beer")
        cast(drink, "ana", "nesquik")
        play("worker")
        used, known = set(), ballot_box.connection.script
        spy = functools.cache(lambda name: used.add(name) or known(name))
        monkeypatch.setattr(ballot_box.connection, "script", spy)
        drain_all()
        look_at([(drink.pk, 0)])
        redis.delete(f"urna:{{{election.pk}:0}}:codes")
        bring_roll(election)
        redis.delete("urna:epoch")
        healing.keep_box()
        lifecycle.close_election(drink)
        scripts = {file.stem for file in Path(ballot_box.__file__).parent.glob("*.lua")}
        assert used == scripts - {"cast", "guess"}

    def test_remembers_the_heads_of_logs(self, play, make_election, cast, redis) -> None:
        cast(make_election(), "ana", "nesquik")
        play("worker")
        drain_all()
        recorder.keep_logs()
        assert redis.hlen(HEADS) == 2

    def test_brings_pictures_and_takes_them_away(self, play, define) -> None:
        definition = define()
        play("worker")
        ballot_box.change_pictures(definition.election, {"x": b"RIFF"}, [])
        assert ballot_box.list_pictures([definition.election]) == {definition.election: {"x"}}
        ballot_box.change_pictures(definition.election, {}, ["x"])

    def test_writes_rolls_line_by_line_and_anew_which_the_administration_may_wait_for(
        self, play, make_election, redis
    ) -> None:
        election = make_election(eligibility="roll")
        enrol(election, ["ana"])
        play("worker")
        bring_roll(election)
        enrol(election, ["eva"])
        bring_roll(election)
        redis.delete(f"urna:{{{election.pk}:0}}:codes")
        bring_roll(election)
        assert redis.hlen(f"urna:{{{election.pk}:0}}:codes") == 2
        play("admin")
        assert roll_box.has_revision(election.pk, election.shards, 2)


class TestBroker:
    @pytest.mark.parametrize("role", ["vote", "beat"])
    def test_takes_tasks_from(self, role: str, redis) -> None:
        url = settings.ROLE_REDIS_URLS[role].replace("unix:", "redis+socket:")
        with app.connection_for_write(url=url) as connection, app.amqp.Producer(connection) as producer:
            app.send_task("tally.drain_all", producer=producer)
        assert redis.llen("urna:celery:celery") == 1


class TestEach:
    @pytest.mark.parametrize(("user", "command"), FORBIDDEN)
    def test_may_not(self, user: str, command: str, redis: Redis) -> None:
        redis.xadd(BALLOTS, {"v": 1})
        arguments = command.split(" ")
        if command.startswith("EVAL "):
            arguments = ["EVAL", "return 0", "0"]
        client = Redis.from_url(settings.ROLE_REDIS_URLS[user])
        with pytest.raises(NoPermissionError):
            client.execute_command(*arguments)
        client.close()
        assert redis.xlen(BALLOTS) == 1

    @pytest.mark.parametrize("command", [*EVERYBODYS, "INFO", "TIME", "GET urna:epoch", "CLIENT SETNAME x"])
    def test_who_has_not_signed_in_may_not(self, command: str) -> None:
        arguments = ["EVAL", "return 0", "0"] if command.startswith("EVAL ") else command.split(" ")
        nobody = Redis.from_url(settings.REDIS_URL.replace("operator@", ""))
        with pytest.raises(AuthenticationError):
            nobody.execute_command(*arguments)
        nobody.close()
        health = Redis.from_url(settings.REDIS_URL.replace("operator@", "health@"))
        with pytest.raises(NoPermissionError):
            health.execute_command(*arguments)
        assert health.ping()
        health.close()


class TestAcl:
    def test_holds_no_password(self) -> None:
        text = write_acl({user: f"a secret of {user}" for user in (*ROLES, "operator")})
        assert "a secret" not in text
        assert "nopass" not in text.partition("user operator")[2]

    @pytest.mark.parametrize("passwords", [{}, dict.fromkeys((*ROLES, "operator"), "")])
    def test_lets_nobody_in_whose_password_is_missing(self, passwords: dict[str, str]) -> None:
        with pytest.raises(KeyError):
            write_acl(passwords)

    def test_lets_redis_replay_all_that_it_accepted(self, redis: Any) -> None:
        assert replays_everything(redis.acl_getuser("default"))

    @pytest.mark.parametrize("limit", ["resetkeys", "-@all +ping", "-flushall", "-@dangerous", "resetkeys ~urna:*"])
    def test_is_refused_where_redis_would_forget_at_its_next_start(self, redis: Any, limit: str) -> None:
        redis.execute_command("ACL", "SETUSER", "default", *limit.split())
        assert not replays_everything(redis.acl_getuser("default"))
        # `prepare` reads the file again, which mends what only the running server knows.
        redis.acl_load()
        assert replays_everything(redis.acl_getuser("default"))

    @pytest.mark.django_db
    def test_is_looked_at_by_prepare(self, redis: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(Redis, "acl_load", lambda self: None)
        redis.execute_command("ACL", "SETUSER", "default", "-xadd")
        try:
            with pytest.raises(CommandError, match="ACL SETUSER default off"):
                call_command("prepare", password_file=tmp_path / "password")
        finally:
            redis.execute_command("ACL", "LOAD")

    def test_has_a_line_for_each_user(self) -> None:
        lines = write_acl().splitlines()
        assert [line.split()[1] for line in lines] == ["default", "health", "operator", *ROLES]
        assert not any("PASSWORD" in line for line in lines)
