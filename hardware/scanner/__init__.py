"""Scanners: what comes out of one, drivers for a serial line and for a keyboard read raw, a simulated one, set-up codes."""
