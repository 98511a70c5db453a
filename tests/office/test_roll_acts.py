"""The acts on a roll, and the command that imports one."""

import csv
import io
import stat
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from office.acts import Cancel, NotDone, Publish
from office.models import LoggedAct
from office.retention_acts import DeleteRoll
from office.roll_acts import (
    ARRIVAL,
    AddEntry,
    ChangeEntry,
    CopyRoll,
    ImportRoll,
    ReissueAllCodes,
    ReissueCode,
    StrikeEntry,
)
from office.roll_files.records import Record
from office.soon_acts import OpenSoon
from polls import ballot_box
from polls.ballot_box import Verdict
from polls.models import Election, Roll, RollEntry
from polls.roll.lookup import find_voter
from tally.healing import keep_box
from tests.conftest import beside, open_now
from tests.polls.roll.people import define, vote

LATER = timezone.timedelta(hours=1)


@pytest.fixture
def draft(transactional_db: None, redis: Any) -> Election:
    """A draft with a roll, on which nobody is."""
    election = Election.objects.create(slug="drink", title="Drink?", eligibility="roll")
    made = election.contests.create(key="q1")
    for position, key in enumerate(("nesquik", "cola-cao")):
        made.options.create(key=key, label=key, position=position)
    return election


@pytest.fixture
def open_one(draft: Election) -> Election:
    """An election that has opened, with ana and eva on its roll."""
    for name in ("ana", "eva"):
        AddEntry(draft, {"name": name}).perform(by=None)
    Publish(draft).perform(by=None)
    keep_box()
    draft.refresh_from_db()
    return draft


def entry(name: str) -> RollEntry:
    return RollEntry.objects.select_related("election").get(name=name)


def people(number: int) -> list[Record]:
    return [Record(line, f"Voter {line}", member_number=str(line)) for line in range(2, number + 2)]


class TestImport:
    def test_puts_all_on_the_roll_and_hands_each_code_out_once(self, draft):
        handed: list[tuple[str, str]] = []
        number = ImportRoll(draft, people(3), take_code=lambda one, code: handed.append((one.name, code))).perform(
            by=None
        )
        assert number == 3
        assert [name for name, _code in handed] == ["Voter 2", "Voter 3", "Voter 4"]
        Publish(draft).perform(by=None)
        keep_box()
        found = [find_voter(define(draft), code) for _name, code in handed]
        assert [one.visitor for one in found if one] == ["roll:1", "roll:2", "roll:3"]

    def test_adds_to_the_roll_or_replaces_it_and_uses_no_number_again(self, draft):
        ImportRoll(draft, people(2)).perform(by=None)
        ImportRoll(draft, [Record(2, "bea")]).perform(by=None)
        assert RollEntry.objects.count() == 3
        ImportRoll(draft, people(1), replace=True).perform(by=None)
        assert [one.number for one in RollEntry.objects.all()] == [4]
        assert Roll.objects.get().since == Roll.objects.get().revision

    def test_of_somebody_who_is_there_already_imports_nobody(self, draft):
        ImportRoll(draft, people(1)).perform(by=None)
        with pytest.raises(NotDone, match="member number 2 would be on the roll twice"):
            ImportRoll(draft, [Record(2, "bea"), Record(3, "ana", member_number="2")]).perform(by=None)
        assert RollEntry.objects.count() == 1

    def test_of_a_list_without_voters_is_refused(self, draft):
        with pytest.raises(NotDone, match="no voter"):
            ImportRoll(draft, []).perform(by=None)
        assert not Roll.objects.exists()

    def test_is_refused_once_people_vote(self, open_one):
        with pytest.raises(NotDone, match="people vote already"):
            ImportRoll(open_one, people(1)).perform(by=None)

    def test_is_refused_for_an_open_election(self, make_election):
        with pytest.raises(NotDone, match="no roll"):
            ImportRoll(make_election(), people(1)).perform(by=None)

    def test_that_replaces_a_published_roll_leaves_no_old_code(self, draft):
        draft.opens_at = timezone.now() + LATER
        draft.save()
        old: list[str] = []
        ImportRoll(draft, people(1), take_code=lambda _one, code: old.append(code)).perform(by=None)
        Publish(draft).perform(by=None)
        keep_box()
        ImportRoll(draft, people(1), replace=True).perform(by=None)
        assert find_voter(define(draft), old[0]) is None


