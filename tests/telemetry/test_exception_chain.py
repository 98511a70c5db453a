"""What lies behind an error."""

from telemetry.exception_chain import chain


class TestChain:
    def test_yields_causes_and_contexts_nearest_first_and_each_once(self):
        first, second, third, last = KeyError(), ValueError(), TypeError(), RuntimeError()
        last.__cause__, last.__context__ = third, second
        third.__context__ = second
        second.__context__ = first
        # A loop, which Python does not prevent here.
        first.__cause__ = last
        assert list(chain(last)) == [last, third, second, first]

    def test_looks_behind_what_was_raised_from_none(self):
        error = ValueError()
        error.__context__, error.__suppress_context__ = hidden, _ = KeyError(), True
        assert list(chain(error)) == [error, hidden]

    def test_of_nothing_is_nothing(self):
        assert list(chain(None)) == []
