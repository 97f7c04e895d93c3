"""What became of one coupon, from the taking to the last time that somebody took it back: for the office and the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hub.called_back import is_called_back
from hub.presenting import present
from hub.store.base import Store
from hub.store.records import Act, LedgerCoupon, Reversal, VoucherSum
from hub.wire.coupon import Coupon
from hub.wire.digital_link import parse
from hub.wire.rules import MANAGER_UNDO_S

Kind = Literal["taken", "accepted", "part", "conflict", "reversed", "refused", "held", "called_back"]
State = Literal["good", "redeemed", "spent", "held", "called_back", "expired", "unheard"]

SERIAL_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to a coupon. `till` is the name or the device, `who` the id of staff or a manager's name.

    `act` is the redemption itself where it is one; `may_reverse`: a manager can take it back now.
    """

    at: float
    kind: Kind
    till: str = ""
    who: str = ""
    value_cents: int | None = None
    reason: str = ""
    offline: bool = False
    flag: str | None = None
    by_manager: bool = False
    act: Act | None = None
    may_reverse: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """All that the hub knows of one coupon. `coupon` is None where its issue has not arrived; `balance_cents` for a voucher."""

    serial: str
    coupon: LedgerCoupon | None
    state: State
    moments: tuple[Moment, ...]
    balance_cents: int | None = None


def find_serial(store: Store, text: str) -> str | None:
    """The serial that a code, a scanned token, a GS1 Digital Link or a serial stands for; None where it is of none known."""
    link = parse(text)
    carried = link.carried() if link else None
    query = carried or text
    plain = "".join(query.split()).lower()
    if len(plain) == SERIAL_CHARACTERS and set(plain) <= set("0123456789abcdef"):
        known = store.ledger.coupon(plain) or store.counter.acts_of(plain)
        return plain if known else None
    coupon = present(store, query).coupon
    return coupon.serial if coupon else None


def history(store: Store, serial: str, now: float) -> History | None:
    """What became of a coupon; None where nothing here knows its serial."""
    coupon = store.ledger.coupon(serial)
    acts, refused = store.counter.acts_of(serial), store.counter.refusals_of(serial)
    if not (coupon or acts or refused):
        return None
    moments = [
        Moment(one.at, "refused", one.till, one.staff, reason=one.refusal, offline=one.offline)
        for one in refused
    ]
    if coupon is not None:
        moments.append(Moment(coupon.issued_at, "taken", coupon.device))
    for act in acts:
        moments.append(_accepted(act, now))
        back = store.ledger.reversal(act.device, act.nonce) if act.standing == "reversed" else None
        if back is not None:
            moments.append(_reversed(back))
    held = store.ledger.held(serial, now)
    if held is not None:
        moments.append(Moment(held.at, "held", held.till, held.staff))
    revoked = store.campaigns.revocation(serial)
    if revoked is not None:
        moments.append(Moment(revoked.at, "called_back", who=revoked.who, reason=revoked.reason))
    voucher = store.ledger.voucher(serial)
    balance = None if voucher is None else max(0, voucher.worth_cents - voucher.spent_cents)
    state = _state(store, coupon, acts, now, held=held is not None, voucher=voucher)
    moments.sort(key=lambda moment: moment.at)
    return History(serial, coupon, state, tuple(moments), balance)


def _accepted(act: Act, now: float) -> Moment:
    kind: Kind = "conflict" if act.standing == "conflict" else "accepted"
    if act.balance_cents is not None:
        kind = "part" if act.standing != "conflict" else kind
    return Moment(
        act.at,
        kind,
        act.till,
        act.staff,
        act.value_cents,
        offline=act.offline,
        flag=act.flag,
        act=act,
        may_reverse=act.standing != "reversed" and now - act.at <= MANAGER_UNDO_S,
    )


def _reversed(back: Reversal) -> Moment:
    return Moment(
        back.at,
        "reversed",
        back.till,
        back.staff,
        back.value_cents,
        back.reason,
        back.offline,
        back.flag,
        by_manager=back.by == "manager",
    )


def _state(
    store: Store,
    coupon: LedgerCoupon | None,
    acts: list[Act],
    now: float,
    *,
    held: bool,
    voucher: VoucherSum | None,
) -> State:
    if any(act.standing == "first" for act in acts):
        return "redeemed"
    if voucher is not None and voucher.spent_cents >= voucher.worth_cents:
        return "spent"
    if coupon is None:
        return "unheard"
    signed = Coupon(coupon.key_number, store.shop.number, coupon.campaign, coupon.serial, coupon.expires_at)
    if is_called_back(store, signed, coupon.issued_at):
        return "called_back"
    if now >= coupon.expires_at:
        return "expired"
    return "held" if held else "good"
