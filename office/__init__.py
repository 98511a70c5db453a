"""Running elections, on the Django admin: what organisers see and do."""
