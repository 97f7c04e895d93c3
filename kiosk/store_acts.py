"""What the till knows of uses of coupons: its own acts, first uses that it learnt, holds, pictures of rotating coupons."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from typing import Literal

from hub.wire.rotating import Pace, Seen
from hub.wire.rules import FirstUse


@dataclass(frozen=True, slots=True)
class Use:
    """The use of a coupon that counts, as far as this till knows. A voucher has none."""

    serial: str
    campaign: int
    first: FirstUse
    decided_by: Literal["hub", "till", "learnt"]


@dataclass(frozen=True, slots=True)
class OwnAct:
    """One acceptance at this till. `nonce` is the hub's name for it, `verdict` the nonce under which this till said so."""

    nonce: str
    verdict: str
    serial: str
    campaign: int
    at: float
    staff: str
    member: str
    value_cents: int
    basket_cents: int | None
    balance_cents: int | None
    decided_by: Literal["hub", "till"]
    reversed_at: float | None = None


_ACT = (
    "SELECT nonce, verdict, serial, campaign, at, staff, member, value_cents, basket_cents, balance_cents, decided_by, "
    "reversed_at FROM act"
)


def use_of(conn: sqlite3.Connection, serial: str) -> Use | None:
    """The use of a coupon, where this till knows one."""
    row = conn.execute(
        "SELECT campaign, at, till, staff, nonce, decided_by FROM redemption WHERE serial = ?", (serial,)
    ).fetchone()
    if row is None:
        return None
    campaign, at, till, staff, nonce, decided_by = row
    return Use(serial, campaign, FirstUse(at, till, staff, nonce), decided_by)


def keep_use(conn: sqlite3.Connection, use: Use, value_cents: int, basket_cents: int | None) -> None:
    """Keep a use. What this till decided alone stays until it is taken back; of the rest, what was told last is true."""
    first = use.first
    conn.execute(
        """INSERT INTO redemption VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (serial) DO UPDATE SET
           campaign = excluded.campaign, nonce = excluded.nonce, at = excluded.at, till = excluded.till,
           staff = excluded.staff, value_cents = excluded.value_cents, basket_cents = excluded.basket_cents,
           decided_by = excluded.decided_by
           WHERE decided_by <> 'till' AND (excluded.decided_by <> 'learnt' OR abs(at - excluded.at) > 0.001)""",
        (
            use.serial,
            use.campaign,
            first.nonce,
            first.at,
            first.till,
            first.staff,
            value_cents,
            basket_cents,
            use.decided_by,
        ),
    )


def forget_use(conn: sqlite3.Connection, serial: str, nonce: str) -> bool:
    """The act under this nonce was taken back: the coupon counts as unused again, if it was this act that used it."""
    return conn.execute("DELETE FROM redemption WHERE serial = ? AND nonce = ?", (serial, nonce)).rowcount > 0


def uses_of_campaign(conn: sqlite3.Connection, campaign: int) -> int:
    """How many of a campaign's coupons were used, as far as this till knows."""
    (count,) = conn.execute("SELECT count(*) FROM redemption WHERE campaign = ?", (campaign,)).fetchone()
    return int(count)


def keep_act(conn: sqlite3.Connection, act: OwnAct) -> bool:
    """Keep an acceptance; False where it was here before."""
    row = (
        act.nonce,
        act.verdict,
        act.serial,
        act.campaign,
        act.at,
        act.staff,
        act.member,
        act.value_cents,
        act.basket_cents,
        act.balance_cents,
        act.decided_by,
        act.reversed_at,
    )
    statement = "INSERT OR IGNORE INTO act VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    return conn.execute(statement, row).rowcount > 0


def act_of(conn: sqlite3.Connection, nonce: str) -> OwnAct | None:
    """The acceptance that the hub knows by this nonce."""
    row = conn.execute(f"{_ACT} WHERE nonce = ?", (nonce,)).fetchone()
    return OwnAct(*row) if row else None


def free_act(conn: sqlite3.Connection, nonce: str) -> str:
    """This name where no acceptance has it yet, else one that follows from it."""
    while act_of(conn, nonce) is not None:
        nonce = hashlib.blake2b(f"again\n{nonce}".encode(), digest_size=16).hexdigest()
    return nonce