class TestImportBesideAnOpening:
    """A list takes a minute to be read, and meanwhile the election may open."""

    @pytest.fixture
    def scheduled(self, draft: Election) -> Election:
        """An election that opens in an hour, with ana on its roll."""
        draft.opens_at = timezone.now() + LATER
        draft.save()
        AddEntry(draft, {"name": "ana"}).perform(by=None)
        Publish(draft).perform(by=None)
        keep_box()
        return draft

    def opened_while_read(self, open_it: Callable[[], object]) -> Iterator[Record]:
        yield from people(3)
        beside(open_it).result(20)

    @pytest.mark.parametrize("replace", [True, False])
    def test_of_a_draft_by_its_publication_keeps_nothing_of_the_list(self, draft, replace):
        ana = AddEntry(draft, {"name": "ana"})
        ana.perform(by=None)
        before = Roll.objects.get().revision
        late = self.opened_while_read(lambda: Publish(Election.objects.get()).perform(by=None))
        with pytest.raises(NotDone, match="Not imported: people vote already"):
            ImportRoll(draft, late, replace=replace).perform(by=None)
        assert [one.name for one in RollEntry.objects.all()] == ["ana"]
        assert Roll.objects.get().revision == before
        keep_box()
        draft.refresh_from_db()
        assert find_voter(define(draft), ana.code)
        assert vote(draft, "ana").verdict is Verdict.ACCEPTED

    def test_of_a_scheduled_election_by_a_presenter_is_refused(self, scheduled):
        late = self.opened_while_read(lambda: OpenSoon(Election.objects.get(), 0).perform(by=None))
        with pytest.raises(NotDone, match="people vote already"):
            ImportRoll(scheduled, late, replace=True).perform(by=None)

    def test_by_the_clock_is_refused(self, scheduled):
        late = self.opened_while_read(lambda: open_now(scheduled))
        with pytest.raises(NotDone, match="people vote already"):
            ImportRoll(scheduled, late, replace=True).perform(by=None)

    def test_that_the_ballot_box_alone_knows_of_is_refused(self, scheduled, redis):
        # The opening was put off, and the box has not heard of it.
        past = int(time.time() * 1000) - 1
        late = self.opened_while_read(lambda: redis.hset(ballot_box.key(scheduled.pk, 0, "rules"), "opens", past))
        with pytest.raises(NotDone, match="people vote already"):
            ImportRoll(scheduled, late, replace=True).perform(by=None)

    def test_within_seconds_is_refused(self, scheduled):
        soon = timezone.now() + ARRIVAL
        late = self.opened_while_read(lambda: Election.objects.update(opens_at=soon))
        with pytest.raises(NotDone, match="opens within seconds"):
            ImportRoll(scheduled, late, replace=True).perform(by=None)

    def test_is_judged_by_the_database_where_the_box_is_out_of_reach(self, scheduled, unreachable_redis):
        assert ImportRoll(scheduled, people(3), replace=True).perform(by=None) == 3
        late = self.opened_while_read(lambda: Election.objects.update(opens_at=timezone.now()))
        with pytest.raises(NotDone, match="people vote already"):
            ImportRoll(scheduled, late, replace=True).perform(by=None)

    def test_by_a_cancellation_is_refused(self, scheduled):
        late = self.opened_while_read(lambda: Cancel(Election.objects.get(), "Too early.").perform(by=None))
        with pytest.raises(NotDone, match="the election is over"):
            ImportRoll(scheduled, late, replace=True).perform(by=None)

    def test_that_comes_at_its_end_waits_for_it(self, draft):
        AddEntry(draft, {"name": "ana"}).perform(by=None)
        with transaction.atomic():
            ImportRoll(draft, people(3), replace=True).perform(by=None)
            publication = beside(lambda: Publish(Election.objects.get()).perform(by=None))
            wait_for_a_lock()
            assert not publication.done()
        publication.result(20)
        keep_box()
        draft.refresh_from_db()
        assert draft.is_frozen(timezone.now())
        assert vote(draft, "Voter 2", issue=0).verdict is Verdict.ACCEPTED

    def test_that_is_not_committed_yet_is_waited_for(self, draft):
        AddEntry(draft, {"name": "ana"}).perform(by=None)
        with transaction.atomic():
            Publish(Election.objects.get()).perform(by=None)
            late = beside(lambda: ImportRoll(draft, people(3), replace=True).perform(by=None))
            wait_for_a_lock()
            assert not late.done()
        with pytest.raises(NotDone, match="people vote already"):
            late.result(20)

    def test_lets_a_roll_be_deleted_afterwards_and_not_meanwhile(self, scheduled, monkeypatch):
        monkeypatch.setattr("office.roll_lock.PATIENCE_MS", 100)

        def cancel_and_delete() -> None:
            Cancel(Election.objects.get(), "Too early.").perform(by=None)
            with pytest.raises(NotDone, match="a list is being imported"):
                DeleteRoll(Election.objects.get()).perform(by=None)

        with pytest.raises(NotDone, match="the election is over"):
            ImportRoll(scheduled, self.opened_while_read(cancel_and_delete), replace=True).perform(by=None)
        assert DeleteRoll(Election.objects.get()).perform(by=None) == 1

    def test_holds_for_acts_that_need_a_reason_from_then_on(self, open_one, monkeypatch):
        tea = Election.objects.create(
            slug="tea", title="Tea?", eligibility="roll", state="published", opens_at=timezone.now() + LATER
        )
        alter = CopyRoll.alter

        def alter_late(act: CopyRoll, roll: Roll) -> int:
            beside(lambda: Election.objects.filter(pk=tea.pk).update(opens_at=timezone.now())).result(20)
            return alter(act, roll)

        monkeypatch.setattr(CopyRoll, "alter", alter_late)
        with pytest.raises(NotDone, match="needs a reason"):
            CopyRoll(tea, open_one).perform(by=None)
        assert not tea.roll.exists()


