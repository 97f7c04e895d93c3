"""The way in: set up the first manager, log in, log out, change the password."""

from __future__ import annotations

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response

from hub.admin.gate import COOKIE, FORM_COOKIE, drop_cookie, set_cookie
from hub.admin.office import Office, Route, back_to, own_path
from hub.people import (
    PASSWORD_SHORTEST,
    LoggedIn,
    Wait,
    change_password,
    log_in,
    log_out,
    secret_fits,
    set_up,
)
from hub.sentences import said
from hub.storefront.languages import gettext


def _place() -> str:
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
        result = set_up(office.store, request.form.get("code", ""), name, password, _place(), office.now())
        match result:
            case LoggedIn():
                return _let_in(office, result, url_for(".today", done="welcome"))
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
            _place(),
            office.now(),
        )
        match result:
            case LoggedIn():
                return _let_in(office, result, goal or url_for(".today"))
            case Wait(seconds):
                wait = seconds
            case None:
                fault = gettext("That name and that password do not belong together.")
    status = 429 if wait else 401 if fault else 200
    return office.page("login.html", status, fault=fault, wait=wait, goal=goal, typed=request.form)


def logout(office: Office) -> Response:
    """End the session here and on the hub."""
    log_out(office.store, request.cookies.get(COOKIE, ""))
    response = back_to("login", done="logged-out")
    drop_cookie(office, response, COOKIE)
    return response


def password(office: Office) -> Response:
    """Change one's own password; every session of this manager ends."""
    faults = {}
    if request.method == "POST":
        kept = office.store.people.manager(office.who())
        result = log_in(office.store, office.who(), request.form.get("old", ""), _place(), office.now())
        new = request.form.get("password", "")
        match result:
            case Wait():
                faults["old"] = said("Too many wrong tries. Wait a little, then try again.")
            case None:
                faults["old"] = said("That is not your password.")
            case LoggedIn():
                # The password was only asked for: a session that nobody holds would stand in the manager's list.
                log_out(office.store, result.token)
                if kept is not None and secret_fits(kept.password, new):
                    faults["password"] = said("That is the password that you have.")
                elif fault := change_password(office.store, office.who(), new, office.now()):
                    faults["password"] = fault
                else:
                    response = back_to("login", done="password")
                    drop_cookie(office, response, COOKIE)
                    return response
    return office.page("password.html", 422 if faults else 200, faults=faults, shortest=PASSWORD_SHORTEST)


def _let_in(office: Office, person: LoggedIn, goal: str) -> Response:
    response = redirect(goal, 303)
    set_cookie(office, response, COOKIE, person.token)
    drop_cookie(office, response, FORM_COOKIE)
    g.pop("shopbell_form_cookie", None)
    return response


ROUTES = (
    Route("/setup", "setup", setup, ("GET", "POST"), open=True),
    Route("/login", "login", login, ("GET", "POST"), open=True),
    Route("/logout", "logout", logout, ("POST",)),
    Route("/password", "password", password, ("GET", "POST")),
)
