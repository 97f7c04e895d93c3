"""The staff's pages at /staff: who is in, printed codes."""
