"""Check the published record of an election: a folder of files, without a server, a database or a framework.

It has its own readers for the formats of the record and for the markings of ballots, so that a mistake in those of the
server shows here. The counting rules alone are the same: `tabulation`. See docs/verify.md.
"""
