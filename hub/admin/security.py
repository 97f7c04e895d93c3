"""One's own ways in: where a manager is logged in, codes of an app, passkeys; and who they are, asked once more."""

from __future__ import annotations

import os

from flask import abort, g, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from hub.admin.door import let_in, place
from hub.admin.guard import needs
from hub.admin.keychain import ask_to_add, ask_to_log_in, party
from hub.admin.office import Office, Route, back_to, own_path
from hub.roles import Right
from hub.sentences import Said, said
from hub.signing.knocking import Wait
from hub.signing.login import right_password
from hub.signing.passkeys import add_passkey, drop_passkey, log_in_by_passkey
from hub.signing.second import FreshCodes, begin_totp, confirm_totp, end_totp, has_totp, renew_codes
from hub.signing.sessions import begin_anew, end_others, end_own, own_sessions
from hub.signing.totp import key_uri, secret_text
from hub.storefront.languages import gettext
from hub.storefront.qr import qr_svg
from hub.wire.snapshot import say


def security(office: Office) -> Response:
    """A manager's own ways in; nobody sees those of somebody else."""
    return office.page(
        "security.html",
        sessions=own_sessions(office.store, g.shopbell_session, office.now()),
        codes=has_totp(office.store, office.who()),
        recovery=office.store.persons.recovery_codes(office.who()),
        passkeys=office.store.persons.passkeys(office.who()),
        passkeys_work=party(office) is not None,
    )


@needs(Right.READ, fresh=True)
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


def codes(office: Office) -> Response:
    """The codes of an app: how to begin, or that they are on."""
    return _codes_page(office)


@needs(Right.READ, fresh=True)
def codes_change(office: Office) -> Response:
    """Turn the codes on with a first one, off, or make new recovery codes."""
    who, now = office.who(), office.now()
    match request.form.get("action"):
        case "on":
            result = confirm_totp(
                office.store, office.key, who, request.form.get("code", ""), now, os.urandom
            )
            match result:
                case FreshCodes():
                    return _codes_page(office, fresh=result)
                case Wait():
                    return _codes_page(
                        office, fault=said("Too many wrong tries. Wait a little, then try again.")
                    )
                case _:
                    return _codes_page(office, fault=result)
        case "renew" if has_totp(office.store, who):
            return _codes_page(office, fresh=renew_codes(office.store, who, now, os.urandom))
        case "off":
            fault = end_totp(office.store, who, now)
            return _codes_page(office, fault=fault) if fault else back_to("security", "codes-off")
        case _:
            return abort(400)


def passkeys(office: Office) -> Response:
    """One's passkeys."""
    return _passkeys_page(office)


@needs(Right.READ, fresh=True)
def passkeys_change(office: Office) -> Response:
    """Keep a new passkey, or trust one no more."""
    match request.form.get("action", "add"):
        case "add":
            where = party(office)
            if where is None:
                return abort(400)
            name, answer = request.form.get("name", ""), request.form.get("answer", "")
            fault = add_passkey(office.store, office.key, where, office.who(), name, answer, office.now())
            return _passkeys_page(office, fault) if fault else back_to("passkeys", "passkey-added")
        case "remove":
            credential = request.form.get("credential", "")
            fault = drop_passkey(office.store, office.who(), credential, office.now())
            return _passkeys_page(office, fault) if fault else back_to("passkeys", "passkey-removed")
        case _:
            return abort(400)


def again(office: Office) -> Response:
    """Prove once more who one is, before what cannot be undone. The session goes on under another cookie."""
    goal = own_path(request.values.get("next")) or url_for(".today")
    fault = None
    if request.method == "POST":
        way = _proof(office)
        if way in ("password", "passkey"):
            return let_in(office, begin_anew(office.store, g.shopbell_session, office.now(), way=way), goal)
        fault = way
    return office.page(
        "again.html",
        401 if fault else 200,
        goal=goal,
        fault=fault,
        passkey=ask_to_log_in(office, _purpose(office)),
    )


def _proof(office: Office) -> str:
    """With what the manager proved who they are: password or passkey; else the sentence that says what was wrong."""
    answer, where = request.form.get("answer", ""), party(office)
    if answer:
        purpose = _purpose(office)
        proved = where and log_in_by_passkey(office.store, office.key, where, answer, office.now(), purpose)
        return "passkey" if proved == office.who() else gettext("That passkey does not open this hub.")
    typed = request.form.get("password", "")
    match right_password(office.store, office.who(), typed, place(), office.now()):
        case Wait():
            return gettext("Too many wrong tries. Wait a little, then try again.")
        case None:
            return gettext("That is not your password.")
        case _:
            return "password"


def _purpose(office: Office) -> str:
    return f"again {office.who()}"


def _codes_page(office: Office, *, fresh: FreshCodes | None = None, fault: Said | None = None) -> Response:
    who = office.who()
    secret = begin_totp(office.store, office.key, who, office.now(), os.urandom) if fresh is None else None
    shop = say(office.shop().name, "en") or "Shopbell"
    return office.page(
        "codes.html",
        422 if fault else 200,
        fresh=fresh,
        fault=fault,
        secret=secret_text(secret) if secret else None,
        qr=Markup(qr_svg(key_uri(secret, who, shop), gettext("The key for your app"))) if secret else None,  # noqa: S704 - ours
        recovery=office.store.persons.recovery_codes(who),
        required=office.store.persons.second_step_required(),
    )


def _passkeys_page(office: Office, fault: Said | None = None) -> Response:
    return office.page(
        "passkeys.html",
        422 if fault else 200,
        fault=fault,
        keys=office.store.persons.passkeys(office.who()),
        passkey=ask_to_add(office),
        typed=request.form,
    )


ROUTES = (
    Route("/security", "security", security),
    Route("/security", "session_end", end, ("POST",)),
    Route("/security/codes", "codes", codes),
    Route("/security/codes", "codes_change", codes_change, ("POST",)),
    Route("/security/passkeys", "passkeys", passkeys),
    Route("/security/passkeys", "passkeys_change", passkeys_change, ("POST",)),
    Route("/again", "again", again, ("GET", "POST")),
)
