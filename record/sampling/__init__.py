"""The audit by sample: how many entries, which ones, what was fixed before, and opening them; see docs/audit.md."""
