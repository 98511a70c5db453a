"""What is one emoji."""

import pytest

from polls.emoji import is_emoji


@pytest.mark.parametrize("text", ["🥛", "☎", "❤️", "👍🏽", "👨‍👩‍👧‍👦", "🇪🇸", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "1️⃣", "#️⃣", "©"])
def test_one_emoji_is(text):
    assert is_emoji(text)


@pytest.mark.parametrize("text", ["", "a", "1", "🥛🍫", "🥛 ", "a🥛", "é", "🇪", "\u200d", "👨" + "\u200d👨" * 20])
def test_anything_else_is_not(text):
    assert not is_emoji(text)
