"""The inbox: talks between the shop and people, read and answered by whoever of the office may.

An answer goes back by the channel of the talk. Somebody who said stop and has written nothing since is not written to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from hardware.modem.text import Weight, weigh
from hub.messages.answering import send_line
from hub.messages.channel import ChannelName
from hub.messages.heard import MEDIUM_OF, Ears, clean, read_address, read_line
from hub.messages.outbox import MOST_PARTS
from hub.store.inbox_records import Line, Talk

Show = Literal["waiting", "mine", "open", "closed"]
SHOWS: tuple[Show, ...] = ("waiting", "mine", "open", "closed")

LONGEST_REPLY = 1_500
EXCERPT = 90
SHOWN_DIGITS = 3

NotReplied = Literal["no-text", "too-long", "stopped", "no-talk", "not-sent"]


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line as a page shows it. `state`: what the outbox knows of a message of ours ("waiting", "sent", "delivered", "failed",
    "unsure", "stopped"), "" for one that came."""

    line: Line
    text: str
    state: str = ""


@dataclass(frozen=True, slots=True)
class ShownTalk:
    """A talk as a list shows it. `members`: everybody who has that address; `masked`: the address, its last digits alone."""

    talk: Talk
    masked: str
    members: tuple[str, ...]
    latest: ShownLine | None


def listed(ears: Ears, show: Show, who: str, *, limit: int, skip: int) -> tuple[list[ShownTalk], int]:
    """Talks for a list, and how many there are in all."""
    inbox = ears.store.inbox
    state = "closed" if show == "closed" else "open"
    mine, waiting = (who if show == "mine" else ""), show == "waiting"
    talks = inbox.talks(state, mine=mine, waiting=waiting, limit=limit, skip=skip)
    return [shown(ears, talk) for talk in talks], inbox.count_talks(state, mine=mine, waiting=waiting)


def shown(ears: Ears, talk: Talk) -> ShownTalk:
    """One talk for a list."""
    address = read_address(ears.key, talk)
    latest = ears.store.inbox.lines(talk.number, 20)
    if talk.waiting:
        # What waits, rather than what the hub said by itself since.
        latest = [line for line in latest if line.way == "in"] or latest
    return ShownTalk(
        talk,
        masked(address, talk.channel),
        members_at(ears, talk, address),
        _shown_line(ears, latest[0]) if latest else None,
    )


def lines(ears: Ears, talk: Talk, limit: int = 100, *, below: int | None = None) -> list[ShownLine]:
    """The latest lines of a talk, the oldest of them first."""
    found = ears.store.inbox.lines(talk.number, limit, below=below)
    return [_shown_line(ears, line) for line in reversed(found)]


def members_at(ears: Ears, talk: Talk, address: str) -> tuple[str, ...]:
    """Everybody who is reached at that address."""
    medium = MEDIUM_OF[_channel(talk)]
    if medium == "screen":
        return (ears.book.into(address),)
    return ears.book.all_by_mail(address) if medium == "mail" else ears.book.all_by_number(address)


def masked(address: str, channel: str) -> str:
    """An address for whoever may not see personal fields: +43 ••• 678, a•••@example.org."""
    if channel == "screen":
        return ""
    if "@" in address:
        local, _, domain = address.partition("@")
        return f"{local[:1]}•••@{domain}"
    if len(address) <= 2 * SHOWN_DIGITS:
        return address
    return f"{address[:3]} ••• {address[-SHOWN_DIGITS:]}"


def is_silent(ears: Ears, talk: Talk) -> bool:
    """Whether they said stop and have written nothing for people since: then nobody writes to them."""
    if ears.store.inbox.stopped_at(talk.sender_hash) is None:
        return False
    for line in ears.store.inbox.lines(talk.number, 200):
        if line.way == "in":
            return line.meaning == "stop"
    return True


def weight_of(text: str, channel: str) -> Weight | None:
    """What a text weighs as a text message; None by other channels."""
    return weigh(text) if MEDIUM_OF.get(channel) == "sms" else None  # type: ignore[call-overload]  # any text may be asked


def reply(
    ears: Ears, number: int, text: str, once: str, who: str, now: float
) -> Literal["sent"] | NotReplied:
    """Answer a talk. `once`: made with the form, so that a form that is sent twice is one message."""
    said = clean(text).strip()
    with ears.store.writing():
        talk = ears.store.inbox.talk(number)
        if talk is None:
            return "no-talk"
        if not said:
            return "no-text"
        weight = weight_of(said, talk.channel)
        if len(said) > LONGEST_REPLY or (weight is not None and weight.parts > MOST_PARTS):
            return "too-long"
        if is_silent(ears, talk):
            return "stopped"
        if not send_line(ears, talk, said, f"reply {number} {once}", "answer", now, who):
            return "not-sent"
        ears.store.inbox.change_talk(
            replace(talk, waiting=0, last_at=now, state="open", assigned=talk.assigned or who)
        )
    return "sent"


def assign(ears: Ears, number: int, who: str) -> bool:
    """Give a talk to somebody of the office, or to nobody (""); False where there is none."""
    with ears.store.writing():
        talk = ears.store.inbox.talk(number)
        if talk is None:
            return False
        ears.store.inbox.change_talk(replace(talk, assigned=who))
    return True


def close(ears: Ears, number: int, *, closed: bool) -> bool:
    """A talk is done with, or is not after all; False where there is none. Whatever comes next opens it again."""
    with ears.store.writing():
        talk = ears.store.inbox.talk(number)
        if talk is None:
            return False
        changed = replace(talk, state="closed", waiting=0) if closed else replace(talk, state="open")
        ears.store.inbox.change_talk(changed)
    return True


def excerpt(line: ShownLine | None) -> str:
    """The beginning of what was said last."""
    plain = " ".join(line.text.split()) if line is not None else ""
    return plain if len(plain) <= EXCERPT else plain[: EXCERPT - 1] + "…"


def said_to(ears: Ears, talks: Sequence[Talk]) -> list[tuple[Talk, list[ShownLine]]]:
    """All that was said in talks, for a person's own export."""
    return [(talk, lines(ears, talk, 1_000)) for talk in talks]


def _shown_line(ears: Ears, line: Line) -> ShownLine:
    state = ""
    if line.letter:
        kept = ears.store.messages.by_id(line.letter)
        state = "" if kept is None else (kept.outcome or kept.state)
    return ShownLine(line, read_line(ears.key, line), state)


def _channel(talk: Talk) -> ChannelName:
    return talk.channel  # type: ignore[return-value]  # written from a `Heard`
