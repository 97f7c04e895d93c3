"""Floors of the shop with their plans, and where nodes stand on them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hub.changing import changed, turned
from hub.pictures import prepare
from hub.sentences import Said, said
from hub.store.base import Store
from hub.store.fleet_records import Floor, Post

LONGEST_FLOOR = 40


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on a plan, as parts of its sides from the left and the top."""

    x: float
    y: float

    @classmethod
    def clicked(cls, x: int, y: int, width: int, height: int) -> Spot | None:
        """Where a picture of that size was clicked; None where that is outside of it."""
        if width <= 0 or height <= 0 or not (0 <= x <= width and 0 <= y <= height):
            return None
        return cls(round(x / width, 4), round(y / height, 4))


def put_floor(store: Store, name: str, upload: bytes, now: float, who: str) -> Floor | Said:
    """Make a floor, or give it another plan: any bytes as its picture, or none; a sentence where that cannot be."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_FLOOR:
        return said("A floor has a name of at most %(count)s letters.", count=LONGEST_FLOOR)
    picture = prepare(upload, crop=False) if upload else None
    if isinstance(picture, Said):
        return picture
    with store.writing():
        before = next((floor for floor in store.fleet.floors() if floor.name == name), None)
        floor = before or Floor(name)
        if picture is not None:
            store.campaigns.put_picture(picture, now)
            floor = Floor(name, picture.hash, picture.width, picture.height)
        store.fleet.put_floor(floor, now)
        both = turned("plan", before.picture[:16] if before else None, floor.picture[:16])
        store.people.note(changed(now, who, "floor.changed" if before else "floor.added", name, both))
    return floor


def remove_floor(store: Store, name: str, now: float, who: str) -> bool:
    """Forget a floor; nodes that stood on it stand nowhere. False where there was none."""
    with store.writing():
        done = store.fleet.remove_floor(name)
        if done:
            store.people.note(changed(now, who, "floor.removed", name, {}))
    return done


def place(store: Store, device: str, floor: str, spot: Spot | None, now: float, who: str) -> Post | None:
    """Put a node on a floor, at a spot or anywhere on it; "" takes it from the plan. None where there is no such floor."""
    if floor and all(one.name != floor for one in store.fleet.floors()):
        return None
    with store.writing():
        before = store.fleet.post(device)
        x, y = (spot.x, spot.y) if spot is not None and floor else (None, None)
        after = replace(before, floor=floor, x=x, y=y)
        if after != before:
            store.fleet.put_post(after)
            both = {"place": {"before": _said(before), "after": _said(after)}}
            store.people.note(changed(now, who, "device.placed", device, both))
    return after


def rename(store: Store, device: str, name: str, note: str, now: float, who: str) -> Said | None:
    """Call a node otherwise, and keep a line about it; a sentence where that cannot be."""
    name, note = " ".join(name.split()), " ".join(note.split())
    if not name or len(name) > 60:
        return said("A device has a name of at most %(count)s letters.", count=60)
    if len(note) > 200:
        return said("The note is longer than %(count)s letters.", count=200)
    with store.writing():
        found, post = store.devices.get(device), store.fleet.post(device)
        if found is None:
            return said("There is no such device.")
        if found.name != name:
            store.fleet.rename(device, name)
            store.people.note(changed(now, who, "device.renamed", device, turned("name", found.name, name)))
        if post.note != note:
            store.fleet.put_post(replace(post, note=note))
    return None


def _said(post: Post) -> str:
    if not post.floor:
        return ""
    return post.floor if post.x is None or post.y is None else f"{post.floor} {post.x:.3f} {post.y:.3f}"
