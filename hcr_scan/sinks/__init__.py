"""What is written: one deterministic rendering of the pages for each format."""
