"""How many witnesses have cosigned the last head, and that a result waits for as many as its election requires."""

from typing import Any

import pytest

from office.witness_acts import RequireWitnesses
from polls.life import State
from polls.models import Election
from record import recorder
from record.models import Cosignature, Log, Witness
from record.quorum import explain_missing, read_quorum
from tally import certification
from tally.models import Certification, CertifiedResult
from tests.results.test_receipt_page import cosign
from tests.tally.test_certification import certified, finish


@pytest.fixture
def drink(make_election: Any, cast: Any) -> Election:
    """A final election with a whole record."""
    made: Election = make_election()
    recorder.keep_logs()
    cast(made, "ana", "nesquik")
    finish(made)
    recorder.keep_logs()
    return made


def require(election: Election, number: int) -> None:
    RequireWitnesses(election, number).perform(by=None)
    election.refresh_from_db()


def add(election: Election, name: str, problem: str = "") -> None:
    Witness.objects.create(
        election=election, name=name, verifier_key=name, address="http://127.0.0.1:9", problem=problem
    )


class TestQuorum:
    def test_counts_those_who_have_cosigned_just_this_head(self, drink):
        cosign("drink", "w1.example")
        cosign("drink", "w2.example")
        add(drink, "w3.example")
        Cosignature.objects.filter(witness__name="w2.example").update(size=0)
        quorum = read_quorum(Log.objects.get(), 2)
        assert [one.name for one in quorum.standings if one.counts] == ["w1.example"]
        assert [one.name for one in quorum.standings] == ["w1.example", "w2.example", "w3.example"]
        assert quorum.standings[0].cosigned_at.year == 2023
        assert (quorum.cosigned, quorum.is_met) == (1, False)

    def test_does_not_count_who_contradicts(self, drink):
        cosign("drink", "w1.example")
        require(drink, 1)
        assert explain_missing(drink) == []
        Witness.objects.update(contradicts=True, problem="it has cosigned another record")
        assert not read_quorum(Log.objects.get(), 1).is_met
        said = explain_missing(drink)
        assert said[1] == "w1.example contradicts the record: it has cosigned another record"

    def test_does_not_count_a_cosignature_of_another_head_of_this_size(self, drink):
        cosign("drink", "w1.example")
        log = Log.objects.get()
        origin, size, _root, *rest = log.checkpoint.split("\n")
        log.checkpoint = "\n".join([origin, size, "A" * 43 + "=", *rest])
        assert read_quorum(log, 1).cosigned == 0

    def test_of_none_is_met_by_nobody(self, drink):
        assert read_quorum(Log.objects.get(), 0).is_met
        assert explain_missing(drink) == []


class TestCertification:
    def test_waits_for_the_witnesses_that_are_required(self, drink):
        cosign("drink", "w1.example")
        add(drink, "w2.example", "it cannot be reached: refused")
        add(drink, "w3.example")
        require(drink, 2)
        row = certified(drink)
        assert (row.step, row.problem) == (Certification.Step.REFUSED, Certification.Problem.WITNESSES)
        assert row.details == [
            "cosigned the last head: 1, required: 2",
            "w2.example has not cosigned the last head: it cannot be reached: refused",
            "w3.example has not cosigned the last head: it is asked each second, look again in a moment",
        ]
        assert drink.state == State.FINAL
        Witness.objects.filter(name="w2.example").delete()
        cosign("drink", "w2.example")
        assert certified(drink, step=Certification.Step.ASKED).step == Certification.Step.DONE

    def test_does_without_once_fewer_are_required(self, drink):
        add(drink, "w1.example")
        require(drink, 1)
        assert certified(drink).problem == Certification.Problem.WITNESSES
        require(drink, 0)
        assert certified(drink, step=Certification.Step.ASKED).step == Certification.Step.DONE

    def test_looks_once_more_behind_the_lock(self, drink, monkeypatch):
        """Somebody requires a witness while the ballots are counted again."""
        add(drink, "w1.example")
        recount = certification.recount

        def slow(*given: Any) -> Any:
            RequireWitnesses(drink, 1).perform(by=None)
            return recount(*given)

        monkeypatch.setattr(certification, "recount", slow)
        assert certified(drink).problem == Certification.Problem.WITNESSES
        assert drink.state == State.FINAL
        assert not CertifiedResult.objects.exists()

    def test_with_a_quorum_waits_for_a_record(self, make_election, cast):
        tea = make_election("tea")
        add(tea, "w1.example")
        require(tea, 1)
        assert explain_missing(tea) == ["the record has not begun yet"]
