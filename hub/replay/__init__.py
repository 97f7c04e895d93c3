"""A year of a real chain of shops, played through the interfaces that every device and program has."""
