"""Galician numbers are grouped; Django has the point for that, and no size of the groups."""

NUMBER_GROUPING = 3
