"""What a member is worth, how likely they are to come back, and who is about to be lost."""
