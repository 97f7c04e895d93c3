"""One coupon: its whole history; a manager takes a redemption back, or calls the coupon back, with a reason."""

from __future__ import annotations

import re
import secrets

from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin.names import staff_names, till_names, titles
from hub.admin.office import Office, Route, back_to
from hub.histories import find_serial, history
from hub.reversing import OFFICE, reverse_as_manager
from hub.sentences import Said, said
from hub.storefront.languages import gettext, language
from hub.wire.coupon import show_code
from hub.wire.refusals import sentence

REASON_LONGEST = 200
_ACT_ID = re.compile("office-[0-9a-f]{32}")


def one_coupon(
    office: Office, query: str, *, faults: dict[str, Said | str] | None = None, status: int = 200
) -> Response:
    """What became of the coupon that is asked for."""
    serial = find_serial(office.store, query)
    found = history(office.store, serial, office.now()) if serial else None
    spoken = language()
    tills = till_names(office) | {OFFICE: gettext("the office")}
    return office.page(
        "coupon.html",
        status if found else 404,
        query=query,
        serial=serial,
        history=found,
        code=show_code(found.coupon.code) if found and found.coupon else None,
        sentence=lambda code: sentence(code, spoken),
        titles=titles(office),
        staff=staff_names(office),
        tills=tills,
        faults=faults or {},
        typed=request.form if faults else {},
        # Made when the form is shown: sent twice, it is one reversal.
        act_id=f"office-{secrets.token_hex(16)}",
    )


def reverse(office: Office, serial: str) -> Response:
    """Take a redemption back as a manager."""
    form, reason = request.form, _reason()
    device, nonce, act_id = form.get("device", ""), form.get("nonce", ""), form.get("act_id", "")
    if not _ACT_ID.fullmatch(act_id) or not office.store.counter.acts_of(serial):
        abort(400)
    if isinstance(reason, Said):
        return one_coupon(office, serial, faults={f"reason-{nonce}": reason}, status=422)
    reply = reverse_as_manager(
        office.store, device, nonce, manager=office.who(), reason=reason, act_id=act_id, now=office.now(),
        clock=office.clock(),
    )  # fmt: skip
    if reply.refusal:
        return one_coupon(
            office, serial, faults={f"reason-{nonce}": sentence(reply.refusal, language())}, status=409
        )
    office.note("coupon.reversed", serial)
    return back_to("coupons", "reversed", q=serial)


def call_back_one(office: Office, serial: str) -> Response:
    """Let this coupon be good no more."""
    reason = _reason()
    if history(office.store, serial, office.now()) is None:
        abort(404)
    if isinstance(reason, Said):
        return one_coupon(office, serial, faults={"reason": reason}, status=422)
    with office.store.writing():
        if office.store.campaigns.revoke(serial, office.now(), office.who(), reason):
            office.note("coupon.called_back", serial)
    return back_to("coupons", "called-back", q=serial)


def _reason() -> str | Said:
    reason = " ".join(request.form.get("reason", "").split())
    if not reason:
        return said("Say why: whoever looks at this coupon later reads it.")
    if len(reason) > REASON_LONGEST:
        return said("At most %(count)s characters.", count=REASON_LONGEST)
    return reason


ROUTES = (
    Route("/coupons/<serial>/reverse", "coupon_reverse", reverse, ("POST",)),
    Route("/coupons/<serial>/call-back", "coupon_call_back", call_back_one, ("POST",)),
)
