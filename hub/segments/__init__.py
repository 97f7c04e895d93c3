"""Segments: groups of members by what they do, kept as data, and who is in which, fresh within seconds."""
