"""Counting a file of ballots in a terminal: no database, no server, and no election in Urna."""
