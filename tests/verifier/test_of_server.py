"""Elections that the server held and certified, as its own files show them."""

import json
from pathlib import Path
from typing import Any

import pytest

from office.certify_acts import Certify
from polls.design import Paper
from polls.models import Design, TieBreak
from record.ballot_piles import ballots_json
from results.exports import read_piles
from tally.models import AnonymousBallots, CertifiedResult
from tally.outcomes import make_outcome
from tally.withdrawals import withdraw
from tests.tally.test_certification import finish
from tests.verifier import folders
from tests.verifier.folders import ANIMALS, ELECTION, Cast, Record

MARKINGS = {
    "plurality": ("ant", "bee", "bee", "ant", "cat"),
    "approval": ("ant,bee", "ant,bee,cat", "cat"),
    "irv": ("ant>bee", "bee>cat>ant", "cat>bee", "dog>cat>bee"),
    "stv": ("ant>bee", "bee>cat>ant", "cat>bee", "dog>cat>bee"),
    "schulze": ("ant=bee>cat", "bee>cat>ant", "cat>bee"),
    "star": ("ant:5,bee:3", "bee:5,cat:4", "cat:1"),
    "borda": ("ant>bee", "bee>cat>ant"),
    "approval-committee": ("ant,bee", "ant,bee,cat", "cat"),
}


@pytest.mark.parametrize("method", MARKINGS)
class TestCertifiedElection:
    def test_is_what_the_verifier_counts(self, make_election: Any, cast: Any, tmp_path: Path, verify: Any, method: str):
        made = make_election(slug=ELECTION, options=ANIMALS, method=method, tie_break=TieBreak.DRAW)
        for number, marking in enumerate(MARKINGS[method]):
            cast(made, f"v{number}", f"q1={marking}")
        finish(made)
        text = Design.objects.get(hash=made.in_force, election=made).paper
        withdraw(made, Paper.read(text), "q1", "cat", "ill")
        make_outcome(made.pk)
        Certify(made).perform(by=None)

        folder = folder_of(made, text, tmp_path / "record")
        told = verify(folder)
        assert "recount: the ballots give the certified result in 1 contests" in told
        assert "withdrawals: that these have withdrawn is believed: q1: cat" in told
        assert "draw: the secret has the hash that is on the paper" in told
        assert json.loads((folder / "certified.json").read_text())["draw"]["secret"]


def folder_of(made: Any, text: str, folder: Path) -> Path:
    """Write the folder of a certified election, with entries for its ballots."""
    paper = Paper.read(text)
    rows = AnonymousBallots.objects.filter(election=made).values_list("marking", "weight", "number")
    ballots = tuple(Cast(marking, weight) for marking, weight, number in rows for _ in range(number))
    record = Record(ballots, paper)
    assert record.design == made.in_force
    folders.write_log(folder, record.entries())
    files = {
        "key": f"{folders.LOG.verifier_key}\n",
        "paper.json": text,
        "fates": "counts\n" * len(ballots),
        "ballots.json": ballots_json(made.slug, made.in_force, paper, read_piles(made.pk, paper)),
        "certified.json": CertifiedResult.objects.get(election=made).text,
        "audit": "".join(
            f"{salt.hex()} {one.weight} {json.dumps(one.marking)}\n"
            for salt, one in zip(record.salts(), ballots, strict=True)
        ),
    }
    for name, content in files.items():
        folders.write(folder, name, content.encode())
    return folder
