"""What this till asked its hub and has no answer to: on disk before it is asked, asked again exactly as it was."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import msgspec

from hub.wire.sync import RedeemRequest
from kiosk.verdicts import Reversal


@dataclass(frozen=True, slots=True)
class Question:
    """What the hub is asked about one coupon. `coupon` is its serial, or the code that was typed where no more is known.

    `campaign`: None where only the hub knows. `sent`: it may have reached the hub.
    """

    coupon: str
    request: RedeemRequest
    campaign: int | None
    at: float
    sent: bool = True

    @property
    def nonce(self) -> str:
        """The name of the act."""
        return self.request.nonce

    def ready_for(self, asker: RedeemRequest, *, till: str = "") -> RedeemRequest:
        """The request as it was; one of an earlier release, that kept no names, under those of whoever asks now."""
        if self.request.till:
            return self.request
        return msgspec.structs.replace(self.request, till=asker.till or till, staff=asker.staff)


_ASK = "SELECT coupon, nonce, text, basket_cents, at, body, campaign, sent FROM ask"


def open_ask(conn: sqlite3.Connection, question: Question) -> Question:
    """The question to ask about a coupon: one that has had no answer yet, exactly as it was, else this new one."""
    before = ask_of(conn, question.coupon)
    if before is not None:
        if question.sent and not before.sent:
            conn.execute("UPDATE ask SET sent = 1 WHERE coupon = ?", (question.coupon,))
        return before
    request = question.request
    conn.execute(
        "INSERT INTO ask (coupon, nonce, text, basket_cents, at, body, campaign, sent) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            question.coupon,
            request.nonce,
            request.text,
            request.basket_cents,
            question.at,
            msgspec.json.encode(request),
            question.campaign,
            question.sent,
        ),
    )
    return question


def ask_of(conn: sqlite3.Connection, coupon: str) -> Question | None:
    """The open question about a coupon."""
    row = conn.execute(f"{_ASK} WHERE coupon = ?", (coupon,)).fetchone()
    return _read(row) if row else None


def close_ask(conn: sqlite3.Connection, coupon: str, nonce: str) -> None:
    """An answer came, or the act was decided here under the same nonce."""
    conn.execute("DELETE FROM ask WHERE coupon = ? AND nonce = ?", (coupon, nonce))


def open_asks(conn: sqlite3.Connection, limit: int) -> list[Question]:
    """Questions that may have reached the hub, the oldest first."""
    return [_read(row) for row in conn.execute(f"{_ASK} WHERE sent ORDER BY at LIMIT ?", (limit,))]


def count_asked(conn: sqlite3.Connection, campaign: int, but: str) -> int:
    """Coupons of a campaign about which the hub may have said yes without this till knowing; not the one called `but`.

    A code of which only the hub knows the campaign may be of any.
    """
    (count,) = conn.execute(
        "SELECT count(*) FROM ask WHERE sent AND coupon <> ? AND (campaign = ? OR campaign IS NULL)",
        (but, campaign),
    ).fetchone()
    return int(count)


def _read(row: tuple[str, str, str, int | None, float, bytes | None, int | None, int]) -> Question:
    coupon, nonce, text, basket_cents, at, body, campaign, sent = row
    # Without a body it is of a release that kept no more, and named the till and the staff of whoever asked again.
    plain = RedeemRequest(nonce, text, "", "", basket_cents)
    request = msgspec.json.decode(body, type=RedeemRequest) if body is not None else plain
    return Question(coupon, request, campaign, at, bool(sent))


def keep_undo(conn: sqlite3.Connection, reversal: Reversal, act: str, *, unseen: bool = False) -> None:
    """Keep an undo as it stands. `act`: the hub's name for what is taken back."""
    conn.execute(
        """INSERT INTO undo VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (nonce) DO UPDATE SET at = excluded.at,
           state = excluded.state, alone = excluded.alone, unseen = excluded.unseen, body = excluded.body""",
        (
            reversal.nonce,
            act,
            reversal.of,
            reversal.serial,
            reversal.at,
            reversal.state,
            reversal.offline,
            unseen,
            msgspec.json.encode(msgspec.structs.replace(reversal, unseen=False)),
        ),
    )


def undo_of(conn: sqlite3.Connection, nonce: str) -> Reversal | None:
    """What became of this undo so far."""
    row = conn.execute("SELECT body FROM undo WHERE nonce = ?", (nonce,)).fetchone()
    return msgspec.json.decode(row[0], type=Reversal) if row else None


def open_undo_of(conn: sqlite3.Connection, act: str) -> Reversal | None:
    """The undo of this act that the hub has not answered."""
    row = conn.execute("SELECT body FROM undo WHERE act = ? AND state = 'open'", (act,)).fetchone()
    return msgspec.json.decode(row[0], type=Reversal) if row else None


def open_undos(conn: sqlite3.Connection, limit: int) -> list[tuple[Reversal, str]]:
    """Undos that the hub has not answered, each with the name of its act, the oldest first."""
    rows = conn.execute("SELECT body, act FROM undo WHERE state = 'open' ORDER BY at LIMIT ?", (limit,))
    return [(msgspec.json.decode(body, type=Reversal), act) for body, act in rows]


def done_by_hub(conn: sqlite3.Connection, since: float) -> list[tuple[Reversal, str]]:
    """Undos that the hub decided since then, by its own clock, each with the name of its act."""
    rows = conn.execute(
        "SELECT body, act FROM undo WHERE state = 'reversed' AND NOT alone AND at >= ? ORDER BY at", (since,)
    )
    return [(msgspec.json.decode(body, type=Reversal), act) for body, act in rows]


def undone_alone(conn: sqlite3.Connection, serial: str) -> bool:
    """Whether this till took a use of the coupon back by itself: the hub may not have heard of it yet."""
    row = conn.execute(
        "SELECT 1 FROM undo WHERE serial = ? AND state = 'reversed' AND alone", (serial,)
    ).fetchone()
    return row is not None
