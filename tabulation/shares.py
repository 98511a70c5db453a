"""The one rule for percentages: whole numbers in, tenths of a percent (per mille) out."""


def permille(count: int, base: int) -> int:
    """Return the share of `count` in `base` in tenths of a percent, 0 to 1000; raises ValueError outside 0..base.

    Rounded half up: 41 of 80 is 51.25 %, and gives 513. But all is said of all alone, and none of none alone: 4,999 of
    5,001 gives 999, and 2 of 5,001 gives 1. Of nothing there is no share, and it gives 0.

    Shares are not mended to sum up to 1000: three equal thirds give 333 each, 999 together. A mended share depends on
    the other options, shows equal counts as unequal, and can change when another option gains a vote. Each share here
    is true by itself, and is less than one tenth of a percent off. So n shares that make up the whole miss 1000 by
    less than n. In approval they need not make up the whole: one ballot can choose several options.
    """
    if not 0 <= count <= base:
        raise ValueError(f"there is no share of {count} in {base}")
    if count == 0:
        return 0
    if count == base:
        return 1000
    return min(max((2000 * count + base) // (2 * base), 1), 999)
