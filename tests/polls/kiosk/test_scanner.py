"""What is taken out of what a scanner types."""

from polls.kiosk.scanner import take_code
from polls.roll import codes


def test_a_code_is_the_end_of_an_address():
    code = codes.make()
    for typed in (
        f"https://vote.example.org/board-2026/#{code}",
        f"https://vote.example.org/drink/#{code.lower()}\r\n",
    ):
        assert codes.read(take_code(typed)) == codes.read(code)


def test_what_is_no_longer_than_a_code_stays_as_it_was_typed():
    for typed in ("", " 2345 ", "2345-6789-ACDE-FHJK-MNP<", codes.make()):
        assert take_code(typed) == typed
