"""Staff: who may redeem at the tills, and their PINs."""

from __future__ import annotations

from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin.office import Office, Route, back_to
from hub.people import NewStaff, add_staff, new_pin, set_own_member, set_staff_active
from hub.sentences import Said


def staff(office: Office) -> Response:
    """Everybody who redeems or did."""
    return _page(office)


def add(office: Office) -> Response:
    """Let somebody redeem; the PIN is shown on this one page."""
    chosen = request.form.get("pin", "").strip() or None
    result = add_staff(
        office.store,
        request.form.get("name", ""),
        chosen,
        office.now(),
        who=office.who(),
        pepper=office.pepper(),
        member=request.form.get("member", "").strip(),
    )
    if isinstance(result, NewStaff):
        return _page(office, fresh=result)
    return _page(office, faults=result, status=422)


def change(office: Office, member: str) -> Response:
    """Keep somebody out, let them in again, or give them another PIN."""
    match request.form.get("action"):
        case "new-pin":
            fresh = new_pin(office.store, member, office.now(), who=office.who(), pepper=office.pepper())
            if fresh is not None:
                return _page(office, fresh=fresh)
        case "own-member":
            field = f"member_{member}"
            chosen = request.form.get(field, "").strip()
            fault = set_own_member(office.store, member, chosen, office.now(), who=office.who())
            if fault is None:
                return back_to("staff", "member-set" if chosen else "saved")
            return _page(office, faults={field: fault}, status=422)
        case "keep-out" | "let-in" as action:
            if set_staff_active(office.store, member, action == "let-in", office.now(), who=office.who()):
                return back_to("staff", "let-in" if action == "let-in" else "kept-out")
        case _:
            return abort(400)
    return abort(404)


def _page(
    office: Office, *, fresh: NewStaff | None = None, faults: dict[str, Said] | None = None, status: int = 200
) -> Response:
    return office.page(
        "staff.html",
        status,
        members=sorted(office.store.people.staff(), key=lambda member: (not member.active, member.name)),
        fresh=fresh,
        faults=faults or {},
        typed=request.form if faults else {},
    )


ROUTES = (
    Route("/staff", "staff", staff),
    Route("/staff", "staff_add", add, ("POST",)),
    Route("/staff/<member>", "staff_change", change, ("POST",)),
)
