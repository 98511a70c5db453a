"""Check on a real engine what docs/deployment.md says."""
