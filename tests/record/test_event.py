"""Entries of the log of the installation: each has one text, and nothing else is one."""

import pytest

from record.event import Event, Kind
from record.formats.encodings import Malformed

DESIGN = "0123456789abcdef" * 2
TIME = "2026-05-04T10:00:00Z"
HEAD = "urna.example/tea\n5\nfKo0Xb2JKmZFTWxlEuo8PqPw0+whvj/C4jdXBf049nI=\n"
EVENTS = {
    "frozen": (Event.frozen("tea", DESIGN, TIME), f"{DESIGN}\n{TIME}\n"),
    "checkpoint": (Event.checkpoint("tea", HEAD), HEAD),
    "closed": (Event.closed("tea", TIME), f"{TIME}\n"),
    "result": (Event.result("tea", "ab" * 32), "ab" * 32 + "\n"),
}


class TestEvent:
    @pytest.mark.parametrize("kind", EVENTS)
    def test_is_what_it_was_written_from(self, kind):
        event, says = EVENTS[kind]
        assert event.to_bytes() == f"urna-event/1\n{kind}\ntea\n{says}".encode()
        assert Event.parse(event.to_bytes()) == event

    def test_is_known_by_its_kind(self):
        assert set(Kind) == set(EVENTS)

    def test_takes_the_origin_of_a_site_beyond_ascii(self):
        event = Event.checkpoint("tea", HEAD.replace("urna", "ürna"))
        assert Event.parse(event.to_bytes()) == event

    @pytest.mark.parametrize(
        "text",
        [
            "",
            f"urna-event/2\nclosed\ntea\n{TIME}\n",
            f"urna-event/1\nopened\ntea\n{TIME}\n",
            f"urna-event/1\nclosed\ntea\n{TIME}",
            f"urna-event/1\nclosed\ntea\n{TIME}\n\n",
            f"urna-event/1\nclosed\ntea\n{TIME}\n{TIME}\n",
            "urna-event/1\nclosed\ntea\n",
            "urna-event/1\nclosed\ntea\n2026-05-04T10:00:00\n",
            "urna-event/1\nclosed\ntea\n2026-05-04T10:00:00+00:00\n",
            f"urna-event/1\nclosed\nt.a\n{TIME}\n",
            f"urna-event/1\nclosed\n\n{TIME}\n",
            f"urna-event/1\nfrozen\ntea\n{TIME}\n",
            f"urna-event/1\nfrozen\ntea\nx{DESIGN}\n{TIME}\n",
            f"urna-event/1\nfrozen\ntea\n{DESIGN}\nnow\n",
            f"urna-event/1\nresult\ntea\n{'AB' * 32}\n",
            f"urna-event/1\nresult\ntea\n{'ab' * 31}\n",
            f"urna-event/1\ncheckpoint\ntea\n{HEAD}extension\n",
            f"urna-event/1\ncheckpoint\ntea\n{HEAD.replace('5', '05', 1)}",
            f"urna-event/1\ncheckpoint\ntea\n{HEAD.replace('=', '')}",
        ],
    )
    def test_is_nothing_else(self, text):
        with pytest.raises(Malformed):
            Event.parse(text.encode())

    def test_is_utf_8(self):
        with pytest.raises(Malformed, match="UTF-8"):
            Event.parse(b"urna-event/1\nclosed\ntea\n\xff\n")
