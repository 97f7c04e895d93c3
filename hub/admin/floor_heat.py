"""Floor plans with a spot for each zone that has a number: where its devices stand is where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.admin.heat import Place, on_plan
from hub.figures.answer import Value
from hub.store.base import Store
from hub.store.fleet_records import Floor

PLAN_WIDTH = 640


@dataclass(frozen=True, slots=True)
class FloorHeat:
    """One floor: its plan, how large it is drawn, and its zones."""

    floor: Floor
    width: int
    height: int
    places: tuple[Place, ...]


def floors_of(store: Store, values: Mapping[str, Value]) -> list[FloorHeat]:
    """Every floor with a plan on which a zone has a place."""
    zones = zones_of(store)
    posts = store.fleet.posts().values()
    found = []
    for floor in store.fleet.floors():
        if not floor.picture or not floor.width:
            continue
        height = max(40, round(PLAN_WIDTH * floor.height / floor.width))
        spots = [
            (zone, round(post.x * PLAN_WIDTH), round(post.y * height))
            for post in posts
            if post.floor == floor.name and post.x is not None and post.y is not None
            for zone in zones.get(post.device, ())
        ]
        places = on_plan(spots, values)
        if places:
            found.append(FloorHeat(floor, PLAN_WIDTH, height, tuple(places)))
    return found


def zones_of(store: Store) -> dict[str, tuple[str, ...]]:
    """The zones of each device: those that it told of last, or else those that it is set to."""
    teams = {team.name: team for team in store.fleet.teams()}
    found: dict[str, tuple[str, ...]] = {}
    for post in store.fleet.posts().values():
        team = teams.get(post.team)
        text = post.settings.get("EDGE_ZONE") or (team.settings.get("EDGE_ZONE") if team else None) or ""
        named = tuple(dict.fromkeys(part.strip() for part in text.split(";") if part.strip()))
        if named:
            found[post.device] = named
    told: dict[str, list[str]] = {}
    for window in store.reports.latest_windows(0.0):
        told.setdefault(window.device, []).append(window.zone)
    return found | {device: tuple(zones) for device, zones in told.items()}
