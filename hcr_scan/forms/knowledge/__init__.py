"""What may stand in a field: masks, patterns, word lists, types and rules as automata, and reading with them."""
