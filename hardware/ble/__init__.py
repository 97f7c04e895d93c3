"""Bluetooth Low Energy: what is on the air, where it comes from, and what it says."""
