"""Text messages: the port, what a message weighs, a simulated modem. The real driver has its own issue."""
