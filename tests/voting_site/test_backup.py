"""The parts of a backup, on the servers of the test run: what is written, what is refused, and in which order."""

import io
import itertools
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pyrage
import pytest
from django.conf import settings
from django.db import connection
from redis import Redis

from polls import ballot_box
from polls.ballot_box import Unavailable
from record.served_heads import HEADS
from tally.drain import drain_all
from tests.conftest import EPOCH
from voting_site.backup import making, server
from voting_site.backup.archive import Archive, Piece, Tip, list_pieces, name_piece, with_hash, write_tip
from voting_site.backup.box_copy import BoxCopy, Waiting, read_heads, read_waiting, write_append_only_file
from voting_site.backup.checking import check, installation_of, refuse_without_room
from voting_site.backup.contents import known_migrations
from voting_site.backup.making import Making
from voting_site.backup.manifest import Manifest, Unreadable
from voting_site.backup.sealed_files import (
    Damaged,
    place,
    read_identities,
    read_recipients,
    read_sealed,
    read_whole,
    write_sealed,
)
from voting_site.backup.segments import name_segment, write_segments
from voting_site.backup.series import Series
from voting_site.backup.volumes import Volumes, restore_into
from voting_site.backup.wal_stream import Interrupted
from voting_site.local.data_folder import DataFolder, Unusable
from voting_site.local.restoring import put_indexes_in_order, restore

from .processes import DEADLINE, MANAGE, fresh_environment, wait_until

IDENTITY = pyrage.x25519.Identity.generate()
RECIPIENTS = [IDENTITY.to_public()]
SEGMENT = 1 << 20


def silently(_: str) -> None:
    """Tell nobody how far a restore is."""


