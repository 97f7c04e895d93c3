"""The port of who reads: what is asked of members before a message goes, by name of what is asked.

Pure. `hub.messages.people` answers for a hub; everything is asked inside the gate's transaction, so an answer holds until the
message has left.
"""

from __future__ import annotations

from typing import Protocol

from hub.wire.events_messages import Why
from hub.wire.fact import Medium


class Readers(Protocol):
    """Members as whoever sends sees them. `member` is opaque."""

    def standing(self, member: str, medium: Medium, now: float) -> bool:
        """Whether they agreed to messages by this channel and have not taken it back, nor paused."""

    def gone(self, member: str) -> bool:
        """Whether they asked to be forgotten: nothing goes to them any more, whatever it is."""

    def address(self, member: str, medium: Medium) -> str | None:
        """Where they are reached; None where nobody knows."""

    def name(self, member: str) -> str:
        """What they are called; "" where nobody knows."""

    def language(self, member: str) -> str:
        """The language that they read; "" where nobody knows."""

    def page(self, member: str, now: float) -> str:
        """The whole address of their own page; "" where the hub has no address that others reach."""

    def stop(self, member: str, now: float) -> str:
        """A whole address that ends messages in one step; "" likewise."""

    def moment(self, member: str, medium: Medium, why: Why, now: float) -> float:
        """When such a message may go: `now`, or a later time (quiet hours, caps that are full)."""

    def counted(self, member: str, message: str, why: Why, now: float) -> None:
        """A message is about to leave: caps count it. Called in the transaction that notes that."""

    def uncounted(self, member: str, message: str) -> None:
        """It did not leave after all. Called in the transaction that notes that."""
