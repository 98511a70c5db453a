"""The commands that add, remove, require and show witnesses of a record; each change has its line in the log."""

import datetime as dt
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from office.models import LoggedAct
from office.witness_acts import MOST_WITNESSES
from polls.models import Election
from record import recorder
from record.models import Cosignature, InstallationLog, Log, Witness
from tally.lifecycle import turn_phases
from tests.record.formats.logs import log_key, witness_key
from tests.results.test_receipt_page import cosign
from tests.tally.test_certification import finish

KEY = str(witness_key().verifier_key)
NAME = witness_key().name
ADDRESS = "https://witness.example/urna"


@pytest.fixture
def drink(make_election: Any) -> Election:
    made: Election = make_election()
    return made


def call(*arguments: str) -> str:
    said = StringIO()
    call_command(*arguments, stdout=said)
    return said.getvalue().strip()


def refuse(*arguments: str) -> str:
    with pytest.raises(CommandError) as refused:
        call(*arguments)
    return str(refused.value)


class TestAdd:
    def test_says_which_key_the_witness_has_to_know(self, drink):
        assert call("add_witness", "drink", KEY, ADDRESS).endswith("which is made when the election opens.")
        turn_phases()
        recorder.keep_logs()
        other = str(witness_key("w2.example").verifier_key)
        assert call("add_witness", "drink", other, ADDRESS).splitlines() == [
            "w2.example is a witness of drink now. It has to know the key of the record:",
            Log.objects.get().verifier_key,
        ]

    def test_is_logged(self, drink):
        call("add_witness", "drink", KEY, ADDRESS)
        act = LoggedAct.objects.get(act="add-witness")
        assert act.changes == {"witness": [None, f"{KEY} {ADDRESS}"]}
        call("remove_witness", "drink", NAME)
        assert LoggedAct.objects.get(act="remove-witness").changes == {"witness": [NAME, None]}

    @pytest.mark.parametrize(
        ("key", "words"),
        [
            (str(log_key().verifier_key), "this is no key of a witness: the key of urna.example/nesquik-vs-cola-cao"),
            ("nonsense", "this is no key of a witness: a verifier key has three parts"),
            ("", "this is no key of a witness"),
            (KEY.replace("ea2a", "ea2b"), "this is no key of a witness: the key of witness.example/w1 has the ID"),
            (KEY[:-4], "this is no key of a witness"),
            (KEY.replace("+BN", "+Bg"), "this is no key of a witness"),
            (witness_key().to_secret_text(), "this is no key of a witness"),
            (str(witness_key("x" * 251).verifier_key), "the name of the key has more than 250 letters"),
        ],
    )
    def test_refuses_another_key(self, drink, key, words):
        said = refuse("add_witness", "drink", key, ADDRESS)
        assert words in said
        assert witness_key().to_secret_text() not in said
        assert not Witness.objects.exists()

    @pytest.mark.parametrize(
        "address",
        [
            "", "witness.example", "ftp://witness.example", "file:///etc/passwd", "http://", "https:///x",
            "http://u:p@witness.example", "http://u@witness.example", "http://witness.example/?x", "http://w.example#x",
            "http://w.example:x", "http://w.example:0", "http://w.example:99999", "http://w.example/a b",
            "http://w.exämple", "http://w.example/\n", "http://[::1", "javascript:x", "http://w.example/" + "x" * 500,
        ],
    )  # fmt: skip
    def test_refuses_what_is_no_address(self, drink, address):
        assert refuse("add_witness", "drink", KEY, address).startswith("Not added: ")
        assert not Witness.objects.exists()

    @pytest.mark.parametrize("address", ["http://[::1]:8010", "HTTPS://W.example:8443/x/", "http://127.0.0.1:1/"])
    def test_takes_addresses_of_all_kinds(self, drink, address):
        call("add_witness", "drink", KEY, address)
        assert Witness.objects.get().address == address

    def test_refuses_a_witness_twice(self, drink):
        call("add_witness", "drink", KEY, ADDRESS)
        assert "drink has this witness already" in refuse("add_witness", "drink", KEY, "http://other.example")
        other = str(witness_key(seed=7).verifier_key)
        assert "has a witness witness.example/w1 with another key" in refuse("add_witness", "drink", other, ADDRESS)

    def test_takes_the_same_witness_for_another_election(self, drink, make_election):
        make_election("tea")
        call("add_witness", "drink", KEY, ADDRESS)
        call("add_witness", "tea", KEY, ADDRESS)
        assert Witness.objects.count() == 2

    def test_refuses_more_than_a_policy_names(self, drink):
        for number in range(MOST_WITNESSES):
            call("add_witness", "drink", str(witness_key(f"w{number}").verifier_key), ADDRESS)
        assert "can have no more" in refuse("add_witness", "drink", KEY, ADDRESS)

    def test_knows_no_such_election_and_no_draft(self, drink):
        assert "There is no election tea." in refuse("add_witness", "tea", KEY, ADDRESS)
        Election.objects.create(slug="draft", title="Draft")
        assert "is a draft" in refuse("add_witness", "draft", KEY, ADDRESS)


