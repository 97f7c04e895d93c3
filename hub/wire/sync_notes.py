"""What nodes ask the hub about words to somebody who comes by: which there are, and that they were told.

Pure. `hub.messages.screen` answers. A node keeps the words in memory alone, and drops them with the guest.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from hub.wire.fact import Count, MemberId

MOST_NOTES = 5
NOTE_LONGEST = 2_000


class Note(msgspec.Struct, frozen=True):
    """Words to one member, by their number at the hub."""

    number: Count
    text: Annotated[str, Meta(max_length=NOTE_LONGEST)]


class NotesRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is this member to be told? `told`: the numbers of what they have been told since; it is not told again."""

    member: MemberId
    told: Annotated[tuple[Count, ...], Meta(max_length=MOST_NOTES)] = ()


class NotesReply(msgspec.Struct, frozen=True):
    """The oldest first; nothing of somebody who is nobody's member, or is being forgotten."""

    notes: Annotated[tuple[Note, ...], Meta(max_length=MOST_NOTES)] = ()
