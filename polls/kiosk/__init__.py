"""A device in a polling place that asks the next voter for the next card, and forgets each of them."""
