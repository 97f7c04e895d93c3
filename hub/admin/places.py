"""Groups of devices with the settings that all of them have, and floors of the shop with where each device stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import abort, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from hub.admin.guard import needs
from hub.admin.node import fault_of
from hub.admin.office import Office, Route, back_to
from hub.fleet.listing import Line, lines
from hub.fleet.places import Spot, place, put_floor, remove_floor
from hub.fleet.settings import LONGEST_TEAM, change_team, read_lines
from hub.pictures import MAX_UPLOAD_BYTES
from hub.roles import Right
from hub.sentences import Said, said
from hub.store.fleet_records import Floor

PLAN_WIDTH = 640
"""As wide as a plan is shown, in pixels of the page: a click says where it was in these."""

DOT = 9


@dataclass(frozen=True, slots=True)
class Dot:
    """A device on a plan, in its own pixels. `number` stands in it and before its name in the list."""

    number: int
    line: Line
    x: int
    y: int


def places(office: Office) -> Response:
    """Every floor with its plan and the devices on it; groups beside."""
    return _places(office)


def _places(office: Office, status: int = 200, **more: object) -> Response:
    found = [one for one in lines(office.store, office.now()) if one.state not in ("withdrawn", "retired")]
    floors = office.store.fleet.floors()
    none: dict[str, Said] = {}
    return office.page(
        "places.html",
        status,
        **{
            "floors": [
                (floor, _size(floor), dots(floor, found), _unplaced(floor, found)) for floor in floors
            ],
            "nowhere": [one for one in found if not one.post.floor],
            "chosen": request.args.get("device", ""),
            "found": found,
            "radius": DOT,
            "faults": none,
            "typed": {},
            **more,
        },
    )


def _size(floor: Floor) -> tuple[int, int]:
    """How large the plan is shown: `PLAN_WIDTH` wide."""
    return PLAN_WIDTH, max(40, round(PLAN_WIDTH * floor.height / floor.width)) if floor.width else 40


def dots(floor: Floor, found: Sequence[Line]) -> list[Dot]:
    """The devices of a floor that have a spot on its plan."""
    width, height = _size(floor)
    here = [one for one in found if one.post.floor == floor.name]
    return [
        Dot(number, one, round(one.post.x * width), round(one.post.y * height))
        for number, one in enumerate(here, 1)
        if one.post.x is not None and one.post.y is not None
    ]


def _unplaced(floor: Floor, found: Sequence[Line]) -> list[Line]:
    return [one for one in found if one.post.floor == floor.name and one.post.x is None]


@needs(Right.DEVICE)
def place_device(office: Office) -> Response:
    """Put a device on a floor: where the plan was clicked, where two numbers say, or anywhere on it."""
    form = request.form
    name, floor = form.get("device", ""), form.get("floor", "")
    if office.store.devices.get(name) is None:
        abort(404)
    spot = _clicked(office, floor) or _typed()
    if place(office.store, name, floor, spot, office.now(), office.who()) is None:
        abort(400)
    return redirect(url_for(".places", device=name, done="saved"), 303)


def _clicked(office: Office, floor: str) -> Spot | None:
    """Where the picture of the form was clicked (HTML, "Image Button"): `at.x` and `at.y`, in pixels of the page."""
    found = next((one for one in office.store.fleet.floors() if one.name == floor), None)
    x, y = (request.form.get(f"at.{side}", "") for side in "xy")
    if found is None or not (x.isascii() and x.isdigit() and y.isascii() and y.isdigit()):
        return None
    # Pressed by a key, a browser sends 0 and 0: that is no place.
    return Spot.clicked(int(x[:6]), int(y[:6]), *_size(found)) if (x, y) != ("0", "0") else None


def _typed() -> Spot | None:
    """Percent from the left and from the top."""
    x, y = (request.form.get(f"percent_{side}", "").strip() for side in "xy")
    if not (x.isascii() and x.isdigit() and y.isascii() and y.isdigit()):
        return None
    return Spot.clicked(int(x[:4]), int(y[:4]), 100, 100)


@needs(Right.DEVICE)
def floor_save(office: Office) -> Response:
    """A new floor, or another plan for one."""
    request.max_content_length = MAX_UPLOAD_BYTES + 2**16
    upload = request.files.get("plan")
    body = upload.read() if upload is not None else b""
    made = put_floor(office.store, request.form.get("name", ""), body, office.now(), office.who())
    if isinstance(made, Said):
        field = "plan" if body and request.form.get("name", "").strip() else "name"
        return _places(office, 422, faults={field: made}, typed=request.form)
    return back_to("places", "saved")


@needs(Right.DEVICE)
def floor_remove(office: Office) -> Response:
    """Forget a floor; its devices stand nowhere then."""
    remove_floor(office.store, request.form.get("name", ""), office.now(), office.who())
    return back_to("places", "saved")


def teams(office: Office) -> Response:
    """Every group, its devices and its settings."""
    return _teams(office)


def _teams(office: Office, status: int = 200, **more: object) -> Response:
    every = lines(office.store, office.now())
    found = [
        (team, [one for one in every if one.post.team == team.name]) for team in office.store.fleet.teams()
    ]
    none: dict[str, Said] = {}
    return office.page("teams.html", status, **{"teams": found, "faults": none, "typed": {}, **more})


@needs(Right.DEVICE)
def team_save(office: Office) -> Response:
    """A new group, or other settings for all devices of one."""
    name = " ".join(request.form.get("name", "").split())
    given, bad = read_lines(request.form.get("settings", ""))
    faults: dict[str, Said] = {}
    if not name or len(name) > LONGEST_TEAM:
        faults["name"] = said("A group has a name of at most %(count)s letters.", count=LONGEST_TEAM)
    if bad:
        wrong = fault_of(bad[0].name, given.get(bad[0].name, "x"))
        faults["settings"] = wrong or said(
            "%(line)s: a line looks like NAME=value, each name once.", line=bad[0].name
        )
    if faults:
        return _teams(office, 422, faults=faults, typed=request.form)
    before = office.store.fleet.team(name)
    changes: dict[str, str | None] = {**dict.fromkeys(before.settings if before else ()), **given}
    change_team(office.store, name, changes, office.now(), office.who())
    return back_to("teams", "configured")


@needs(Right.DEVICE)
def team_remove(office: Office) -> Response:
    """Forget a group; its devices stay, in none."""
    name = request.form.get("name", "")
    with office.store.writing():
        if office.store.fleet.remove_team(name):
            office.note("group.removed", name)
    return back_to("teams", "saved")


ROUTES = (
    Route("/places", "places", places),
    Route("/places/put", "place_device", place_device, ("POST",)),
    Route("/places/floor", "floor_save", floor_save, ("POST",)),
    Route("/places/floor/remove", "floor_remove", floor_remove, ("POST",)),
    Route("/groups", "teams", teams),
    Route("/groups/save", "team_save", team_save, ("POST",)),
    Route("/groups/remove", "team_remove", team_remove, ("POST",)),
)
