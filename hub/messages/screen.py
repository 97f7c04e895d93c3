"""What a member is shown next time at the portal or the kiosk: a channel whose other side is the hub's own database."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from hub.messages.channel import ChannelName, Gate, Listener, NotSent, Outcome, Outgoing, Sent
from hub.question import Answer, AnyQuestion, Here, Question
from hub.store.base import Store
from hub.store.mailing_records import ScreenNote
from hub.store.records import Device
from hub.wire.fact import Medium
from hub.wire.sync_members import MemberReply
from hub.wire.sync_notes import MOST_NOTES, NOTE_LONGEST, Note, NotesReply, NotesRequest

LIVES_S = 30 * 86_400.0
"""So long it waits for them to come."""


class ScreenChannel:
    """Puts a message up; whoever recognises the member shows it (`notes_for`)."""

    name: ChannelName = "screen"
    medium: Medium = "screen"

    def __init__(self, store: Store, now: Callable[[], float]) -> None:
        self._store = store
        self._now = now

    def hand_over(self, message: Outgoing, gate: Gate) -> Outcome:
        """Put it up, in the gate's own transaction."""
        number = int(message.id.rpartition("-")[2])
        kept = self._store.messages.get(number)
        with gate() as go:
            if not go:
                return NotSent("held")
            now = self._now()
            note = ScreenNote(
                number, message.address, message.text, kept.campaign if kept else 0, now, now + LIVES_S, None
            )
            self._store.mailings.put_note(note)
        return Sent()

    def listen(self, listener: Listener) -> None:
        """Nothing comes back."""

    def trouble(self) -> str:
        """It is always there."""
        return ""

    def close(self) -> None:
        """Nothing stays open."""


def notes_for(store: Store, member: str, now: float) -> list[ScreenNote]:
    """What a member is to be shown now, the oldest first; say so with `shown` when they were."""
    return [note for one in store.register.group(member) for note in store.mailings.notes_for(one, now)]


def tell_notes(here: Here, reply: MemberReply, now: float) -> MemberReply:
    """What a till is to show beside a member: it stays until they were told."""
    return msgspec.structs.replace(reply, notes=_told(here.store, reply.member, now))


def answer_notes(here: Here, _device: Device, asked: NotesRequest, now: float) -> Answer:
    """What a member is to be told by whoever knows them again: a door on the page of a phone that came in as a member's."""
    if here.store.forgetting.any_asked(here.store.register.group(asked.member)):
        return NotesReply()
    for note in notes_for(here.store, asked.member, now):
        # Of this member's alone: a number says nothing of whose it is.
        if note.message in asked.told:
            shown(here.store, note, now)
    return NotesReply(_told(here.store, asked.member, now))


QUESTIONS: tuple[AnyQuestion, ...] = (
    Question(
        "notes",
        "What a member who came by is to be told, and that they were.",
        NotesRequest,
        NotesReply,
        answer_notes,
        frozenset({"kiosk", "edge"}),
    ),
)


def _told(store: Store, member: str, now: float) -> tuple[Note, ...]:
    notes = notes_for(store, member, now)[:MOST_NOTES]
    return tuple(Note(note.message, _short(note.text)) for note in notes)


def _short(text: str) -> str:
    return text if len(text) <= NOTE_LONGEST else text[: NOTE_LONGEST - 1] + "…"


def show_notes(store: Store, member: str, now: float) -> list[str]:
    """What their own page shows now; it is not shown again."""
    found = notes_for(store, member, now)
    for note in found:
        shown(store, note, now)
    return [note.text for note in found]


def shown(store: Store, note: ScreenNote, now: float) -> None:
    """They were shown it: it is not shown again."""
    store.mailings.note_shown(note.message, now)
