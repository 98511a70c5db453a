"""What Prometheus is told of the records."""

import pytest
from django.db import OperationalError
from prometheus_client import CollectorRegistry

from record import exporter, recorder
from record.exporter import Records
from record.models import Log, Witness
from tally.drain import drain_all
from tally.lifecycle import turn_phases


@pytest.fixture
def registry() -> CollectorRegistry:
    found = CollectorRegistry()
    found.register(Records())
    return found


def counted(make_election, cast, monkeypatch, **fields):
    """Make an election of which two ballots have a place in the record and one has not."""
    election = make_election(**fields)
    turn_phases()
    recorder.keep_logs()
    for voter in ("ana", "eva"):
        cast(election, voter, "nesquik")
    drain_all()
    recorder.keep_logs()
    monkeypatch.setattr(recorder.sequencer, "sequence", lambda _: None)
    cast(election, "leo", "nesquik")
    drain_all()
    return election


class TestRecords:
    def test_tell_how_many_entries_have_a_place_and_how_many_wait(self, registry, make_election, cast, monkeypatch):
        counted(make_election, cast, monkeypatch)
        label = {"election": "drink"}
        assert registry.get_sample_value("urna_record_entries", label) == 2
        assert registry.get_sample_value("urna_record_waiting_entries", label) == 1

    def test_tell_nothing_of_an_election_that_hides_its_ballots(self, registry, make_election, cast, monkeypatch):
        counted(make_election, cast, monkeypatch, shows="hidden")
        assert Log.objects.exists()
        assert registry.get_sample_value("urna_record_entries", {"election": "drink"}) is None
        assert registry.get_sample_value("urna_record_waiting_entries", {"election": "drink"}) is None

    def test_tell_which_witnesses_follow(self, registry, make_election, cast, monkeypatch):
        drink = counted(make_election, cast, monkeypatch)
        for name, size, contradicts in (("a", 2, False), ("b", 2, False), ("c", 1, False), ("d", 2, True)):
            Witness.objects.create(
                election=drink, name=name, verifier_key=name, address="http://127.0.0.1:9", size=size,
                contradicts=contradicts,
            )  # fmt: skip
        states = ("cosigned", "behind", "contradicts")
        found = [registry.get_sample_value("urna_record_witnesses", {"election": "drink", "state": s}) for s in states]
        assert found == [2, 1, 1]

    def test_go_on_without_the_database(self, registry, make_election, monkeypatch):
        make_election()

        def fail() -> None:
            raise OperationalError

        monkeypatch.setattr(exporter, "_read", fail)
        assert registry.get_sample_value("urna_record_entries", {"election": "drink"}) is None
