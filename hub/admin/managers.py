"""Managers: who they are and what they may, invitations, and whether everybody needs a second step."""

from __future__ import annotations

from typing import Any

from flask import abort, request, url_for
from werkzeug.wrappers import Response

from hub.admin.guard import needs, own_role
from hub.admin.office import Office, Route, back_to
from hub.roles import Right, Role, may_give, roles_below
from hub.sentences import Said
from hub.signing.joining import Invited, invite, take_back
from hub.signing.standing import (
    change_role,
    everybody,
    log_out_everywhere,
    remove_manager,
    require_second_step,
)
from hub.storefront.languages import gettext


def managers(office: Office) -> Response:
    """Everybody who comes into the office."""
    return _page(office)


@needs(Right.PEOPLE, fresh=True)
def manager_change(office: Office) -> Response:
    """Give somebody another role, or let them in no more."""
    name, now = request.form.get("manager", ""), office.now()
    match request.form.get("action"):
        case "role":
            role = _role(request.form.get("role"))
            fault = change_role(office.store, own_role(), name, role, now, who=office.who())
            return _page(office, fault=fault) if fault else back_to("managers", "role")
        case "log-out":
            fault = log_out_everywhere(office.store, own_role(), name, now, who=office.who())
            return _page(office, fault=fault) if fault else back_to("managers", "manager-logged-out")
        case "remove" if request.form.get("sure") != "yes":
            return office.page("manager_remove.html", name=name)
        case "remove":
            fault = remove_manager(office.store, own_role(), name, now, who=office.who())
            if fault:
                return _page(office, fault=fault)
            return back_to("managers" if name != office.who() else "login", "manager-removed")
        case _:
            return abort(400)


@needs(Right.PEOPLE, fresh=True)
def manager_invite(office: Office) -> Response:
    """Make a code with which one person becomes a manager; it is shown on this one page."""
    result = invite(
        office.store,
        own_role(),
        _role(request.form.get("role")),
        request.form.get("note", ""),
        office.now(),
        who=office.who(),
    )
    if isinstance(result, Invited):
        return _page(office, invited=result)
    return _page(office, fault=result)


@needs(Right.PEOPLE)
def manager_uninvite(office: Office) -> Response:
    """Let an invitation be good no more."""
    # One that was used or ran out meanwhile is as the manager wanted it.
    take_back(office.store, own_role(), request.form.get("invitation", ""), office.now(), who=office.who())
    return back_to("managers", "uninvited")


@needs(Right.PEOPLE, fresh=True, owner=True)
def manager_second(office: Office) -> Response:
    """Say whether everybody needs a second step."""
    required = request.form.get("required") == "yes"
    require_second_step(office.store, required, office.now(), who=office.who())
    return back_to("managers", "saved")


def role_names() -> dict[Role, str]:
    """Each role in the reader's words."""
    return {
        Role.OWNER: gettext("Owner"),
        Role.MANAGER: gettext("Manager"),
        Role.EDITOR: gettext("Editor"),
        Role.VIEWER: gettext("Viewer"),
    }


def role_meanings() -> dict[Role, str]:
    """What each role may, in a line."""
    return {
        Role.OWNER: gettext("everything"),
        Role.MANAGER: gettext("everything but forgetting people for good, and keys for other programs"),
        Role.EDITOR: gettext("drafts and changes offers, publishes none"),
        Role.VIEWER: gettext("looks, changes nothing"),
    }


def _role(text: str | None) -> Role:
    try:
        return Role(text or "")
    except ValueError:
        return abort(400)


def _page(office: Office, *, invited: Invited | None = None, fault: Said | None = None) -> Response:
    giver = own_role()
    values: dict[str, Any] = {
        "people": everybody(office.store),
        "invitations": office.store.persons.invitations(office.now()),
        "required": office.store.persons.second_step_required(),
    }
    return office.page(
        "managers.html",
        422 if fault else 200,
        fault=fault,
        invited=invited,
        join_url=(office.url or request.host_url).rstrip("/") + url_for(".join", lang=None),
        names=role_names(),
        meanings=role_meanings(),
        given=roles_below(giver),
        may_give=lambda role: may_give(giver, Role(role)),
        is_owner=giver is Role.OWNER,
        **values,
    )


ROUTES = (
    Route("/managers", "managers", managers),
    Route("/managers", "manager_change", manager_change, ("POST",)),
    Route("/managers/invite", "manager_invite", manager_invite, ("POST",)),
    Route("/managers/uninvite", "manager_uninvite", manager_uninvite, ("POST",)),
    Route("/managers/second-step", "manager_second", manager_second, ("POST",)),
)
