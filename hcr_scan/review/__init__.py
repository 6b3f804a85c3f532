"""From doubtful to done: what needs a person's look, what people decided, and the corrected data."""
