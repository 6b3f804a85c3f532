"""A page laid onto the blank of its form: which form it is, and where each point of the blank lies on the page."""
