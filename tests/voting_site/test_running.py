"""What a role's processes ask of the system."""

from resource import RLIM_INFINITY

import pytest

from voting_site.running import most_open_files


@pytest.mark.parametrize(
    ("soft", "hard", "asked"),
    [
        (1024, 524_288, 524_288),
        (256, RLIM_INFINITY, 10_240),
        (20_000, RLIM_INFINITY, 20_000),
        (RLIM_INFINITY, RLIM_INFINITY, RLIM_INFINITY),
    ],
    ids=["linux", "macos", "macos, where somebody has asked for more", "no limit at all"],
)
def test_a_process_asks_for_as_many_open_files_as_it_can_get(soft: int, hard: int, asked: int) -> None:
    assert most_open_files(soft, hard) == asked
