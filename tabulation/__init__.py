"""Counting rules as pure functions: from counts to an outcome, on whole numbers, with the standard library alone.

Each rule is a module with its `NAME`, its `VERSION`, `check_rules` for the rules of a contest, and `tabulate`. The
version rises with any change that can give another outcome for the same counts.
"""
