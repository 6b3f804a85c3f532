"""What is on the paper: ink told from paper, its pieces, printed rules, and specks that are none of it."""
