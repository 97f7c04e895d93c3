"""What tills and kiosks ask while a guest joins: an invitation for the guest's own phone, a code to the guest's number."""

from __future__ import annotations

import os

from hub.members.codes import Codes
from hub.members.invitations import Invitations
from hub.question import TILLS, Answer, AnyQuestion, Here, Question
from hub.store.records import Device
from hub.storefront.numbers import LONGEST_TYPED, read_number
from hub.wire.sealing import BadSeal, unseal
from hub.wire.sync_doors import (
    CodeCheckReply,
    CodeCheckRequest,
    CodeReply,
    CodeRequest,
    InvitedReply,
    InvitedRequest,
    InviteReply,
    InviteRequest,
)


def invite(here: Here, device: Device, asked: InviteRequest, now: float) -> Answer:
    """Somebody of the staff asks a guest, or a screen offers its page to the guest's own phone (`staff` empty)."""
    out = here.outward
    if not asked.staff:
        # Nobody waits for whoever comes from a screen by themselves.
        return InviteReply(f"{out.url}/join" if out.url else "", 0.0, out.sends(), out.country)
    invitations = Invitations(here.store, here.people())
    secret, until = invitations.invite(asked.nonce, device.device, asked.till, asked.staff, now)
    url = f"{out.url}/join?i={secret}" if out.url else ""
    return InviteReply(url, until, out.sends(), out.country)


def invited(here: Here, device: Device, asked: InvitedRequest, now: float) -> Answer:
    """What became of it."""
    invitations = Invitations(here.store, here.people())
    if asked.ended:
        invitations.end(asked.nonce, device.device)
    row = invitations.state(asked.nonce, device.device, now)
    return InvitedReply(row.state, here.store.register.into(row.member) if row.member else "")


def send_code(here: Here, device: Device, asked: CodeRequest, now: float) -> Answer:
    """A code to a number that was typed at a screen; it comes sealed, and is kept as a hash."""
    if not here.outward.sends():
        return CodeReply(False, why="no-way")
    number = read_number(_opened(here, asked.sealed), here.outward.country)
    if number is None:
        return CodeReply(False, why="wrong-number")
    held = Codes(here.store, here.people(), os.urandom).send(
        number, _handle(device, asked.nonce), asked.language, now
    )
    if held is not None:
        return CodeReply(False, number.shown, held.why, held.wait_s)
    return CodeReply(True, number.shown)


def check_code(here: Here, device: Device, asked: CodeCheckRequest, now: float) -> Answer:
    """Whether the code that came back is right."""
    number = read_number(_opened(here, asked.sealed), here.outward.country)
    if number is None:
        return CodeCheckReply(False, "wrong-number")
    codes = Codes(here.store, here.people(), os.urandom)
    held = codes.check(_handle(device, asked.nonce), number.e164, asked.code, now)
    return CodeCheckReply(True) if held is None else CodeCheckReply(False, held.why)


def _opened(here: Here, sealed: str) -> str:
    try:
        return unseal(here.key, sealed)[:LONGEST_TYPED].decode("utf-8", "replace")
    except BadSeal:
        return ""


def _handle(device: Device, nonce: str) -> str:
    return f"{device.device} {nonce}"


QUESTIONS: tuple[AnyQuestion, ...] = (
    Question(
        "invite",
        "A till asks a guest to join, on the guest's own phone.",
        InviteRequest,
        InviteReply,
        invite,
        TILLS,
    ),
    Question(
        "invited", "What a guest said whom a till has asked.", InvitedRequest, InvitedReply, invited, TILLS
    ),
    Question(
        "code",
        "Send a code to a number that was typed at a screen.",
        CodeRequest,
        CodeReply,
        send_code,
        TILLS,
    ),
    Question(
        "codecheck", "Is this the code that was sent?", CodeCheckRequest, CodeCheckReply, check_code, TILLS
    ),
)
