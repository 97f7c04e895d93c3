"""What managers' numbers are, how each is made, and how they are asked for."""
