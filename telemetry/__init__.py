"""What is written down of what happens: the log, and helpers for it. It knows nothing of elections."""