def tree(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


class TestSealedFiles:
    @pytest.mark.parametrize("recipients", [[], RECIPIENTS])
    @pytest.mark.parametrize("size", [0, 1, 3_000_000])
    def test_are_read_as_they_were_written(self, tmp_path, recipients, size):
        data = random.Random(1).randbytes(size)
        written = write_sealed(tmp_path, "x", io.BytesIO(data), recipients)
        file = tmp_path / written.name
        assert read_whole(file, [IDENTITY]) == data
        assert file.stat().st_size == written.size
        assert file.stat().st_mode & 0o777 == 0o600

    def test_hold_nothing_in_plain_text_if_they_are_encrypted(self, tmp_path):
        written = write_sealed(tmp_path, "x", io.BytesIO(b"q1=nesquik" * 3), RECIPIENTS)
        found = (tmp_path / written.name).read_bytes()
        assert found.startswith(b"age-encryption.org/v1")
        assert b"nesquik" not in found
        assert [one.name for one in tmp_path.iterdir()] == ["x.gz.age"]

    @pytest.mark.parametrize("recipients", [[], RECIPIENTS])
    @pytest.mark.parametrize("harm", [lambda data: data[:-20], lambda data: data[:900] + b"zz" + data[902:], bytes])
    def test_are_damaged_if_they_were_cut_or_changed(self, tmp_path, recipients, harm):
        written = write_sealed(tmp_path, "x", io.BytesIO(random.Random(1).randbytes(200_000)), recipients)
        file = tmp_path / written.name
        file.write_bytes(harm(file.read_bytes()) if harm is not bytes else b"")
        with pytest.raises(Damaged, match="is damaged"):
            read_whole(file, [IDENTITY])

    @pytest.mark.parametrize("others", [[], [pyrage.x25519.Identity.generate()]])
    def test_want_the_right_key(self, tmp_path, others):
        written = write_sealed(tmp_path, "x", io.BytesIO(b"x"), RECIPIENTS)
        with pytest.raises(Unusable, match="--identity"):
            read_whole(tmp_path / written.name, others)

    @pytest.mark.parametrize("recipients", [[], RECIPIENTS])
    def test_are_whole_or_absent(self, tmp_path, recipients):
        class Breaking:
            pieces = iter([b"x" * 100])

            def read(self, size: int) -> bytes:
                try:
                    return next(self.pieces)
                except StopIteration:
                    raise OSError("no more") from None

        Breaking.pieces = iter([b"x" * 100])
        with pytest.raises(OSError, match="no more"):
            write_sealed(tmp_path, "x", Breaking(), recipients)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("recipients", [[], RECIPIENTS])
    def test_pass_on_what_the_reader_of_them_raises(self, tmp_path, recipients):
        written = write_sealed(tmp_path, "x", io.BytesIO(b"x" * 100), recipients)

        def refuse(_: bytes) -> None:
            raise BrokenPipeError

        with pytest.raises(BrokenPipeError):
            read_sealed(tmp_path / written.name, [IDENTITY], refuse)

    def test_have_keys_as_age_writes_them(self, tmp_path):
        file = tmp_path / "key"
        file.write_text(f"# created: 2026-11-29\n# public key: {RECIPIENTS[0]}\n{IDENTITY}\n")
        assert [str(one.to_public()) for one in read_identities(file)] == [str(RECIPIENTS[0])]
        assert [str(one) for one in read_recipients([str(RECIPIENTS[0])])] == [str(RECIPIENTS[0])]
        for text in ("age1nonsense", ""):
            with pytest.raises(Unusable, match="--recipient"):
                read_recipients([text])
        file.write_text("nonsense")
        for unreadable in (file, tmp_path / "missing"):
            with pytest.raises(Unusable, match="--identity"):
                read_identities(unreadable)


class TestSegments:
    @pytest.mark.parametrize("seed", range(8))
    def test_are_what_was_received_from_the_base_on(self, tmp_path, seed):
        chance = random.Random(seed)
        data = chance.randbytes(SEGMENT * 3 + 12345)
        begin = 5 * SEGMENT - 777
        cuts = sorted({0, len(data), *(chance.randrange(len(data)) for _ in range(9))})
        pieces = []
        for number, (start, end) in enumerate(itertools.pairwise(cuts)):
            # A piece that was merged may begin long before the end of the one before.
            early = max(0, start - chance.choice([0, 5000]))
            written = write_sealed(tmp_path, f"{number:02}", io.BytesIO(data[early:end]), RECIPIENTS * (number % 2))
            pieces.append(Piece(begin + early, begin + end, tmp_path / written.name))
        folder = tmp_path / "out"
        told: list[int] = []
        write_segments(
            pieces, folder, first=5 * SEGMENT, timeline=3, size=SEGMENT, identities=[IDENTITY], told=told.append
        )
        found = sorted(folder.iterdir())
        assert [one.name for one in found] == [name_segment(3, (5 + n) * SEGMENT, SEGMENT) for n in range(len(found))]
        whole = b"".join(one.read_bytes() for one in found)
        assert whole[: len(data) - 777] == data[777:]
        assert not whole[len(data) - 777 :].strip(b"\0")
        assert told[-1] == begin + len(data)

    @pytest.mark.parametrize(
        ("place", "size", "name"),
        [
            (0x2000028, 16 << 20, "000000010000000000000002"),
            (0x1_FF000000, 16 << 20, "0000000100000001000000FF"),
            (0x2_00000000, 16 << 20, "000000010000000200000000"),
            (0x2_00000000, 1 << 30, "000000010000000200000000"),
        ],
    )
    def test_have_the_names_that_postgresql_gives_them(self, place, size, name):
        assert name_segment(1, place, size) == name

    def test_are_refused_if_a_piece_holds_something_else(self, tmp_path):
        written = write_sealed(tmp_path, "x", io.BytesIO(b"x" * 9), [])
        piece = Piece(0, 10, tmp_path / written.name)
        with pytest.raises(Damaged, match="does not hold"):
            write_segments(
                [piece], tmp_path / "o", first=0, timeline=1, size=SEGMENT, identities=[], told=lambda _: None
            )


class TestBoxCopy:
    def test_sees_each_ballot_once_and_says_which_is_the_first_that_waits(self, make_election, cast):
        election = make_election()
        [key] = [ballot_box.key(election.pk, 0, "ballots")]
        copy = BoxCopy()
        assert copy.look(0) == ([], {key: None})
        cast(election, "ana", "nesquik")
        look = copy.look(1)
        assert [one.fields["marking"] for one in look.new] == ["q1=nesquik"]
        first = look.first[key]
        cast(election, "bea", "cola-cao")
        look = copy.look(1)
        assert [one.fields["marking"] for one in look.new] == ["q1=cola-cao"]
        assert look.first[key] == first
        drain_all()
        assert copy.look(1) == ([], {key: None})

    def test_sees_an_election_that_is_new_within_seconds(self, make_election, cast):
        copy = BoxCopy()
        make_election("one")
        copy.look(0)
        cast(make_election("two"), "ana", "nesquik")
        assert copy.look(1).new == []
        assert len(copy.look(2).new) == 1

    def test_begins_anew_with_another_epoch(self, make_election, cast, redis):
        election = make_election()
        copy = BoxCopy()
        key = ballot_box.key(election.pk, 0, "ballots")
        copy._seen[key] = "99999999999999-0"
        copy._epoch = "older"
        cast(election, "ana", "nesquik")
        assert len(copy.look(0).new) == 1

    def test_says_that_there_is_no_box(self, redis):
        with pytest.raises(Unavailable):
            BoxCopy().look(0)

    @pytest.mark.usefixtures("unreachable_redis")
    def test_says_that_it_cannot_be_reached(self):
        for read in (lambda: BoxCopy().look(0), read_heads):
            with pytest.raises(Unavailable):
                read()

    @pytest.mark.large
    def test_is_what_a_server_starts_with(self, mortal: Callable[[], Any], tmp_path):
        odd = {bytes(range(256)).decode("latin-1"): "\r\n$3\r\n", "marking": "q1=ñ"}
        waiting = [
            Waiting("urna:{1:0}:ballots", "12-10", {"marking": "second"}),
            Waiting("urna:{1:0}:ballots", "12-9", odd),
            Waiting("urna:{1:0}:ballots", "12-9", odd),
        ]
        valkey, life = mortal()
        life.terminate()
        life.wait(30)
        files = valkey.data / "appendonlydir"
        for file in files.iterdir():
            file.unlink()
        for name, data in write_append_only_file(waiting, {"a+b": "head\n"}).items():
            (files / name).write_bytes(data)
            os.chown(files / name, files.stat().st_uid, files.stat().st_gid)
        mortal()
        client = Redis.from_url(valkey.url)
        found = client.xrange("urna:{1:0}:ballots")
        assert [entry for entry, _ in found] == [b"12-9", b"12-10"]
        assert found[0][1] == {name.encode("latin-1"): value.encode("latin-1") for name, value in odd.items()}
        assert client.hgetall(HEADS) == {b"a+b": b"head\n"}
        assert client.get(ballot_box.EPOCH) is None
        client.close()


@pytest.fixture
def archive(tmp_path) -> Archive:
    made = Archive(tmp_path / "archive")
    made.create()
    return made


def make_manifest(name: str = "b1", **changes: Any) -> Manifest:
    """Make the manifest of a backup whose base ends within the third segment."""
    values: dict[str, Any] = {
        "name": name, "installation": "7", "release": "0.1.0", "migrations": [], "postgres": 18, "timeline": 1,
        "segment_size": SEGMENT, "start": 2 * SEGMENT + 40, "stop": 2 * SEGMENT + 300, "series": "s1", "expanded": 1000,
        "begun_at": "2026-11-29T20:00:00+00:00", "ended_at": "2026-11-29T20:01:00+00:00", "encrypted": False,
    }  # fmt: skip
    return Manifest(**values | changes)


def add_backup(archive: Archive, name: str = "b1", **changes: Any) -> Manifest:
    made = make_manifest(name, **changes)
    (archive.backups / name).mkdir()
    (archive.backups / name / "manifest.json").write_text(made.to_json())
    (archive.log / made.series / "wal").mkdir(parents=True, exist_ok=True)
    (archive.log / made.series / "box").mkdir(parents=True, exist_ok=True)
    return made


def add_piece(archive: Archive, start: int, end: int, series: str = "s1") -> Path:
    folder = archive.log / series / "wal"
    return with_hash(folder, write_sealed(folder, name_piece(start, end), io.BytesIO(b"x" * (end - start)), []))


class TestPlan:
    @pytest.fixture
    def begun(self, archive):
        add_backup(archive)
        add_piece(archive, SEGMENT, 2 * SEGMENT + 10)
        return add_piece(archive, 2 * SEGMENT + 10, 2 * SEGMENT + 500)

    def test_is_of_the_newest_backup_with_all_that_came_since(self, archive, begun):
        add_backup(archive, "b0", series="s0")
        last = add_piece(archive, 2 * SEGMENT + 500, 2 * SEGMENT + 900)
        plan = archive.plan()
        assert (plan.manifest.name, plan.end) == ("b1", 2 * SEGMENT + 900)
        assert [one.file for one in plan.pieces][1:] == [begun, last]
        assert archive.plan("b0").pieces == []

    def test_takes_a_large_piece_in_place_of_the_small_ones(self, archive, begun):
        add_piece(archive, 2 * SEGMENT + 500, 2 * SEGMENT + 600)
        large = add_piece(archive, 2 * SEGMENT + 500, 2 * SEGMENT + 900)
        assert archive.plan().pieces[-1].file == large
        assert len(archive.plan().pieces) == 3

    def test_is_refused_if_a_piece_in_the_middle_is_missing(self, archive, begun):
        add_piece(archive, 2 * SEGMENT + 600, 2 * SEGMENT + 900)
        with pytest.raises(Unusable, match="a piece of what was saved after the backup b1 is missing"):
            archive.plan()

    def test_is_refused_if_the_end_is_missing(self, archive, begun):
        write_tip(archive.log / "s1", Tip(2 * SEGMENT + 501, "2026-11-29T20:02:00+00:00"))
        with pytest.raises(Unusable, match="the end of what was saved after the backup b1 is missing"):
            archive.plan()
        write_tip(archive.log / "s1", Tip(2 * SEGMENT + 500, "2026-11-29T20:02:00+00:00"))
        assert archive.plan().until == "2026-11-29T20:02:00+00:00"

    @pytest.mark.parametrize(
        ("text", "reason"),
        [("{", "cannot be read"), ("[]", "cannot be read"), ('{"format": 2}', "newer release"), ('{"a": 1}', "read")],
    )
    def test_is_refused_with_a_manifest_of_no_use(self, archive, text, reason):
        add_backup(archive)
        (archive.backups / "b1" / "manifest.json").write_text(text)
        with pytest.raises(Unusable, match=reason):
            archive.plan()
        with pytest.raises(Unreadable):
            Manifest.from_json(text)

    def test_is_refused_without_a_backup(self, archive, tmp_path):
        (archive.backups / "unfinished").mkdir()
        with pytest.raises(Unusable, match="no complete backup"):
            archive.plan()
        add_backup(archive)
        with pytest.raises(Unusable, match="there are b1"):
            archive.plan("other")
        with pytest.raises(Unusable, match="no backup in"), Archive(tmp_path / "nothing").reading():
            pass


# Runs the rest of its arguments, which cannot write a file of more than 1 MB: too little for a base.
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.django_db
@pytest.mark.large
class TestFullDisk:
    def test_leaves_the_older_backup_whole(self, copied, servers, box):
        before = tree(copied.backups)
        command = [sys.executable, "-c", LIMITED, *MANAGE, "backup", str(copied.path)]
        environment = fresh_environment(**servers)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=DEADLINE)
        assert done.returncode == 1
        assert "No backup was made, and older ones are as they were" in done.stderr
        assert tree(copied.backups) == before
        plan = copied.plan()
        check(plan, [])
        assert plan.pieces


