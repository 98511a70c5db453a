"""What all PDF files of the office share: fonts, lines of text in any script, sizes of paper, and the writer."""
