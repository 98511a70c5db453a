"""Mail to the voters of a roll: ordered in the office, sent by the worker; see docs/mail.md."""
