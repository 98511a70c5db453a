"""The tree of a record, in any number of batches of any size."""

import secrets

import pytest
from django.db import IntegrityError, transaction

from polls.models import Election
from record import logs, sequencer
from record.formats.tree import leaf_hash
from record.models import Batch, Log, Tile

from .whole import check_tiles, read_entries, read_head

pytestmark = pytest.mark.urls("voting_site.urls.result")


@pytest.fixture
def drink(make_election) -> Election:
    drink: Election = make_election()
    logs.begin(drink.pk, drink.slug)
    drink.refresh_from_db()
    return drink


def add(election: Election, number: int) -> None:
    """Let a batch of so many entries wait for its place."""
    version = Batch.objects.count() + 1
    commitments = secrets.token_bytes(32 * number)
    Batch.objects.create(election=election, shard=0, version=version, design=election.in_force, commitments=commitments)


@pytest.mark.parametrize(
    "batches",
    [
        (1,), (255,), (256,), (257,), (1, 1, 1), (100, 156), (100, 157, 300), (255, 1, 255, 1), (512, 1, 511),
        (1000, 7, 3000, 256, 1),
    ],
)  # fmt: skip
def test_a_tree_is_that_of_its_entries_however_they_came(drink, batches):
    for number in batches:
        add(drink, number)
        sequencer.sequence(drink.pk)
        head = read_head("drink")
    assert head.size == sum(batches)
    check_tiles("drink", [leaf_hash(entry) for entry in read_entries("drink", head.size)])


def test_batches_that_waited_together_follow_each_other(drink, monkeypatch):
    monkeypatch.setattr(sequencer, "MOST_BYTES", 32 * 10)
    for number in (6, 4, 1, 25, 3):
        add(drink, number)
    sequencer.sequence(drink.pk)
    assert [*Batch.objects.order_by("pk").values_list("first", flat=True)] == [0, 6, 10, 11, 36]
    check_tiles("drink", [leaf_hash(entry) for entry in read_entries("drink", 39)])


def test_a_tree_with_tiles_of_three_levels(drink):
    for number in (40_000, 25_535, 2, 300):
        add(drink, number)
    sequencer.sequence(drink.pk)
    assert {*Tile.objects.values_list("level", flat=True)} == {1, 2}
    check_tiles("drink", [leaf_hash(entry) for entry in read_entries("drink", 65_837)])


def test_a_place_is_given_once(drink):
    add(drink, 2)
    add(drink, 2)
    sequencer.sequence(drink.pk)
    with pytest.raises(IntegrityError, match="record_batch_once_per_place"), transaction.atomic():
        Batch.objects.filter(first=2).update(first=0)


def test_nothing_is_signed_anew_where_nothing_waits(drink):
    add(drink, 1)
    sequencer.sequence(drink.pk)
    signed_at = Log.objects.get().signed_at
    sequencer.sequence(drink.pk)
    assert Log.objects.get().signed_at == signed_at


def test_a_transaction_that_is_rolled_back_leaves_the_tree_as_it_was(drink, monkeypatch):
    add(drink, 300)
    sequencer.sequence(drink.pk)
    before = read_head("drink")
    add(drink, 300)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sequencer, "sign", fail)
        with pytest.raises(KeyboardInterrupt):
            sequencer.sequence(drink.pk)
    assert read_head("drink") == before
    sequencer.sequence(drink.pk)
    check_tiles("drink", [leaf_hash(entry) for entry in read_entries("drink", 600)])
