"""Forms that are known beforehand: named fields, their places on the page, and what may stand in them."""
