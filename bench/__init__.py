"""The benchmark: each figure beside its ceiling, from the same run on the same machine."""
