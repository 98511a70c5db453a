"""How many entries a sample needs; the numbers are those that rlacalc 0.4.0 gives (`nmin`), and simulated ones."""

from random import Random

import pytest

from record.sampling.sample_size import draws_needed, draws_to_find, risk_after, share_found

# (margin, risk limit) -> draws, as `rlacalc -n -m MARGIN -r RISK` prints them, both in per cent.
BY_RLACALC = {
    (0.2, 0.05): 32, (0.1, 0.05): 63, (0.02, 0.05): 312, (0.05, 0.1): 96, (0.02, 0.1): 240, (0.005, 0.01): 1915,
    (1.0, 0.05): 7,
}  # fmt: skip


class TestDrawsNeeded:
    @pytest.mark.parametrize("shares", BY_RLACALC)
    def test_are_as_many_as_rlacalc_says(self, shares):
        assert draws_needed(*shares) == BY_RLACALC[shares]

    @pytest.mark.parametrize(("margin", "risk_limit"), [(0, 0.05), (-0.1, 0.05), (1.1, 0.05), (0.1, 0), (0.1, 1.5)])
    def test_refuse_what_is_no_share(self, margin, risk_limit):
        with pytest.raises(ValueError, match="has to be above 0 and 1 at most"):
            draws_needed(margin, risk_limit)

    def test_notice_an_outcome_that_was_just_turned(self):
        """Of 1,000 entries as many are wrong as it takes, each by two votes: a sample meets one often enough."""
        chance, margin, tries = Random(7), 0.1, 4000
        wrong, draws = int(1000 * margin / 2), draws_needed(margin, 0.05)
        missed = sum(all(chance.randrange(1000) >= wrong for _ in range(draws)) for _ in range(tries))
        assert missed / tries <= 0.05


class TestRiskAfter:
    @pytest.mark.parametrize("shares", BY_RLACALC)
    def test_is_within_the_limit_from_the_needed_draws_on(self, shares):
        margin, risk_limit = shares
        assert risk_after(BY_RLACALC[shares], margin) <= risk_limit

    def test_is_certain_without_a_draw(self):
        assert risk_after(0, 0.1) == 1


class TestShareFound:
    @pytest.mark.parametrize(("share", "draws"), [(0.05, 59), (0.01, 299), (0.1, 29), (1, 1)])
    def test_is_the_share_for_which_so_many_draws_are_needed(self, share, draws):
        assert draws_to_find(share, 0.05) == draws
        assert share_found(draws, 0.05) <= max(share, 0.95)

    def test_needs_as_many_draws_as_the_chance_says(self):
        for share in (0.001, 0.03, 0.5):
            draws = draws_to_find(share, 0.05)
            assert (1 - share) ** draws <= 0.05 < (1 - share) ** (draws - 1)

    def test_is_everything_without_a_draw(self):
        assert share_found(0, 0.05) == 1
