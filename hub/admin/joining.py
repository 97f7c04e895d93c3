"""A device that shows a code: what it is, and whether it is let in, as what. Its QR leads here, its code is typed here."""

from __future__ import annotations

from flask import request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from hub.admin.guard import needs
from hub.admin.office import Office, Route, back_to
from hub.fleet.doors import accept, turn_away, waiting
from hub.fleet.plan import Plan
from hub.roles import Right
from hub.sentences import Said, said
from hub.wire.joining import show_joining_code
from hub.wire.sync import Problem

SENTENCES: dict[str, Said] = {
    "bad_code": said("That is no code of a device. It has three groups of four letters and digits."),
    "unknown_code": said(
        "No device that shows this code has asked this hub. Compare it once more; does the device have this hub's address?"
    ),
    "refused_code": said("This device was turned away. Start its set-up again for a new code."),
    "used_code": said("This code was used before. It is good once."),
    "late_code": said("This code is too old: it is good for ten minutes. The device shows a new one."),
    "unknown_group": said("That group is not there any more. Choose another one."),
    "unknown_device": said("The device that was to be replaced is not there any more."),
    "wrong_program": said("A device at the door cannot replace one at the counter, nor the other way round."),
}
"""What `hub.fleet.doors` refuses, in the reader's words."""


def join(office: Office) -> Response:
    """The device that shows this code; without a code, where to type it."""
    return _page(office, request.args.get("code", ""))


def _page(office: Office, code: str, problem: Problem | None = None) -> Response:
    now = office.now()
    found = waiting(office.store, code, now) if code else None
    wrong = problem or (found if isinstance(found, Problem) else None)
    asking = None if found is None or isinstance(found, Problem) else found
    old = [one for one in office.store.devices.all() if asking is not None and one.program == asking.program]
    return office.page(
        "device_join.html",
        422 if wrong is not None else 200,
        asking=asking,
        code=show_joining_code(asking.code) if asking is not None else code[:60],
        wrong=SENTENCES.get(wrong.code, said("That did not work.")) if wrong is not None else None,
        teams=office.store.fleet.teams(),
        old=old,
        typed=request.form if request.method == "POST" else request.args,
    )


@needs(Right.DEVICE)
def join_answer(office: Office) -> Response:
    """Let the device in, or do not."""
    form, now, who = request.form, office.now(), office.who()
    code = form.get("code", "")
    if form.get("answer") == "no":
        problem = turn_away(office.store, code, now, who)
        return _page(office, code, problem) if problem is not None else back_to("devices", "turned-away")
    replaces = form.get("replaces", "")
    plan = Plan(
        name=" ".join(form.get("name", "").split())[:60],
        team="" if replaces else form.get("team", ""),
        replaces=replaces,
        stolen=bool(replaces) and form.get("stolen") == "yes",
        keep_rights=bool(replaces) and form.get("keep_rights") == "yes",
    )
    taken = accept(office.store, code, plan, now, who)
    if isinstance(taken, Problem):
        return _page(office, code, taken)
    if replaces:
        return redirect(url_for(".device", device=replaces, done="replaced"), 303)
    return back_to("devices", "let-join")


ROUTES = (
    Route("/devices/join", "device_join", join),
    Route("/devices/join", "device_join_answer", join_answer, ("POST",)),
)
