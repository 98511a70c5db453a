"""What all pages share: their frame, their style, and how numbers, times and addresses are written."""
