"""The public record of an election: an append-only log under a Merkle tree, in formats that other programs check."""
