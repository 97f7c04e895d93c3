"""Where a manager is logged in, and how they end that from here."""

from __future__ import annotations

from flask import abort, g, request
from werkzeug.wrappers import Response

from hub.admin.office import Office, Route, back_to
from hub.sessions import end_others, end_own, own_sessions


def security(office: Office) -> Response:
    """A manager's own sessions; nobody sees those of somebody else."""
    return office.page("security.html", sessions=own_sessions(office.store, g.shopbell_session, office.now()))


def end(office: Office) -> Response:
    """End one other session, or all others."""
    match request.form.get("action"):
        case "others":
            end_others(office.store, g.shopbell_session, office.now())
            return back_to("security", "sessions-ended")
        case "one":
            # One that has ended meanwhile is as the manager wanted it.
            end_own(office.store, g.shopbell_session, request.form.get("session", ""), office.now())
            return back_to("security", "session-ended")
        case _:
            return abort(400)


ROUTES = (
    Route("/security", "security", security),
    Route("/security", "session_end", end, ("POST",)),
)
