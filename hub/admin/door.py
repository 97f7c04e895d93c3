"""The way in: set up the first manager, join with an invitation, log in with its second step, log out, change the password."""

from __future__ import annotations

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response

from hub.admin.gate import COOKIE, FORM_COOKIE, cookie, drop_cookie, set_cookie
from hub.admin.keychain import ask_to_log_in, party
from hub.admin.office import Office, Route, back_to, own_path
from hub.sentences import said
from hub.signing.joining import accept, set_up
from hub.signing.knocking import Wait
from hub.signing.login import (
    LoggedIn,
    SecondStep,
    begin_session,
    change_password,
    log_in,
    log_in_second,
    log_out,
    right_password,
    waiting_for_second,
)
from hub.signing.passkeys import log_in_by_passkey
from hub.signing.passwords import PASSWORD_SHORTEST, secret_fits
from hub.signing.sessions import browser_family, note_begun
from hub.storefront.languages import gettext


def place() -> str:
    """Where the request comes from, as far as the server itself can tell."""
    return request.remote_addr or "somewhere"


def setup(office: Office) -> Response:
    """Make the first manager with the set-up code; closed as soon as there is one."""
    if office.store.people.managers():
        return back_to("login")
    faults = {}
    wait = None
    if request.method == "POST":
        name, password = request.form.get("name", ""), request.form.get("password", "")
        result = set_up(office.store, request.form.get("code", ""), name, password, place(), office.now())
        match result:
            case LoggedIn():
                return let_in(office, result, url_for(".today", done="welcome"))
            case Wait(seconds):
                wait = seconds
            case _:
                faults = result
    return office.page(
        "setup.html",
        429 if wait else 422 if faults else 200,
        faults=faults,
        wait=wait,
        typed=request.form,
        shortest=PASSWORD_SHORTEST,
        has_shop=office.store.shop.get() is not None,
        has_code=office.store.entry.has_setup_code(),
    )


def join(office: Office) -> Response:
    """Become a manager with the code of an invitation."""
    if not office.store.people.managers():
        return back_to("setup")
    faults = {}
    wait = None
    if request.method == "POST":
        name, password = request.form.get("name", ""), request.form.get("password", "")
        result = accept(office.store, request.form.get("code", ""), name, password, place(), office.now())
        match result:
            case LoggedIn():
                return let_in(office, result, url_for(".today", done="joined"))
            case Wait(seconds):
                wait = seconds
            case _:
                faults = result
    return office.page(
        "join.html",
        429 if wait else 422 if faults else 200,
        faults=faults,
        wait=wait,
        typed=request.form,
        shortest=PASSWORD_SHORTEST,
    )


def login(office: Office) -> Response:
    """Log in. What is wrong is never said more exactly than that name and password do not belong together."""
    if not office.store.people.managers():
        return back_to("setup")
    goal = own_path(request.values.get("next"))
    if "shopbell_session" in g and request.method == "GET":
        return redirect(goal or url_for(".today"), 303)
    fault, wait = None, None
    if request.method == "POST":
        result = log_in(
            office.store,
            request.form.get("name", ""),
            request.form.get("password", ""),
            place(),
            office.now(),
        )
        match result:
            case LoggedIn():
                return let_in(office, result, goal or url_for(".today"))
            case SecondStep():
                return _second_page(office, result, goal)
            case Wait(seconds):
                wait = seconds
            case None:
                fault = gettext("That name and that password do not belong together.")
    return _login_page(office, goal, fault, wait)


def second(office: Office) -> Response:
    """The code after the password."""
    goal = own_path(request.form.get("next"))
    step = waiting_for_second(office.store, request.form.get("ticket", ""), office.now())
    if step is None:
        return _login_page(office, goal, gettext("That took too long. Log in again."), None)
    result = log_in_second(office.store, office.key, step, request.form.get("code", ""), office.now())
    match result:
        case LoggedIn():
            return let_in(office, result, goal or url_for(".today"))
        case Wait(seconds):
            return _second_page(office, step, goal, wait=seconds)
        case _:
            return _second_page(
                office, step, goal, fault=gettext("That code is not right, or has been used already.")
            )


def passkey(office: Office) -> Response:
    """Log in with a passkey, which is both steps at once."""
    goal = own_path(request.form.get("next"))
    where = party(office)
    answer = request.form.get("answer", "")
    manager = log_in_by_passkey(office.store, office.key, where, answer, office.now()) if where else None
    if manager is None:
        return _login_page(office, goal, gettext("That passkey does not open this hub."), None)
    begun = begin_session(office.store, manager, office.now(), way="passkey")
    return let_in(office, begun, goal or url_for(".today"))


def logout(office: Office) -> Response:
    """End the session here and on the hub."""
    log_out(office.store, cookie(office, COOKIE))
    response = back_to("login", done="logged-out")
    drop_cookie(office, response, COOKIE)
    # What the browser has kept of these pages goes too (W3C, Clear Site Data); the shoppers' cookies are none of our business.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def password(office: Office) -> Response:
    """Change one's own password; every session of this manager ends."""
    faults = {}
    if request.method == "POST":
        kept = office.store.people.manager(office.who())
        old, new = request.form.get("old", ""), request.form.get("password", "")
        match right_password(office.store, office.who(), old, place(), office.now()):
            case Wait():
                faults["old"] = said("Too many wrong tries. Wait a little, then try again.")
            case None:
                faults["old"] = said("That is not your password.")
            case _:
                if kept is not None and secret_fits(kept.password, new):
                    faults["password"] = said("That is the password that you have.")
                elif fault := change_password(office.store, office.who(), new, office.now()):
                    faults["password"] = fault
                else:
                    response = back_to("login", done="password")
                    drop_cookie(office, response, COOKIE)
                    return response
    return office.page("password.html", 422 if faults else 200, faults=faults, shortest=PASSWORD_SHORTEST)


def let_in(office: Office, person: LoggedIn, goal: str) -> Response:
    """Go on, with the cookie of a session that has just begun."""
    note_begun(office.store, person, browser_family(request.user_agent.string), office.now())
    response = redirect(goal, 303)
    set_cookie(office, response, COOKIE, person.token)
    drop_cookie(office, response, FORM_COOKIE)
    g.pop("shopbell_form_cookie", None)
    return response


def _login_page(office: Office, goal: str | None, fault: str | None, wait: float | None) -> Response:
    return office.page(
        "login.html",
        429 if wait else 401 if fault else 200,
        fault=fault,
        wait=wait,
        goal=goal,
        typed=request.form,
        passkey=ask_to_log_in(office, "log in"),
    )


def _second_page(
    office: Office, step: SecondStep, goal: str | None, *, fault: str | None = None, wait: float | None = None
) -> Response:
    return office.page(
        "second.html",
        429 if wait else 401 if fault else 200,
        step=step,
        goal=goal,
        fault=fault,
        wait=wait,
        passkey=ask_to_log_in(office, "log in"),
    )


ROUTES = (
    Route("/setup", "setup", setup, ("GET", "POST"), open=True),
    Route("/join", "join", join, ("GET", "POST"), open=True),
    Route("/login", "login", login, ("GET", "POST"), open=True),
    Route("/login/code", "second", second, ("POST",), open=True),
    Route("/login/passkey", "login_passkey", passkey, ("POST",), open=True),
    Route("/logout", "logout", logout, ("POST",)),
    Route("/password", "password", password, ("GET", "POST")),
)
