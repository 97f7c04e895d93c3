"""How the hub's commands speak with whoever runs them."""

from __future__ import annotations


class CommandError(Exception):
    """A command that could not be done; the text is one sentence for people."""


def show(line: str) -> None:
    """Tell whoever runs the command. At once, since a supervisor may be reading."""
    print(line, flush=True)  # noqa: T201 - this is what the module is for
