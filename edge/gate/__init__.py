"""The one process that may change the firewall: it lets phones through, and ends that."""
