"""The outcome as text: equal byte for byte, and the same when it is read."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabulation import motion, plurality
from tabulation.contest import Contest
from tabulation.outcome import Outcome

PROJECT = Path(__file__).resolve().parents[2]
CONTEST = Contest(("ant", "bee", "cat"), seats=2, ballots=6, blank=1)
COUNTS = {"bee": 3, "cat": 1, "ant": 1}
TEXT = (
    '{"base":6,"decided":false,"method":"plurality","reason":"tie","standings":['
    '{"count":1,"key":"ant","permille":167},{"count":3,"key":"bee","permille":500},'
    '{"count":1,"key":"cat","permille":167}],"ties":[{"keys":["ant","cat"],"seats":1}],"version":1,"winners":["bee"],'
    '"working":{"ballots":6,"blank":1,"ranking":[{"keys":["bee"],"votes":3},{"keys":["ant","cat"],"votes":1}],'
    '"seats":2}}'
)


class TestOutcome:
    def test_is_written_as_it_always_was(self):
        assert plurality.tabulate(CONTEST, COUNTS).to_json() == TEXT

    @pytest.mark.parametrize("environment", [{"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2", "LC_ALL": "C"}])
    def test_is_the_same_text_in_another_process(self, environment):
        code = (
            "import sys; from tabulation import plurality; from tabulation.contest import Contest\n"
            f"outcome = plurality.tabulate(Contest({CONTEST.options}, seats=2, ballots=6, blank=1), {COUNTS})\n"
            "sys.stdout.buffer.write(outcome.to_json().encode())"
        )
        written = subprocess.run(
            [sys.executable, "-c", code], cwd=PROJECT, env=os.environ | environment, capture_output=True, check=True
        )
        assert written.stdout == TEXT.encode()

    @given(st.lists(st.integers(0, 10**18), min_size=1, max_size=6), st.integers(1, 8))
    def test_is_the_same_when_it_is_read_again(self, numbers, seats):
        options = tuple(f"o{number}" for number in range(len(numbers)))
        contest = Contest(options, seats=seats, ballots=sum(numbers))
        outcome = plurality.tabulate(contest, dict(zip(options, numbers, strict=True)))
        assert Outcome.from_json(outcome.to_json()) == outcome
        assert Outcome.from_json(outcome.to_json()).to_json() == outcome.to_json()

    def test_is_the_same_when_it_is_read_again_though_shares_are_not_known(self):
        contest = Contest(("yes", "no"), rules={"majority": "absolute", "basis": "entitled"}, ballots=3)
        outcome = motion.tabulate(contest, {"yes": 2, "no": 1})
        assert outcome.standings[0].permille is None
        assert Outcome.from_json(outcome.to_json()) == outcome

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "5",
            "{}",
            TEXT.replace('"base":6,', ""),
            TEXT.replace('"base":6,', '"base":6,"bass":6,'),
            TEXT.replace('"base":6,', '"base":6.0,'),
            TEXT.replace('"base":6,', '"base": 6,'),
            TEXT.replace('["bee"],"working"', '"bee","working"'),
            json.dumps(json.loads(TEXT)),
        ],
    )
    def test_is_not_read_from_a_text_in_another_form(self, text):
        said = r"Expecting|^the text is no outcome: |^the text is an outcome, but not in canonical form$"
        with pytest.raises(ValueError, match=said):
            Outcome.from_json(text)
