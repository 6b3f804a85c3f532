"""From logits to text: cuts decided, neighbors heard, fields read for what they may say, and what needs a look."""