class TestKeeping:
    def test_removes_old_backups_and_what_only_they_need(self, archive):
        add_backup(archive, "b1", series="s0")
        add_backup(archive, "b2")
        add_backup(archive, "b3", start=4 * SEGMENT + 40, stop=4 * SEGMENT + 50)
        add_backup(archive, "b4", start=6 * SEGMENT + 40, stop=6 * SEGMENT + 50)
        for start in range(1, 8):
            add_piece(archive, start * SEGMENT, (start + 1) * SEGMENT)
        (archive.log / "now").mkdir()
        archive.keep_newest(2, current="now")
        assert archive.names() == ["b3", "b4"]
        assert sorted(one.name for one in archive.log.iterdir()) == ["now", "s1"]
        assert [one.start // SEGMENT for one in list_pieces(archive.log / "s1")] == [4, 5, 6, 7]
        assert archive.plan("b3").end == 8 * SEGMENT

    def test_waits_while_somebody_reads(self, archive):
        with archive.reading(), archive.removing() as may_remove:
            assert not may_remove
        with archive.removing() as may_remove:
            assert may_remove

    def test_is_for_one_process_at_once(self, archive):
        with archive.making(), pytest.raises(Unusable, match="another process makes backups"), archive.making():
            pass


class TestSeries:
    def test_makes_one_large_piece_of_many_small_ones(self, archive, monkeypatch):
        monkeypatch.setattr("voting_site.backup.series.LARGE", 100)
        series = Series(archive, [])
        data = bytes(range(60))
        series.add_wal(1000, data)
        assert len(list_pieces(series.folder)) == 1
        with archive.reading():
            series.add_wal(1060, data)
        assert len(list_pieces(series.folder)) == 2
        series.add_wal(1120, data)
        [piece] = list_pieces(series.folder)
        assert (piece.start, piece.end) == (1000, 1180)
        assert read_whole(piece.file, []) == data * 3

    def test_keeps_a_ballot_until_it_has_left_the_box(self, archive, make_election, cast):
        election = make_election()
        copy, series = BoxCopy(), Series(archive, RECIPIENTS)

        def files() -> list[Path]:
            return sorted((series.folder / "box").iterdir())

        cast(election, "ana", "nesquik")
        look = copy.look(0)
        series.add_waiting(look)
        series.drop_counted(look)
        [file] = files()
        assert [one.fields["marking"] for one in read_waiting(read_whole(file, [IDENTITY]))] == ["q1=nesquik"]
        look = copy.look(0)
        series.add_waiting(look)
        series.drop_counted(look)
        assert files() == [file]
        drain_all()
        cast(election, "bea", "cola-cao")
        look = copy.look(0)
        series.add_waiting(look)
        assert len(files()) == 2
        series.drop_counted(look)
        assert [file] != files()
        assert len(files()) == 1

    def test_writes_later_what_could_not_be_written(self, archive, make_election, cast, monkeypatch):
        election = make_election()
        copy, series = BoxCopy(), Series(archive, [])
        cast(election, "ana", "nesquik")
        with monkeypatch.context() as patch:
            patch.setattr("voting_site.backup.series.write_sealed", lambda *_: place(Path("/nowhere"), "x", print))
            with pytest.raises(OSError, match="nowhere"):
                series.add_waiting(copy.look(0))
        series.add_waiting(copy.look(0))
        [file] = (series.folder / "box").iterdir()
        assert len(read_waiting(read_whole(file, []))) == 1


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any) -> Archive:
    """One backup of the servers of the test run, with a box in which nothing is."""
    archive = Archive(tmp_path_factory.mktemp("made") / "archive")
    archive.create()
    # By a client of its own: that of the box may be out of reach in the test that comes first.
    with Redis.from_url(settings.REDIS_URL) as client, django_db_blocker.unblock():
        client.set(ballot_box.EPOCH, EPOCH)
        Making(archive, keep=3, every=None).run()
    connection.close()
    return archive


