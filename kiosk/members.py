"""Whose card it is that was scanned at the counter, and what they have: the hub first, by the card's signature second.

A greeting is for the screen: it is passed on and neither kept nor logged here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hub.client.cards import holder_here
from hub.client.node import Node
from hub.client.shelf import Shelf
from hub.wire.card import CardToken, read_card
from hub.wire.sync import Problem
from hub.wire.sync_care import TaskReply, TaskRequest
from hub.wire.sync_members import MemberReply, MemberRequest
from hub.wire.sync_notes import NotesReply, NotesRequest
from kiosk.line import HubLine

NEW_S = 3_600.0
"""A joining travels within seconds while its node reaches the hub; for an hour a card is believed that the hub does not know."""

Refusal = Literal["", "unknown", "bad_signature", "withdrawn", "wrong_shop", "left", "needs_hub", "problem"]


@dataclass(frozen=True, slots=True)
class Seen:
    """Who it is. `reply`: what the hub told; None where the till is on its own. `sentence`: what the hub said itself."""

    member: str = ""
    refusal: Refusal = ""
    reply: MemberReply | None = None
    sentence: str = ""


class MemberDesk:
    """Asks who holds a card. Safe from several threads."""

    def __init__(self, node: Node, shelf: Shelf, line: HubLine) -> None:
        self._node = node
        self._shelf = shelf
        self._line = line

    @staticmethod
    def is_card(text: str) -> bool:
        """Whether this is a card's QR or code, whoever's."""
        return read_card(text) is not None

    def who(self, text: str, staff: str = "") -> Seen:
        """Who holds this card, or has this opaque id."""
        answer = self._line.question("/v1/member", MemberRequest(text.strip()[:300], staff), MemberReply)
        if isinstance(answer, Problem):
            return Seen(refusal="problem", sentence=answer.sentence)
        if answer is not None and answer.member:
            return Seen(answer.member, reply=answer)
        card = read_card(text)
        if answer is not None:
            # A card that was made while this till and the maker were cut off: the hub has not heard of its holder yet.
            here = holder_here(card, self._node, self._shelf) if isinstance(card, CardToken) else None
            if answer.refusal == "left" and here is not None and self._is_new(card):
                return Seen(here)
            return Seen(refusal=answer.refusal or "unknown")
        if isinstance(card, CardToken):
            member = holder_here(card, self._node, self._shelf)
            return Seen(member) if member is not None else Seen(refusal="bad_signature")
        return Seen(refusal="needs_hub")

    def id_of(self, text: str) -> Seen:
        """The opaque id that stands for what was scanned or typed as a member; what is no card is taken as it is."""
        return self.who(text) if self.is_card(text) else Seen(text.strip())

    def task_done(self, asked: TaskRequest) -> TaskReply | Problem | None:
        """Tell the hub what came of a task; None where it does not answer."""
        return self._line.question("/v1/task", asked, TaskReply)

    def told(self, member: str, number: int) -> bool:
        """A member was told this; False where the hub does not answer, and staff will be asked to tell them again."""
        return isinstance(
            self._line.question("/v1/notes", NotesRequest(member, (number,)), NotesReply), NotesReply
        )

    def _is_new(self, card: object) -> bool:
        """Whether the last snapshot is older than the card: who left after that is told by the snapshot."""
        made_at = self._shelf.made_at() or 0.0
        return isinstance(card, CardToken) and card.card.issued_at >= made_at - NEW_S
