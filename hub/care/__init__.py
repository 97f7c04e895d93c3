"""Care: plans that look after members by themselves, and what they ask of staff."""