class TestInstallation:
    def test_has_witnesses_of_its_own(self, drink):
        assert call("witnesses", "--installation") == "The installation has no witnesses."
        said = call("add_witness", "--installation", KEY, ADDRESS)
        assert said.endswith("key of the log, which is made when the worker first runs.")
        assert call("witnesses", "--installation").endswith("not asked yet, since no worker has begun the log.")
        assert call("witnesses", "drink") == "drink has no witnesses."
        call("add_witness", "drink", KEY, ADDRESS)
        turn_phases()
        recorder.keep_logs()
        assert "has cosigned nothing yet" in call("witnesses", "--installation")
        assert call("remove_witness", "--installation", NAME) == f"{NAME} is no witness of the installation any more."
        assert Witness.objects.get().election == drink
        said = call("add_witness", "--installation", KEY, ADDRESS)
        assert said.splitlines()[1] == InstallationLog.objects.get().verifier_key

    def test_is_named_in_the_log_of_acts(self, db, admin_client):
        call("add_witness", "--installation", KEY, ADDRESS)
        act = LoggedAct.objects.get(act="add-witness")
        assert (act.election, act.organisation, act.changes) == (None, None, {"witness": [None, f"{KEY} {ADDRESS}"]})
        assert "the whole site" in admin_client.get(reverse("admin:office_loggedact_changelist")).content.decode()

    def test_has_no_witness_twice(self, db):
        call("add_witness", "--installation", KEY, ADDRESS)
        assert "the installation has this witness already" in refuse("add_witness", "--installation", KEY, ADDRESS)
        assert "the installation has no witness w9" in refuse("remove_witness", "--installation", "w9")

    @pytest.mark.parametrize(
        "arguments",
        [("add_witness", KEY, ADDRESS), ("add_witness", "drink", KEY, ADDRESS, "--installation"), ("witnesses",),
         ("witnesses", "drink", "--installation"), ("remove_witness", NAME)],
    )  # fmt: skip
    def test_or_an_election_has_to_be_named(self, drink, arguments):
        assert refuse(*arguments) == "Name an election, or --installation, and not both."


class TestRemove:
    def test_asks_the_witness_no_more(self, drink):
        call("add_witness", "drink", KEY, ADDRESS)
        assert call("remove_witness", "drink", NAME) == f"{NAME} is no witness of drink any more."
        assert not Witness.objects.exists()

    def test_knows_only_its_own(self, drink, make_election):
        make_election("tea")
        call("add_witness", "drink", KEY, ADDRESS)
        assert "tea has no witness witness.example/w1." in refuse("remove_witness", "tea", NAME)
        assert "There is no election milk." in refuse("remove_witness", "milk", NAME)


