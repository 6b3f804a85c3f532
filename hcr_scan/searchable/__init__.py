"""Searchable PDFs: the scan as it is, with what was read on it as text that is found and not seen."""
