"""Text messages: the port, codecs for PDU and AT, the driver of a real modem, simulated ones."""
