"""Voting cards: what a voter holds, on paper or in a mail merge of one's own.

`sheets` prints ten cards on a sheet, `letters` one on a page, `mail_merge` writes a table. All take an iterator of
cards and write to a file as they go, so that the number of cards is not bounded by memory.
"""
