"""Templates as TOML files: read with every mistake told at its key, and written."""
