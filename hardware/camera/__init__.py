"""Cameras that look at codes: the port, Video4Linux, a simulated one."""
