"""A sentence that is told to a person later, in that person's language.

Pure. `hub.campaigns`, `hub.pictures` and `hub.people` return them, the manager's pages and the command line say them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Said:
    """An English sentence with its values; the sentence itself is what a catalogue of translations looks up."""

    text: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text % self.values if self.values else self.text


def said(text: str, **values: object) -> Said:
    """A sentence; the name under which the catalogue's collector finds it."""
    return Said(text, values)
