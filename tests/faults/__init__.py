"""The fault harness: real processes, voters over HTTP, faults drawn from a seed, an account kept apart from Urna."""
