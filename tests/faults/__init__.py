"""The fault harness: real processes, voters over HTTP, faults by a seed, and an account that is independent of Urna."""
