"""The one rule for percentages: whole numbers in, tenths of a percent (per mille) out."""


def permille(count: int, base: int) -> int:
    """Return the share of `count` in `base` in tenths of a percent, 0 to 1000; raises ValueError outside 0..base.

    Rounded half up: 41 of 80 is 51.25 %, and gives 513. But only the whole base gives 1000, and only a count of 0 gives
    0: 4,999 of 5,001 gives 999, and 2 of 5,001 gives 1. With a base of 0 the share is 0.

    Shares are not corrected to sum up to 1000: three equal thirds give 333 each, 999 together. A corrected share
    depends on the other options, shows equal counts as unequal, and can change when another option gains a vote. Each
    share here is true by itself, and is less than one tenth of a percent off. So n shares of one whole miss 1000 by
    less than n. In approval the shares need not make up a whole: one ballot can choose several options.
    """
    if not 0 <= count <= base:
        raise ValueError(f"there is no share of {count} in {base}")
    if count == 0:
        return 0
    if count == base:
        return 1000
    return min(max((2000 * count + base) // (2 * base), 1), 999)