def wait_for_a_lock() -> None:
    """Wait until another connection waits for a lock."""
    end = time.monotonic() + 20
    with connection.cursor() as cursor:
        while time.monotonic() < end:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone() != (0,):
                return
            time.sleep(0.05)
    pytest.fail("nobody waits")


class TestActs:
    def test_need_a_reason_once_people_vote_and_log_it(self, open_one):
        with pytest.raises(NotDone, match="needs a reason"):
            StrikeEntry(entry("ana")).perform(by=None)
        StrikeEntry(entry("ana"), reason="Has left.").perform(by=None)
        act = LoggedAct.objects.first()
        assert act is not None
        assert act.changes == {"entry 1": [None, "struck"], "reason": [None, "Has left."]}
        assert vote(open_one, "ana").verdict is Verdict.NOT_ELIGIBLE

    def test_add_somebody_while_people_vote(self, open_one):
        act = AddEntry(open_one, {"name": "bea", "weight": 3, "groups": [" B ", "A", "B"]}, reason="Was forgotten.")
        added = act.perform(by=None)
        assert added.groups == ["A", "B"]
        assert find_voter(define(open_one), act.code)
        assert vote(open_one, "bea").verdict is Verdict.ACCEPTED

    @pytest.mark.parametrize(
        "values",
        [{}, {"name": "bea", "weight": 0}, {"name": "bea", "weight": -1}, {"name": "bea", "weight": 1.5},
         {"name": "bea", "email": "nobody"}, {"name": "bea", "groups": ["a|b"]}, {"name": "bea", "groups": ["a\0"]},
         {"name": "b" * 201}],
    )  # fmt: skip
    def test_refuse_what_no_voter_can_have(self, draft, values):
        with pytest.raises(ValidationError):
            AddEntry(draft, values).perform(by=None)
        assert not RollEntry.objects.exists()

    def test_change_groups_and_weight_of_one(self, open_one, redis):
        changed = ChangeEntry(entry("ana"), {"groups": ["Board"], "weight": 5}, reason="As by the statutes.")
        changed.perform(by=None)
        assert b"1 5 Board" in redis.hvals(ballot_box.key(open_one.pk, 0, "roll"))
        act = LoggedAct.objects.first()
        assert act is not None
        assert act.changes["entry 1"] == ["groups, weight 1", "groups, weight 5"]

    def test_give_one_a_new_code_for_the_same_voter(self, open_one):
        vote(open_one, "ana")
        act = ReissueCode(entry("ana"), reason="Card lost.")
        code = act.perform(by=None)
        voter = find_voter(define(open_one), code)
        assert voter is not None
        assert (voter.visitor, voter.issue) == ("roll:1", 2)
        assert vote(open_one, "ana", issue=1).verdict is Verdict.NOT_ELIGIBLE
        assert vote(open_one, "ana", issue=2).verdict is Verdict.ACCEPTED
        assert code not in str(LoggedAct.objects.values_list("changes"))

    def test_give_all_new_codes(self, open_one):
        handed: dict[str, str] = {}
        number = ReissueAllCodes(
            open_one, lambda one, code: handed.update({one.name: code}), reason="The list was lost."
        ).perform(by=None)
        assert number == 2
        assert [find_voter(define(open_one), handed[name]) is not None for name in ("ana", "eva")] == [True, True]
        assert entry("ana").issue == 2

    def test_on_somebody_who_was_struck_are_refused(self, open_one):
        StrikeEntry(entry("ana"), reason="Has left.").perform(by=None)
        with pytest.raises(NotDone, match="struck"):
            ReissueCode(entry("ana"), reason="Card lost.").perform(by=None)

    def test_are_refused_after_the_close(self, open_one):
        call_command("close_election", "drink")
        open_one.refresh_from_db()
        with pytest.raises(NotDone, match="is over"):
            AddEntry(open_one, {"name": "bea"}, reason="Too late.").perform(by=None)

    def test_are_for_those_who_may_write(self, draft, django_user_model):
        stranger = django_user_model.objects.create_user("stranger", is_staff=True)
        with pytest.raises(PermissionDenied):
            AddEntry(draft, {"name": "bea"}).perform(by=stranger)

    def test_copy_a_roll_without_codes_and_without_who_was_struck(self, open_one):
        StrikeEntry(entry("ana"), reason="Has left.").perform(by=None)
        tea = Election.objects.create(slug="tea", title="Tea?", eligibility="roll")
        assert CopyRoll(tea, open_one).perform(by=None) == 1
        [copied] = RollEntry.objects.filter(election=tea)
        assert (copied.name, copied.code_hash, copied.issue, copied.number) == ("eva", "", 0, 1)


