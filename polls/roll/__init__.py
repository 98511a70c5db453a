"""Who may vote in an election with a roll: voting codes, and the roll in the ballot box."""