@pytest.fixture
def copied(made: Archive, tmp_path: Path) -> Archive:
    """A copy of that backup, which a test may harm."""
    subprocess.run(["cp", "-a", made.path, tmp_path / "copied"], check=True)
    return Archive(tmp_path / "copied")


# pytest-django makes a database only for tests that say so.
@pytest.mark.django_db
@pytest.mark.large
class TestRestore:
    """What a restore of the one backup does."""

    @pytest.fixture
    def data(self, tmp_path) -> DataFolder:
        """A data folder of another installation, in which something is."""
        folder = DataFolder(tmp_path / "data")
        folder.create()
        (folder.path / "postgres" / "global").mkdir(parents=True)
        (folder.path / "postgres" / "global" / "pg_control").write_bytes((12345).to_bytes(8, "little") + bytes(99))
        return folder

    def change(self, archive: Archive, **changes: Any) -> None:
        [name] = archive.names()
        manifest = replace(archive.manifest(name), **changes)
        (archive.backups / name / "manifest.json").write_text(manifest.to_json())

    def attempt(self, archive: Archive, data: DataFolder, **options: Any) -> None:
        plan = archive.plan()
        check(plan, [])
        restore(plan, data, [], **{"replace": True, "another": True, "told": silently} | options)

    def refused(self, archive: Archive, data: DataFolder, **options: Any) -> str:
        """Return why a restore is refused in one line, with nothing changed."""
        before = tree(data.path)
        with pytest.raises(Unusable) as refusal:
            self.attempt(archive, data, **options)
        after = tree(data.path)
        assert {name: after[name] for name in before} == before
        assert set(after) - set(before) <= {"lock"}
        assert not list(data.path.parent.glob("data.*"))
        assert "\n" not in str(refusal.value)
        return str(refusal.value)

    def test_is_of_what_the_servers_had(self, made):
        plan = made.plan()
        check(plan, [])
        assert plan.manifest.installation == installation_of(server_folder())
        assert set(plan.manifest.migrations) <= known_migrations()
        assert plan.pieces
        assert plan.end > plan.manifest.stop

    def test_goes_into_a_new_folder_and_keeps_what_was_there(self, made, data, tmp_path):
        plan = made.plan()
        before = tree(data.path)
        told: list[str] = []
        done = restore(plan, data, [], replace=True, another=True, told=told.append)
        assert done.before
        kept = tree(done.before)
        assert {name: kept[name] for name in before} == before
        assert installation_of(data.path / "postgres") == plan.manifest.installation
        assert not (data.path / "postgres" / "urna_wal").exists()
        assert not (data.path / "postgres" / "recovery.signal").exists()
        assert (data.path / "secret_key").stat().st_mode & 0o777 == 0o600
        assert told[0].startswith("PostgreSQL's base")
        # The same into a folder that is there, and in which nothing is.
        again = DataFolder(tmp_path / "again")
        again.create()
        assert restore(plan, again, [], replace=False, another=False, told=silently).before is None
        life = [(one.path / "postgres" / server.LIFE).read_text() for one in (data, again)]
        assert life[0] != life[1]

    def test_is_refused_for_a_backup_of_a_newer_release(self, copied, data):
        self.change(copied, migrations=["polls.9999_later"], release="9.0")
        assert "a newer release of Urna (9.0)" in self.refused(copied, data)

    @pytest.mark.parametrize("what", ["base", "contents"])
    def test_is_refused_for_one_that_was_cut_or_changed(self, copied, data, what):
        [name] = copied.names()
        file = copied.backups / name / copied.manifest(name).files[what].name
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
        assert "is missing, or was cut" in self.refused(copied, data)
        file.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
        assert "was changed after the backup" in self.refused(copied, data)
        file.unlink()
        assert "is missing, or was cut" in self.refused(copied, data)

    def test_is_refused_for_a_changed_piece(self, copied, data):
        file = copied.plan().pieces[-1].file
        whole = file.read_bytes()
        file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        assert "was changed after the backup" in self.refused(copied, data)

    def test_is_refused_over_another_installation(self, made, data):
        assert "is of 12345" in self.refused(made, data, another=False)

    def test_is_refused_over_anything_unless_that_is_to_be_replaced(self, made, data):
        assert "say --replace" in self.refused(made, data, replace=False)

    def test_is_refused_while_urna_runs(self, made, data):
        with data.ownership():
            assert f"process {os.getpid()} runs Urna" in self.refused(made, data)

    def test_is_refused_without_room(self, made, data, monkeypatch):
        monkeypatch.setattr("voting_site.backup.checking.MARGIN", 1 << 60)
        assert "make room there" in self.refused(made, data)
        with pytest.raises(Unusable, match="a restore takes"):
            refuse_without_room(made.plan(), data.path / "not" / "there")

    def test_changes_nothing_if_the_database_does_not_recover(self, copied, data, monkeypatch):
        def fail(*_: Any) -> None:
            raise psycopg2.OperationalError("no more")

        monkeypatch.setattr("voting_site.local.restoring._wait_for_recovery", fail)
        assert "nothing was restored" in self.refused(copied, data)

    def test_of_volumes_keeps_the_owners_and_what_was_there(self, made, tmp_path):
        volumes = Volumes(*(tmp_path / name for name in ("database", "box", "secrets")))
        for folder in (volumes.database, volumes.box, volumes.secrets):
            folder.mkdir()
            os.chown(folder, 70 if os.geteuid() == 0 else os.getuid(), -1)
        (volumes.box / "old").write_text("old")
        (volumes.secrets / "secret_key").write_text("old")
        plan = made.plan()
        options: dict[str, Any] = {"another": False, "told": silently}
        with pytest.raises(Unusable, match="say --replace"):
            restore_into(plan, volumes, [], aside=None, **options)
        (volumes.database / "postmaster.pid").touch()
        with pytest.raises(Unusable, match="PostgreSQL runs"):
            restore_into(plan, volumes, [], aside=tmp_path / "aside", **options)
        (volumes.database / "postmaster.pid").unlink()
        restore_into(plan, volumes, [], aside=tmp_path / "aside", **options)
        assert tree(tmp_path / "aside") == {"box/old": b"old"}
        assert (volumes.secrets / "secret_key.before").read_text() == "old"
        assert (volumes.database / "recovery.signal").exists()
        owners = {one.stat().st_uid for one in volumes.database.rglob("*")}
        assert owners == {volumes.database.stat().st_uid}
        assert (volumes.box / "appendonlydir" / "appendonly.aof.manifest").exists()
        # A new volume may be open to others, on which PostgreSQL does not start.
        assert volumes.database.stat().st_mode & 0o777 == 0o700


