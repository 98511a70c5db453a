"""The first entry of a record that was begun anew, as it is written and read."""

import pytest

from record.formats.checkpoint import Checkpoint
from record.formats.encodings import Malformed, write_base64
from record.reference import Reference

ORIGIN = "urna.example/drink"
ENDED, LOST = Checkpoint(ORIGIN, 5, bytes([1] * 32)), Checkpoint(ORIGIN, 9, bytes([2] * 32))
ROOT = write_base64(bytes([1] * 32))


@pytest.mark.parametrize("lost", [LOST, None])
def test_is_read_as_it_was_written(lost):
    written = Reference(ENDED, lost).to_bytes()
    assert written.startswith(f"urna-continues/1\n{ORIGIN}\n5\n{ROOT}\n".encode())
    assert Reference.parse(written) == Reference(ENDED, lost)


@pytest.mark.parametrize(
    "text",
    [
        "", "urna-continues/1\n", f"urna-continues/2\n{ORIGIN}\n5\n{ROOT}\n", f"urna-continues/1\n{ORIGIN}\n5\n{ROOT}",
        f"urna-continues/1\n{ORIGIN}\n05\n{ROOT}\n", f"urna-continues/1\n{ORIGIN}\n5\n{ROOT[:-4]}\n",
        f"urna-continues/1\n{ORIGIN}\n5\n{ROOT}\n9\n", f"urna-continues/1\n{ORIGIN}\n5\n{ROOT}\n9\nx\n",
        f"urna-continues/1\n{ORIGIN}\n5\n{ROOT}\n9\n{ROOT}\nx\n",
    ],
)  # fmt: skip
def test_is_nothing_else(text):
    with pytest.raises(Malformed):
        Reference.parse(text.encode())


def test_is_utf_8():
    with pytest.raises(Malformed, match="UTF-8"):
        Reference.parse(b"urna-continues/1\n\xff\n5\nx\n")
