"""What other parts of the hub show on the page of one member. Each adds a line to `PARTS`: its template, and what that needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.admin.office import Office

Values = Callable[[Office, str, float], Mapping[str, Any]]
"""What the template needs, of a member (the id that stands) at a moment (seconds of UTC)."""


@dataclass(frozen=True, slots=True)
class MemberPart:
    """A section of the page: a template in `templates/manage/`, included with its values as `part`."""

    template: str
    values: Values


def _story(office: Office, member: str, _now: float) -> Mapping[str, Any]:
    from hub.members.story import story

    return {"story": story(office.store, member, 40)}


def _purse(office: Office, member: str, now: float) -> Mapping[str, Any]:
    from hub.admin.purses import member_purse

    return member_purse(office, member, now)


def _segments(office: Office, member: str, _now: float) -> Mapping[str, Any]:
    store = office.store
    inside = store.segments.of_members([member])
    names = sorted((one.name, one.number) for one in store.segments.all() if (one.number, member) in inside)
    return {
        "names": [(number, name) for name, number in names],
        "changes": store.segments.changes_of(member, 0.0, 30),
    }


PARTS: tuple[MemberPart, ...] = (
    MemberPart("person_purse.html", _purse),
    MemberPart("person_segments.html", _segments),
    MemberPart("person_story.html", _story),
)
"""In the order of the page: balances, coupons, segments, messages, what happened."""
