"""What the store says of messages that came in: plain values, texts and addresses sealed as they are kept.

Pure. `hub.messages.inbox` opens them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TalkState = Literal["open", "closed"]


@dataclass(frozen=True, slots=True)
class KeywordRow:
    """A word to which the shop answers. `body`: `hub.messages.keywords.Keyword` as JSON."""

    number: int
    body: str
    made_at: float


@dataclass(frozen=True, slots=True)
class Talk:
    """All messages between the shop and one sender by one channel. `sender_hash` is keyed; `closed`: the address, sealed.
    `member`: whose it is, "" where nobody's or several people's. `waiting`: messages that nobody has answered or closed yet.
    `assigned`: the manager who looks after it. Times are seconds of UTC."""

    number: int
    channel: str
    sender_hash: str
    closed: bytes
    member: str
    language: str
    opened_at: float
    last_at: float
    state: TalkState
    waiting: int
    assigned: str


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a talk. `way`: in or out. `who`: the manager who wrote it, "" for what the hub answered by itself.
    `meaning`: what was understood: "stop", "start", "help", "yes", "keyword 3", "join", "machine"; "" is for people. `letter`:
    its id in the outbox. `due`: an answer is still to be made."""

    number: int
    talk: int
    way: Literal["in", "out"]
    closed: bytes
    at: float
    who: str
    meaning: str
    letter: str
    due: bool


@dataclass(frozen=True, slots=True)
class JoinWish:
    """Somebody wrote a keyword to join and has not said yes so far."""

    sender_hash: str
    language: str
    version: str
    asked_at: float


@dataclass(frozen=True, slots=True)
class TalkCounts:
    """How many talks wait for somebody, are open, are closed."""

    waiting: int
    open: int
    closed: int


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part of a long message whose rest is still to come: the `number`th of `of`. `message` is keyed, and the same for all
    parts of one; `closed`: what it says and who wrote it, sealed. `at`: when it came (seconds of UTC). `again`: the same
    octets were heard before."""

    message: str
    number: int
    of: int
    channel: str
    sender_hash: str
    closed: bytes
    at: float
    again: bool


@dataclass(frozen=True, slots=True)
class OpenMessage:
    """A long message of which so many parts are here, the first of them since `since` (seconds of UTC)."""

    message: str
    sender_hash: str
    parts: int
    since: float