class TestPublishing:
    def test_with_an_empty_roll_is_refused(self, draft):
        with pytest.raises(NotDone, match="roll is empty"):
            Publish(draft).perform(by=None)

    def test_with_a_question_for_nobody_is_refused(self, draft):
        AddEntry(draft, {"name": "ana", "groups": ["Board"]}).perform(by=None)
        draft.contests.update(groups=["Bored"])
        with pytest.raises(NotDone, match="“Bored”, and nobody"):
            Publish(draft).perform(by=None)

    def test_of_groups_without_a_roll_is_refused(self, draft):
        draft.eligibility = "open"
        draft.save()
        draft.contests.update(groups=["Board"])
        with pytest.raises(ValidationError, match="needs a roll"):
            Publish(draft).perform(by=None)


class TestCommand:
    HEAD = "name,group,weight,e-mail,member number\n"

    def run(self, draft: Election, content: str, *options: str, tmp_path: Any, encoding: str = "utf-8") -> str:
        file, told = tmp_path / "list.csv", io.StringIO()
        file.write_text(content, encoding=encoding)
        call_command("import_roll", draft.slug, str(file), *options, stdout=told)
        return told.getvalue()

    def test_imports_a_list_and_writes_the_codes_for_its_owner_alone(self, draft, tmp_path):
        out = tmp_path / "codes.csv"
        content = self.HEAD + "Ana,Board;Old,2,ana@example.org,17\n=1+1,,,,\n"
        assert "2 voters" in self.run(draft, content, "--codes", str(out), tmp_path=tmp_path, encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(out.read_text())))
        assert [row["name"] for row in rows] == ["Ana", "'=1+1"]
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
        ana = entry("Ana")
        assert (ana.groups, ana.weight, ana.email, ana.member_number) == (["Board", "Old"], 2, "ana@example.org", "17")
        Publish(draft).perform(by=None)
        keep_box()
        assert find_voter(define(draft), rows[1]["code"])

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ("Eva,,0,,", "Line 3: "), ("Eva,,-1,,", "Line 3: "), ("Eva,,1.5,,", "Line 3: "),
            ("Eva,,9999999999999,,", "Line 3: "), ("Eva,,,nobody,", "Line 3: "), ("Eva,,,,17", r"Line 3: .* line 2"),
            ("Eva,,", "Line 3: "), ("Eva,,,,,x", "Line 3: "),
            (f"{'E' * 300},,,,", "Line 3: "), (",Board,,,", "Line 3: "),
        ],
    )  # fmt: skip
    def test_names_the_line_that_is_wrong_and_imports_nobody(self, draft, tmp_path, line, reason):
        out = tmp_path / "codes.csv"
        with pytest.raises(CommandError, match=reason):
            self.run(draft, f"{self.HEAD}Ana,,,,17\n{line}\n", "--codes", str(out), tmp_path=tmp_path)
        assert not RollEntry.objects.exists()
        assert not out.exists()

    def test_overwrites_no_file_and_no_roll(self, draft, tmp_path):
        out = tmp_path / "codes.csv"
        out.write_text("precious")
        with pytest.raises(CommandError, match="Nothing was imported"):
            self.run(draft, self.HEAD + "Ana,,,,\n", "--codes", str(out), tmp_path=tmp_path)
        assert out.read_text() == "precious"
        self.run(draft, self.HEAD + "Ana,,,,\n", tmp_path=tmp_path)
        with pytest.raises(CommandError, match="--add or --replace"):
            self.run(draft, self.HEAD + "Eva,,,,\n", tmp_path=tmp_path)
        self.run(draft, self.HEAD + "Eva,,,,\n", "--add", tmp_path=tmp_path)
        assert RollEntry.objects.count() == 2

    @pytest.mark.parametrize("content", ["", "name\n"])
    def test_refuses_another_file(self, draft, tmp_path, content):
        with pytest.raises(CommandError, match="Nothing was imported"):
            self.run(draft, content, tmp_path=tmp_path)

    def test_reads_what_spreadsheets_write(self, draft, tmp_path):
        content = "Nombre;Grupo;Votos\nMuñoz;Junta;2\n"
        self.run(draft, content, tmp_path=tmp_path, encoding="latin-1")
        assert (entry("Muñoz").groups, entry("Muñoz").weight) == (["Junta"], 2)

    def test_tells_of_ten_wrong_lines_and_counts_the_rest(self, draft, tmp_path):
        content = self.HEAD + "".join(f"Voter {number},,0,,\n" for number in range(15))
        with pytest.raises(CommandError, match=r"Line 11: .*And 5 more"):
            self.run(draft, content, tmp_path=tmp_path)

    @pytest.mark.full
    @pytest.mark.long
    def test_imports_a_hundred_thousand_within_a_minute(self, draft, tmp_path, tell):
        content = self.HEAD + "".join(f"Voter {n},Board,1,v{n}@example.org,{n}\n" for n in range(100_000))
        started = time.monotonic()
        self.run(draft, content, "--codes", str(tmp_path / "codes.csv"), tmp_path=tmp_path)
        seconds = time.monotonic() - started
        tell(f"import of 100,000 entries with codes: {seconds:.1f} s")
        assert seconds < 60
