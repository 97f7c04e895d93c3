"""Who is let in: sessions by an opaque cookie, a token in every form, and what every answer tells the browser."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

import msgspec
from flask import Response as FlaskResponse
from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response

from hub.admin.guard import Need, lets, role_of
from hub.admin.office import Office, own_path
from hub.client.trouble import StorageError
from hub.signing.login import SESSION_S, session_of
from hub.signing.passwords import form_token
from hub.signing.sessions import is_fresh, note_seen
from hub.signing.standing import needs_second_step
from hub.store.records import Session
from hub.storefront.headers import guard
from hub.storefront.languages import gettext

COOKIE = "shopbell_manager"
FORM_COOKIE = "shopbell_form"
"""For forms before there is a session: logging somebody in as somebody else is a forgery too."""

MAX_REQUEST_BYTES = 40 * 2**20
"""Above the limit on pictures, so that a picture that is too large gets its sentence beside its field."""

FORM_FIELD = "form_token"

WITHOUT_SECOND_STEP = frozenset({"codes", "codes_change", "passkeys", "passkeys_change", "again", "logout"})
"""What somebody may do who still has to add the second step that an owner asks for."""


def check(
    office: Office, open_endpoints: frozenset[str], needed: Mapping[str, Need | None]
) -> Response | None:
    """Let a request in, send it to the door, or refuse what this person may not do. Runs before every page."""
    request.max_content_length = MAX_REQUEST_BYTES
    endpoint = (request.endpoint or "").rpartition(".")[2]
    token = cookie(office, COOKIE)
    session = session_of(office.store, token, office.now())
    if session is not None:
        g.shopbell_session = session
        g.shopbell_role = role_of(office.store, session.manager)
        g.shopbell_form_token = form_token(token)
    elif endpoint in open_endpoints:
        before = cookie(office, FORM_COOKIE)
        g.shopbell_form_cookie = before if len(before) >= 32 else secrets.token_urlsafe(32)
        g.shopbell_form_token = form_token(g.shopbell_form_cookie)
    else:
        if not office.store.people.managers():
            return redirect(url_for(".setup"), 303)
        wanted = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for(".login", next=request.script_root + wanted if wanted else None), 303)
    if request.method == "POST" and not hmac.compare_digest(
        request.form.get(FORM_FIELD, "").encode(), g.shopbell_form_token.encode()
    ):
        return office.page(
            "sorry.html",
            403,
            title=gettext("This form is too old"),
            text=gettext(
                "It was made before you logged in or out. Open the page again, then send it once more."
            ),
        )
    if session is not None and endpoint not in open_endpoints:
        return _may_pass(office, session, endpoint, needed.get(endpoint))
    return None


def _may_pass(office: Office, session: Session, endpoint: str, need: Need | None) -> Response | None:
    """None where whoever is logged in may do this now."""
    proved = request.method in ("GET", "HEAD") or need is None or not need.wants_proof(request.form)
    if not lets(g.shopbell_role, need, request.form):
        return _refuse(office, endpoint, need)
    if endpoint not in WITHOUT_SECOND_STEP and needs_second_step(office.store, session.manager):
        return redirect(url_for(".codes"), 303)
    if not proved and not is_fresh(office.store, session, office.now()):
        return redirect(url_for(".again", next=_page_before()), 303)
    # A disk that is full keeps nobody from reading.
    with suppress(StorageError):
        note_seen(office.store, session, office.now())
    return None


def _page_before() -> str:
    """The page on which the form stood, or the first one."""
    before = urlsplit(request.referrer or "")
    return own_path(before.path if before.netloc == request.host else None) or url_for(".today")


def _refuse(office: Office, endpoint: str, need: Need | None) -> Response:
    """Say that this is for somebody else; what was to be changed is written down with who tried."""
    if request.method not in ("GET", "HEAD"):
        right = need.of(request.form) if need else "owner"
        detail = msgspec.json.encode({"page": endpoint, "right": right, "role": g.shopbell_role}).decode()
        office.note("write.refused", endpoint, detail)
    return office.page(
        "sorry.html",
        403,
        title=gettext("This is for somebody else"),
        text=gettext("You are not allowed to do this. Ask an owner of the shop; nothing was changed."),
    )


def finish(office: Office, response: FlaskResponse) -> FlaskResponse:
    """Put the headers on, and keep the cookie of a form that needs one."""
    if "shopbell_form_cookie" in g and cookie(office, FORM_COOKIE) != g.shopbell_form_cookie:
        set_cookie(office, response, FORM_COOKIE, g.shopbell_form_cookie)
    return guard(response, scripts=True)


def cookie(office: Office, name: str) -> str:
    """What the browser sent under this name; "" where it sent nothing."""
    return request.cookies.get(_cookie_name(office, name), "")


def set_cookie(office: Office, response: Response, name: str, value: str) -> None:
    """A cookie that no script can read, that no other site can send with a form, and that goes to these pages only."""
    response.set_cookie(
        _cookie_name(office, name),
        value,
        max_age=SESSION_S,
        path=_path(),
        secure=office.secure,
        httponly=True,
        samesite="Lax",
    )


def drop_cookie(office: Office, response: Response, name: str) -> None:
    """Take a cookie back."""
    response.delete_cookie(
        _cookie_name(office, name), path=_path(), secure=office.secure, httponly=True, samesite="Lax"
    )


def _cookie_name(office: Office, name: str) -> str:
    # Under this prefix a browser takes no cookie that came without TLS (RFC 6265bis, 4.1.3.1).
    return f"__Secure-{name}" if office.secure else name


def _path() -> str:
    return url_for(".today", lang=None)