class TestShow:
    def test_says_what_each_has_cosigned_and_what_is_wrong(self, drink):
        assert call("witnesses", "drink") == "drink has no witnesses."
        call("add_witness", "drink", KEY, ADDRESS)
        assert call("witnesses", "drink").endswith("not asked yet, since the record begins when the election opens.")
        turn_phases()
        recorder.keep_logs()
        assert call("witnesses", "drink") == f"{NAME} at {ADDRESS}: has cosigned nothing yet."
        Witness.objects.update(size=3, cosigned_at=timezone.now())
        Log.objects.update(size=3)
        assert call("witnesses", "drink").endswith(", the newest head.")
        Log.objects.update(size=5)
        again = timezone.now() + dt.timedelta(seconds=8)
        Witness.objects.update(problem="it cannot be reached: x", failures=4, try_at=again, contradicts=True)
        said = call("witnesses", "drink")
        assert "has cosigned 3 entries at " in said
        assert "an older head, the newest one has 5 entries. IT CONTRADICTS THE RECORD" in said
        assert "Failed 4 times in a row: it cannot be reached: x. Asked again at " in said

    def test_knows_no_such_election(self, drink):
        assert "There is no published election tea." in refuse("witnesses", "tea")


class TestRequire:
    def test_says_how_many_have_to_have_cosigned(self, drink):
        call("add_witness", "drink", KEY, ADDRESS)
        assert call("require_witnesses", "drink", "1").endswith("once 1 of its witnesses have cosigned the last head.")
        assert LoggedAct.objects.get(act="change-quorum").changes == {"witness_quorum": ["0", "1"]}
        assert call("require_witnesses", "drink", "0") == "drink can be certified without a witness."
        drink.refresh_from_db()
        assert (drink.witness_quorum, drink.highest_witness_quorum) == (0, 0)

    def test_keeps_the_highest_number_since_the_opening(self, drink):
        turn_phases()
        call("add_witness", "drink", KEY, ADDRESS)
        call("require_witnesses", "drink", "1")
        call("require_witnesses", "drink", "0")
        drink.refresh_from_db()
        assert (drink.witness_quorum, drink.highest_witness_quorum) == (0, 1)

    @pytest.mark.parametrize("number", ["2", "-1", "99999999"])
    def test_refuses_more_than_there_are(self, drink, number):
        call("add_witness", "drink", KEY, ADDRESS)
        assert "write a number from 0 to 1, which is how many" in refuse("require_witnesses", "drink", "--", number)
        drink.refresh_from_db()
        assert drink.witness_quorum == 0

    def test_is_no_part_of_the_paper(self, drink):
        call("add_witness", "drink", KEY, ADDRESS)
        before = Election.objects.values("revision", "offered", "in_force").get(pk=drink.pk)
        call("require_witnesses", "drink", "1")
        assert Election.objects.values("revision", "offered", "in_force").get(pk=drink.pk) == before

    def test_keeps_as_many_witnesses(self, drink):
        other = str(witness_key("w2.example").verifier_key)
        for key in (KEY, other):
            call("add_witness", "drink", key, ADDRESS)
        call("require_witnesses", "drink", "1")
        call("remove_witness", "drink", NAME)
        assert "fewer witnesses would be left than the 1 required" in refuse("remove_witness", "drink", "w2.example")
        assert Witness.objects.count() == 1
        call("require_witnesses", "drink", "0")
        call("remove_witness", "drink", "w2.example")

    def test_is_over_once_the_result_is_certified(self, drink, cast):
        recorder.keep_logs()
        cast(drink, "ana", "nesquik")
        finish(drink)
        recorder.keep_logs()
        for name in ("w1.example", "w2.example"):
            cosign("drink", name)
        # It comes too late to have cosigned.
        Cosignature.objects.filter(witness__name="w2.example").delete()
        call("require_witnesses", "drink", "1")
        call("certify_election", "drink")
        assert "the result is certified" in refuse("require_witnesses", "drink", "0")
        assert "the result was certified with its cosignature" in refuse("remove_witness", "drink", "w1.example")
        call("remove_witness", "drink", "w2.example")
        assert Witness.objects.get().name == "w1.example"

    def test_knows_no_draft(self, drink):
        Election.objects.create(slug="draft", title="Draft")
        assert "is a draft" in refuse("require_witnesses", "draft", "0")
