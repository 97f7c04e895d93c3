"""Staff look a coupon up: what became of it, or what a member has used last. Nothing is redeemed by it.

A wrong code counts against the till exactly as when it is redeemed, and so does an id that nobody has: looking is no way to
guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from hub.called_back import is_called_back
from hub.presenting import Presented, count_guess, guessing, present, too_many
from hub.store.base import Store
from hub.store.records import Act, Device
from hub.wire.coupon import CODE_CHARACTERS, Coupon
from hub.wire.identity import fold_typed
from hub.wire.refusals import Refusal
from hub.wire.sync import Found, LookReply, LookRequest, Problem

MOST_FOUND = 20
"""Of a member's acts: what fits a screen, and the questions that are asked under the lock."""


def look(store: Store, device: Device, request: LookRequest, now: float) -> LookReply | tuple[int, Problem]:
    """What is known of a token, a code or a member's opaque id, the latest first. Call inside `store.writing()`.

    For a member one line for each act, for a coupon one that tells how it stands; of a voucher, its latest part and what is left.
    """
    presented = present(store, request.text)
    if presented.refusal == Refusal.BAD_CODE:
        return _look_at_member(store, device, request.text.strip(), now)
    stopped = guessing(store, device, presented, now)
    if stopped is not None:
        return stopped
    if presented.coupon is None:
        return LookReply(refusal=(presented.refusal or Refusal.UNKNOWN_COUPON).value)
    if presented.coupon.shop != store.shop.number:
        return LookReply(refusal=Refusal.WRONG_STORE.value)
    if presented.key is None and presented.issue is None:
        return LookReply(refusal=Refusal.BAD_SIGNATURE.value)
    return LookReply(found=(_found(store, presented, presented.coupon, now),))


def _look_at_member(store: Store, device: Device, member: str, now: float) -> LookReply | tuple[int, Problem]:
    stopped = too_many(store, device, now)
    if stopped is not None:
        return stopped
    acts = _acts_of_person(store, member)
    if not acts:
        if len(fold_typed(member)) != CODE_CHARACTERS:
            # A code with a wrong character is a slip; what is no code at all may be somebody trying ids.
            count_guess(store, device, now)
        return LookReply(refusal=Refusal.BAD_CODE.value)
    return LookReply(found=tuple(_lines(store, acts)))


def _acts_of_person(store: Store, member: str) -> list[Act]:
    """What they used last, under whichever of their memberships."""
    group = store.register.group(member)
    acts = [act for one in group for act in store.ledger.acts_of_member(one, MOST_FOUND)]
    return acts if len(group) == 1 else sorted(acts, key=lambda act: -act.at)[:MOST_FOUND]


def _lines(store: Store, acts: Iterable[Act]) -> Iterator[Found]:
    for act in acts:
        issue = store.ledger.coupon(act.serial)
        yield Found(
            serial=act.serial,
            campaign=act.campaign,
            code=issue.code if issue is not None else "",
            issued_at=issue.issued_at if issue is not None else 0.0,
            expires_at=issue.expires_at if issue is not None else 0,
            state="reversed" if act.standing == "reversed" else "redeemed",
            at=act.at,
            till=act.till,
            staff=act.staff,
            value_cents=act.value_cents,
            balance_cents=act.balance_cents,
        )


def _found(store: Store, presented: Presented, coupon: Coupon, now: float) -> Found:
    """How one coupon stands. What used it up comes before what else is wrong with it, as in the rule."""
    ledger, issue = store.ledger, presented.issue
    issued_at = issue.issued_at if issue is not None else None
    plain = Found(
        serial=coupon.serial,
        campaign=coupon.campaign,
        code=issue.code if issue is not None else "",
        issued_at=issued_at or 0.0,
        expires_at=coupon.expires_at,
        state="open",
    )
    first = ledger.first_act(coupon.serial)
    if first is not None:
        return _by(plain, "redeemed", first)
    voucher = ledger.voucher(coupon.serial)
    if voucher is not None:
        left = max(0, voucher.worth_cents - voucher.spent_cents)
        plain = msgspec.structs.replace(plain, balance_cents=left)
        part = ledger.latest_part(coupon.serial)
        if part is not None:
            plain = msgspec.structs.replace(
                _by(plain, "open" if left else "redeemed", part), balance_cents=left
            )
            if not left:
                return plain
    held = ledger.held(coupon.serial, now)
    if held is not None:
        return msgspec.structs.replace(plain, state="reserved", at=held.at, till=held.till, staff=held.staff)
    if is_called_back(store, coupon, issued_at):
        return msgspec.structs.replace(plain, state="revoked")
    if now >= coupon.expires_at:
        return msgspec.structs.replace(plain, state="expired")
    back = ledger.latest_reversal(coupon.serial)
    if back is not None and plain.at is None:
        return msgspec.structs.replace(plain, state="reversed", at=back.at, till=back.till, staff=back.staff)
    return plain


def _by(plain: Found, state: Literal["open", "redeemed"], act: Act) -> Found:
    return msgspec.structs.replace(
        plain, state=state, at=act.at, till=act.till, staff=act.staff, value_cents=act.value_cents
    )
