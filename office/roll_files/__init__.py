"""Voter lists from CSV files, as spreadsheets write them.

    layout = recognise(file)            # encoding, separator, titles, and what each column is
    reading = Reading(file, layout)     # the layout may have been changed by hand
    for record in reading: ...
    reading.report                      # what was wrong, by line

A list is taken as a whole or not at all: the caller keeps nothing if the report has a problem.
"""
