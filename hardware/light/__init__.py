"""The counter's status light and buzzer: the port, GPIO, a simulated one."""
