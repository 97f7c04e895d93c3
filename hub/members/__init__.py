"""Members of a shop: who joined, their personal fields, what they agreed to, and how they are forgotten."""