class TestIndexes:
    """Of a database whose text was sorted by another C library than the one that restores it."""

    @pytest.mark.parametrize("version", ["", "another"])
    def test_are_built_anew_if_their_order_is_another(self, transactional_db, version):
        execute("DROP DATABASE IF EXISTS urna_sorted")
        execute("CREATE DATABASE urna_sorted TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'")
        if version:
            execute(f"UPDATE pg_database SET datcollversion = '{version}' WHERE datname = 'urna_sorted'")
        told: list[str] = []
        with closing(psycopg2.connect(**server.parameters() | {"dbname": "urna_sorted"})) as other:
            other.autocommit = True
            cursor = other.cursor()
            cursor.execute("CREATE TABLE words (word text PRIMARY KEY)")
            files = []
            for _ in range(2):
                cursor.execute("SELECT pg_relation_filenode('words_pkey')")
                files.append(cursor.fetchone())
                put_indexes_in_order(cursor, told.append)
        assert (files[0] != files[1], len(told)) == (bool(version), 2 if version else 0)
        execute("DROP DATABASE urna_sorted")


def server_folder() -> Path:
    """Return the folder of the PostgreSQL of this test run."""
    with closing(server.connect()) as asked, asked.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        [(folder,)] = cursor.fetchall()
    return Path(folder)


