"""Parts of long messages, kept until all are there: on disk before the channel tells the other side, so that no message is lost
where the program is killed in between.

A part is known by its octets, and the same ones again change nothing. The last one makes the message whole: the parts go and
the message is heard, in one transaction. What has waited for `WAIT_S`, or is too much, is heard as far as it came, as incomplete:
it can stop messages and do nothing else. A first part that is a stop by itself is obeyed at once, whatever else will come.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from hardware.modem.joining import WAIT_S, join
from hub.messages.channel import Heard, HeardPart
from hub.messages.heard import Ears, key_mark, sender_mark, take, word_in
from hub.messages.sealed import BadLetter, Inside, close_letter, open_letter
from hub.store.inbox_records import OpenMessage, PartRow

logger = logging.getLogger(__name__)

SAME_S = 2 * WAIT_S
"""So long the same octets are the same part. Phones count their long messages up to 255, so later ones are likely others."""

MOST_OF_SENDER = 4
"""Messages of one sender that are not whole. A phone sends one after the other, and networks mix up few."""

MOST_PARTS = 2_000
"""Of all senders together, a megabyte or so: whoever sends first parts alone must not fill the disk."""


def hear_part(ears: Ears, part: HeardPart, now: float) -> bool:
    """Keep a part; whether that made something heard. Raises StorageError: then nothing was kept, and the channel gives it
    again."""
    inbox, alone = ears.store.inbox, _alone(part)
    with ears.store.writing():
        sender = sender_mark(ears, alone)
        again = not inbox.first_time(key_mark(ears.key, part.channel, part.key), now, now - SAME_S)
        piece = part.piece
        name = f"parts {sender} {part.to} {piece.reference} {piece.of} {piece.wide} {part.coding}"
        message = key_mark(ears.key, part.channel, name)
        rows, did = inbox.parts(message), False
        for row in rows:
            there = _read(ears, row) if row.number == piece.number else None
            if there is not None and there.text == part.text:
                return False
            if row.number == piece.number:
                # References come round: another message begins, and the old one will not be finished.
                did, rows = _hear(ears, rows, now), []
                break
        if piece.number == 1 and not again and word_in(ears, part.text) == "stop":
            take(ears, alone, now)
            did = True
        inside = Inside(part.sender, _hex(part.text), part.to)
        closed = close_letter(ears.key, f"part {message} {piece.number}", inside)
        new = PartRow(message, piece.number, piece.of, part.channel, sender, closed, now, again)
        inbox.add_part(new)
        rows = sorted([*rows, new], key=lambda row: row.number)
        if len(rows) == piece.of:
            return _hear(ears, rows, now) or did
        return _give_up(ears, now) or did


def hear_late(ears: Ears, now: float) -> bool:
    """Hear what has waited long enough for its other parts; whether there was any. Raises StorageError."""
    if not too_much(ears.store.inbox.open_messages(), now):
        return False
    with ears.store.writing():
        return _give_up(ears, now)


def too_much(waiting: Sequence[OpenMessage], now: float) -> dict[str, str]:
    """Which of these messages, the oldest first, nobody waits for any longer, and why."""
    found = {
        one.message: "the others have not come for a day" for one in waiting if now - one.since >= WAIT_S
    }
    left = [one for one in waiting if one.message not in found]
    of_sender = Counter(one.sender_hash for one in left)
    parts = sum(one.parts for one in left)
    for one in left:
        if of_sender[one.sender_hash] > MOST_OF_SENDER:
            found[one.message] = f"its sender has begun {MOST_OF_SENDER} others since"
        elif parts > MOST_PARTS:
            found[one.message] = f"more than {MOST_PARTS} parts wait for others"
        else:
            continue
        of_sender[one.sender_hash] -= 1
        parts -= one.parts
    return found


def _give_up(ears: Ears, now: float) -> bool:
    did = False
    for message, why in too_much(ears.store.inbox.open_messages(), now).items():
        rows = ears.store.inbox.parts(message)
        if _hear(ears, rows, now):
            did = True
            logger.warning("of a long message %d of %d parts came: %s", len(rows), rows[0].of, why)
    return did


def _hear(ears: Ears, rows: Sequence[PartRow], now: float) -> bool:
    """The parts of a message go and it is heard; False where there was nothing new in it."""
    ears.store.inbox.remove_parts(rows[0].message)
    if all(row.again for row in rows):
        # The other side has not seen that all of it had arrived.
        return False
    there = {row.number: read for row in rows if (read := _read(ears, row)) is not None}
    if not there:
        return False
    first, of = there[min(there)], rows[0].of
    texts = {number: part.text for number, part in there.items()}
    rest = "".join(text for number, text in texts.items() if number > 1)
    if not rest.strip() and word_in(ears, texts[1]) == "stop":
        # That was heard when its first part came, and the rest says no more.
        return False
    whole = len(there) == of
    message = Heard("", first.channel, first.sender, join(texts, of), None, first.to, whole=whole)
    take(ears, message, now)
    return True


def _read(ears: Ears, row: PartRow) -> Heard | None:
    """What a row says; None where it cannot be opened with this key."""
    try:
        inside = open_letter(ears.key, f"part {row.message} {row.number}", row.closed)
    except BadLetter as wrong:
        logger.warning("a part of a long message is lost: %s", wrong)
        return None
    text = bytes.fromhex(inside.text).decode("utf-16-be", "surrogatepass")
    return Heard("", row.channel, inside.number, text, None, inside.subject)  # type: ignore[arg-type]  # written from a `HeardPart`


def _alone(part: HeardPart) -> Heard:
    return Heard("", part.channel, part.sender, part.text, None, part.to)


def _hex(text: str) -> str:
    """Half of a sign is no text that JSON takes."""
    return text.encode("utf-16-be", "surrogatepass").hex()
