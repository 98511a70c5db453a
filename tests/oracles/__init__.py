"""The counting rules beside other people's programs: see docs/oracles.md."""
