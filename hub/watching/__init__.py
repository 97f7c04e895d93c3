"""Trouble that people have to hear of: on the screen, by sound, by webhook and by mail, once for each trouble; and the log."""
