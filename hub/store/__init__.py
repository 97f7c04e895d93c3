"""The hub's memory: the questions that the hub asks (`base`) and SQLite's answers (`sqlite`)."""
