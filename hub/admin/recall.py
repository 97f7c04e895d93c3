"""Calling many coupons back at once: all of an offer, or all that one device signed, within a stretch of time, with a reason."""

from __future__ import annotations

from dataclasses import dataclass

from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin.names import till_names, titles
from hub.admin.office import Office, Route, back_to
from hub.called_back import call_back, let_be_good
from hub.sentences import Said, said
from hub.store.key_records import KeyRecord
from hub.typed import Typed, read_local

REASON_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """Which coupons are to be called back. Times are seconds of UTC."""

    campaign: int | None
    key_number: int | None
    taken_from: int | None
    taken_before: int | None
    reason: str


def recall(office: Office) -> Response:
    """The rules that hold, and a form for another one."""
    return _page(office)


def add(office: Office) -> Response:
    """Call coupons back, after saying once what that means."""
    read = _read(office)
    if isinstance(read, dict):
        return _page(office, read, 422)
    if request.form.get("sure") != "yes":
        return office.page(
            "recall_sure.html",
            wish=read,
            typed=request.form,
            out=out_there(office, read),
            titles=titles(office),
            device=_signer(office, read.key_number),
        )
    made = call_back(
        office.store,
        office.now(),
        office.who(),
        read.reason,
        campaign=read.campaign,
        key_number=read.key_number,
        taken_from=read.taken_from,
        taken_before=read.taken_before,
    )
    if isinstance(made, str):
        return _page(office, {"form": Said(made)}, 409)
    return back_to("recall", "called-back-many")


def remove(office: Office, number: int) -> Response:
    """Let what a rule called back be good again."""
    if not let_be_good(office.store, number, office.now(), office.who()):
        abort(404)
    return back_to("recall", "good-again")


def out_there(office: Office, wish: Wish) -> int:
    """How many coupons it can reach at most: those that were taken and not redeemed, as far as the hub has heard."""
    device = _signer(office, wish.key_number)
    tallies = [
        tally
        for tally in office.store.ledger.tallies()
        if wish.campaign is None or tally.campaign == wish.campaign
    ]
    if device is not None:
        # Where a device's coupons were redeemed is not counted by device: all that it handed out, at most.
        return sum(tally.issued for tally in tallies if tally.device == device)
    return max(0, sum(tally.issued - tally.redeemed for tally in tallies))


def _read(office: Office) -> Wish | dict[str, Said]:
    typed, zone = Typed(request.form), office.shop().timezone
    faults: dict[str, Said] = {}
    moments: dict[str, int | None] = {}
    for name in ("taken_from", "taken_before"):
        text = typed.get(name)
        at = read_local(text, zone) if text else None
        if text and not isinstance(at, int):
            faults[name] = at or said("Give a day and a time.")
        moments[name] = at if isinstance(at, int) else None
    first, before = moments["taken_from"], moments["taken_before"]
    if first is not None and before is not None and first >= before:
        faults["taken_before"] = said("The end must be after the start.")
    campaign, key = request.form.get("campaign", type=int), request.form.get("key", type=int)
    if campaign is None and key is None:
        faults["campaign"] = said("Say of which offer, or by which device, the coupons are.")
    elif campaign is not None and office.store.campaigns.get(campaign) is None:
        faults["campaign"] = said("There is no offer %(number)s.", number=campaign)
    if key is not None and office.store.keys.get(key) is None:
        faults["key"] = said("Choose a key from the list.")
    reason = " ".join(typed.get("reason").split())
    if not reason:
        faults["reason"] = said("Say why: whoever looks at this coupon later reads it.")
    elif len(reason) > REASON_LONGEST:
        faults["reason"] = said("At most %(count)s characters.", count=REASON_LONGEST)
    return faults or Wish(campaign, key, first, before, reason)


def _signer(office: Office, key_number: int | None) -> str | None:
    key: KeyRecord | None = office.store.keys.get(key_number) if key_number is not None else None
    return key.device if key else None


def _page(office: Office, faults: dict[str, Said] | None = None, status: int = 200) -> Response:
    return office.page(
        "recall.html",
        status,
        rules=office.store.keys.rules(),
        offers=office.store.campaigns.all(),
        keys=office.store.keys.all(),
        titles=titles(office),
        tills=till_names(office),
        signers={key.number: key.device for key in office.store.keys.all()},
        faults=faults or {},
        typed=request.form if faults else request.args,
    )


ROUTES = (
    Route("/coupons/recall", "recall", recall),
    Route("/coupons/recall", "recall_add", add, ("POST",)),
    Route("/coupons/recall/<int:number>/remove", "recall_remove", remove, ("POST",)),
)
