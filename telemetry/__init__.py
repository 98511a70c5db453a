"""The log, and helpers for it. This package knows nothing of elections."""