def execute(statement: str) -> None:
    """Run a statement as somebody else."""
    with closing(psycopg2.connect(**server.parameters())) as other, other.cursor() as cursor:
        other.autocommit = True
        cursor.execute(statement)


class TestMaking:
    """What a run does when something goes wrong; the servers are those of the test run."""

    @pytest.fixture
    def run(self, archive, box, transactional_db: None) -> Iterator[Making]:
        made = Making(archive, keep=1, every=making.dt.timedelta(hours=1))
        made._ensure_stream()
        yield made
        made._drop_stream()

    def test_saves_the_ballots_before_the_log_and_the_heads_last(self, run, monkeypatch):
        order: list[str] = []
        for owner, name in (
            (run._box, "look"), (run._stream, "flushed"), (run._series, "add_wal"), (run._series, "set_tip"),
            (run._series, "drop_counted"),
        ):  # fmt: skip
            real = getattr(owner, name)
            monkeypatch.setattr(owner, name, lambda *a, real=real, name=name: (order.append(name), real(*a))[1])
        monkeypatch.setattr(making, "read_heads", lambda: order.append("heads") or {})
        execute("SELECT pg_logical_emit_message(true, 'test', 'x')")
        run.tick()
        assert order == ["look", "flushed", "add_wal", "heads", "set_tip", "drop_counted"]

    def test_has_all_that_was_committed_before_a_tick(self, run):
        execute("SELECT pg_logical_emit_message(true, 'test', 'a mark in the log')")
        run.tick()
        data = b"".join(read_whole(one.file, []) for one in list_pieces(run._series.folder))
        assert b"a mark in the log" in data

    def test_goes_on_with_the_series_after_the_connection_broke(self, run):
        run.tick()
        stream, series = run._stream, run._series
        execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'urna backup'")
        with pytest.raises(psycopg2.Error) as broken:
            wait_until(lambda: bool(run.tick()), "the end of the connection")
        run.stopping.set()
        run._note(broken.value)
        run._ensure_stream()
        run.tick()
        assert (run._stream, run._series) == (stream, series)
        pieces = list_pieces(series.folder)
        assert all(one.end == two.start for one, two in itertools.pairwise(pieces))

    def test_begins_anew_with_another_database(self, run):
        series = run._series
        run._stream.cluster = run._stream.cluster._replace(life="another")
        with pytest.raises(Interrupted, match="another database") as interrupted:
            run._stream.reconnect()
        run._note(interrupted.value)
        run._ensure_stream()
        assert run._series is not series

    def test_begins_anew_where_the_server_has_removed_what_comes_next(self, run):
        # The first segment of the cluster, which is gone since long, or never was there.
        run._stream.take()
        run._stream.start = 0x100
        run._stream.reconnect()
        with pytest.raises(Interrupted, match="already been removed"):
            wait_until(lambda: bool(run.tick()), "an error")
