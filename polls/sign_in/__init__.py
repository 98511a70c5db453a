"""Signing in to vote, as `vote` sees it: where it leads voters, and the ticket with which they come back.

`vote` speaks with no provider: the role `signin` does, and hands it a signed ticket that says who on the roll came.
"""
