"""The role that speaks with the providers at which voters sign in, and hands `vote` a ticket.

It has a role of its own because it needs what `vote` must do without: the database, of which it reads the roll alone,
and other servers, which may be slow or gone. Whoever is in needs it no more.
"""
