"""The protocol of a certified election as a file to print and sign."""
