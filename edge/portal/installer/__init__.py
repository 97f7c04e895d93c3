"""The installer's pages: what the radio hears now, and how the door is calibrated; mounted by the portal at /installer."""
