"""The nodes of a shop as a fleet: ways in, groups, places, settings, replacements, clocks."""
