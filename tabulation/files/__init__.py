"""Files of ballots that other programs write and read: each format is a module with `read`, `write`, or both.

A reader takes lines of text and returns a `Content`; a writer takes a `Content` and yields text. What is wrong with a
file is an `InvalidFile`, with the line where there is one. Nothing here opens a file.
"""
