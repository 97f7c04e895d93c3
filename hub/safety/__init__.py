"""The hub's continuous backup: shipped while the shop goes on, checked, put back in one command, tried on a schedule."""