def acts_of_coupon(conn: sqlite3.Connection, serial: str) -> list[OwnAct]:
    """What happened to one coupon at this till, the latest first."""
    rows = conn.execute(f"{_ACT} WHERE serial = ? ORDER BY at DESC, rowid DESC", (serial,))
    return [OwnAct(*row) for row in rows]


def acts_of_member(conn: sqlite3.Connection, member: str, limit: int) -> list[OwnAct]:
    """What one member used at this till, the latest first."""
    rows = conn.execute(
        f"{_ACT} WHERE member = ? AND member <> '' ORDER BY at DESC, rowid DESC LIMIT ?", (member, limit)
    )
    return [OwnAct(*row) for row in rows]


def acts_since(conn: sqlite3.Connection, at: float) -> list[OwnAct]:
    """All acceptances at this till since then, in their order."""
    return [OwnAct(*row) for row in conn.execute(f"{_ACT} WHERE at >= ? ORDER BY at, rowid", (at,))]


def mark_reversed(conn: sqlite3.Connection, nonce: str, at: float) -> None:
    """An acceptance was taken back."""
    conn.execute("UPDATE act SET reversed_at = ? WHERE nonce = ? AND reversed_at IS NULL", (at, nonce))


def count_acts(conn: sqlite3.Connection, campaign: int, since: float, member: str = "") -> int:
    """Acceptances at this till since then that were not taken back; with `member` only theirs."""
    (count,) = conn.execute(
        "SELECT count(*) FROM act WHERE campaign = ? AND at >= ? AND reversed_at IS NULL AND (? = '' OR member = ?)",
        (campaign, since, member, member),
    ).fetchone()
    return int(count)


def count_for_member(conn: sqlite3.Connection, staff: str, member: str, since: float) -> int:
    """What one member of staff accepted here for one member since then, of any campaign."""
    if not member:
        return 0
    (count,) = conn.execute(
        "SELECT count(*) FROM act WHERE member = ? AND staff = ? AND at >= ? AND reversed_at IS NULL",
        (member, staff, since),
    ).fetchone()
    return int(count)


def keep_hold(conn: sqlite3.Connection, nonce: str, serial: str, until: float) -> None:
    """The hub holds a coupon for this till."""
    conn.execute("INSERT OR REPLACE INTO hold VALUES (?, ?, ?)", (nonce, serial, until))


def drop_hold(conn: sqlite3.Connection, nonce: str) -> None:
    """It is held no more."""
    conn.execute("DELETE FROM hold WHERE nonce = ?", (nonce,))


def is_held(conn: sqlite3.Connection, serial: str, but: str, now: float) -> bool:
    """Whether this till holds the coupon for another purchase than the one under the nonce `but`."""
    row = conn.execute(
        "SELECT 1 FROM hold WHERE serial = ? AND nonce <> ? AND until > ?", (serial, but, now)
    ).fetchone()
    return row is not None


def seen_of(conn: sqlite3.Connection, serial: str, key_number: int) -> Seen:
    """What this till remembers of a coupon's pictures."""
    pace = conn.execute(
        "SELECT step, own, sure FROM picture_pace WHERE key_number = ?", (key_number,)
    ).fetchone()
    seen = conn.execute(
        "SELECT accepted, wrong_digits FROM picture_seen WHERE serial = ?", (serial,)
    ).fetchone()
    accepted, wrong = seen or (None, 0)
    return Seen(Pace(pace[0], pace[1], bool(pace[2])) if pace else None, accepted, wrong)


def keep_seen(conn: sqlite3.Connection, serial: str, key_number: int, seen: Seen, now: float) -> None:
    """Remember it."""
    if seen.pace is not None:
        row = (key_number, seen.pace.step, seen.pace.own, seen.pace.sure)
        conn.execute("INSERT OR REPLACE INTO picture_pace VALUES (?, ?, ?, ?)", row)
    if seen.accepted is not None or seen.wrong_digits:
        row_seen = (serial, seen.accepted, seen.wrong_digits, now)
        conn.execute("INSERT OR REPLACE INTO picture_seen VALUES (?, ?, ?, ?)", row_seen)
