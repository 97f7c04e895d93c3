"""Segments for other programs: which there are, what one is, how many a definition would mean, who is in it, who came and left.

Ids of members are opaque. Who is in a segment, and numbers below ten, are told to keys with the right `members` alone.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from hub.outside.asking import Call, Operation, Refused, missing, page_from
from hub.outside.shapes import Nothing
from hub.roles import Right
from hub.segments import keeping
from hub.segments.definition import BadDefinition, Definition, read_definition
from hub.segments.naming import who_names, why_it_stays
from hub.segments.preview import preview as preview_of
from hub.segments.refreshing import born_of
from hub.sentences import Said
from hub.store.segment_records import SegmentRecord

FEW = 10
MOST_LISTED = 20_000

Name = Annotated[str, Meta(min_length=1, max_length=40)]
Note = Annotated[str, Meta(max_length=300)]
MemberId = Annotated[str, Meta(min_length=8, max_length=40)]


class SegmentWanted(msgspec.Struct, frozen=True):
    """A new segment. `definition`: docs/segments.md describes the language."""

    name: Name
    definition: dict[str, Any]
    note: Note = ""


class SegmentChanged(msgspec.Struct, frozen=True):
    """What a segment is from now on. `version`: the one that was seen."""

    name: Name
    definition: dict[str, Any]
    version: Annotated[int, Meta(ge=1, le=2**31)]
    note: Note = ""


class SegmentShown(msgspec.Struct, frozen=True):
    """A segment. `size`: how many are in it; null where fewer than ten are (and the key has no right to members), or where it
    was never counted. `counting`: a new definition is being counted; `definition` is the newest, `version` its number."""

    number: int
    name: str
    note: str
    definition: dict[str, Any]
    version: int
    size: int | None
    counting: bool
    made_at: float
    changed_at: float


class SegmentPage(msgspec.Struct, frozen=True):
    """Segments by their names."""

    items: list[SegmentShown]
    next: str | None = None


class PreviewWanted(msgspec.Struct, frozen=True):
    """A definition that is only tried out."""

    definition: dict[str, Any]


class PreviewShown(msgspec.Struct, frozen=True):
    """How many it would mean: exactly where `judged` is `members`, else between `low` and `high`, nineteen times in twenty. Null
    where fewer than ten are meant and the key has no right to members. `sample`: some of them, for keys with that right."""

    size: int | None
    low: int | None
    high: int | None
    judged: int
    members: int
    sample: list[str]


class SegmentMembersWanted(msgspec.Struct, frozen=True):
    """Which members: behind the cursor."""

    cursor: Annotated[str, Meta(max_length=40)] = ""
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 200


class SegmentMembers(msgspec.Struct, frozen=True):
    """Members by id."""

    items: list[str]
    next: str | None


class ListWanted(msgspec.Struct, frozen=True):
    """Members for a segment's own list; `instead`: in the place of those that stand there."""

    members: Annotated[list[MemberId], Meta(max_length=MOST_LISTED)]
    instead: bool = False


class ListKept(msgspec.Struct, frozen=True):
    """How many stand on the list now, and those of the request that are no members here."""

    listed: int
    unknown: list[str]


class ChangesWanted(msgspec.Struct, frozen=True):
    """Changes behind a position; "" is before the first."""

    cursor: Annotated[str, Meta(max_length=20)] = ""
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 200


class ChangeShown(msgspec.Struct, frozen=True):
    """A member came into a segment, or left it."""

    position: int
    segment: str
    member: str
    entered: bool
    at: float


class ChangePage(msgspec.Struct, frozen=True):
    """Changes in the order in which they were found; `next` is the cursor to go on with, also where nothing more is there yet."""

    items: list[ChangeShown]
    next: str


def segments(call: Call) -> SegmentPage:
    """All of them."""
    return SegmentPage([_shown(call, record) for record in call.store.segments.all()])


def segment(call: Call) -> SegmentShown:
    """One of them."""
    return _shown(call, _record(call))


def add(call: Call) -> SegmentShown:
    """Define one."""
    asked: SegmentWanted = call.body
    return _kept(
        call,
        keeping.define(
            call.store, None, asked.name, asked.note, _definition(asked.definition), call.now, call.who
        ),
    )


def change(call: Call) -> SegmentShown:
    """Define it otherwise."""
    asked: SegmentChanged = call.body
    record = _record(call)
    running = {one.what for one in who_names(call.store, record.name, call.now) if one.holds}
    if "offer" in running:
        call.must(Right.CAMPAIGN_PUBLISH, "changeSegment")
    if running & {"plan", "mailing"}:
        call.must(Right.MESSAGES, "changeSegment")
    return _kept(
        call,
        keeping.define(
            call.store,
            record.number,
            asked.name,
            asked.note,
            _definition(asked.definition),
            call.now,
            call.who,
            version=asked.version,
        ),
    )


def remove(call: Call) -> Nothing:
    """Take it away, where nothing that runs asks for it."""
    record = _record(call)
    wrong = keeping.remove(call.store, record.number, call.now, call.who)
    if wrong is not None:
        stays = why_it_stays(who_names(call.store, record.name, call.now))
        raise Refused(409, "in_use", " ".join(map(str, stays or [wrong])))
    return Nothing()


def preview(call: Call) -> PreviewShown:
    """Count it, keep nothing."""
    asked: PreviewWanted = call.body
    definition = _definition(asked.definition)
    born = born_of(call.store, call.hub.config, [definition])
    seen = preview_of(call.store, definition, call.now, born=born)
    sees = Right.MEMBERS in call.rights
    if seen.size < FEW and not sees:
        return PreviewShown(None, None, None, seen.judged, seen.members, [])
    sample = [one.member for one in seen.some] if sees else []
    return PreviewShown(seen.size, seen.low, seen.high, seen.judged, seen.members, sample)


def members(call: Call) -> SegmentMembers:
    """Who is in it now."""
    query: SegmentMembersWanted = call.query
    found = call.store.segments.members(_record(call).number, query.cursor, query.limit + 1)
    return SegmentMembers(found[: query.limit], found[query.limit - 1] if len(found) > query.limit else None)


def put_list(call: Call) -> ListKept:
    """Put members on its own list."""
    asked: ListWanted = call.body
    record = _record(call)
    known = {str(row[0]) for row in call.store.portraits.heads(asked.members)} if asked.members else set()
    kept = keeping.put_list(call.store, record.number, known, call.now, call.who, instead=asked.instead)
    if isinstance(kept, Said):
        raise Refused(409, "cannot", str(kept))
    return ListKept(kept, sorted(set(asked.members) - known))


def changes(call: Call) -> ChangePage:
    """Who came and left."""
    query: ChangesWanted = call.query
    position = page_from(query.cursor)
    found = call.store.segments.changes(position, query.limit)
    items = [ChangeShown(one.position, one.segment, one.member, one.entered, one.at) for one in found]
    return ChangePage(items, str(found[-1].position if found else position))


def _record(call: Call) -> SegmentRecord:
    record = call.store.segments.get(int(call.path["number"]))
    if record is None:
        raise missing("segment")
    return record


def _definition(data: dict[str, Any]) -> Definition:
    try:
        return read_definition(msgspec.json.encode(data))
    except BadDefinition as wrong:
        raise Refused(422, "bad_definition", f"This is no definition: {wrong}") from None


def _kept(call: Call, kept: SegmentRecord | dict[str, Said]) -> SegmentShown:
    if isinstance(kept, dict):
        status = 409 if "" in kept else 422
        raise Refused(status, "cannot", " ".join(str(one) for one in kept.values()), kept)
    return _shown(call, kept)


def _shown(call: Call, record: SegmentRecord) -> SegmentShown:
    size = None if record.counted_at is None else call.store.segments.size(record.number)
    if size is not None and size < FEW and Right.MEMBERS not in call.rights:
        size = None
    return SegmentShown(
        record.number,
        record.name,
        record.note,
        msgspec.json.decode(keeping.newest_body(record)),
        keeping.latest(record),
        size,
        record.next_body is not None,
        record.made_at,
        record.changed_at,
    )


SEGMENT_OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/segments", "listSegments", "Segments by their names.", Right.READ, segments, SegmentPage),
    Operation("POST", "/segments", "defineSegment", "A new segment; its members are counted as long work.", Right.CAMPAIGN_EDIT,
              add, SegmentShown, asked=SegmentWanted, status=201, problems=(409, 422)),
    Operation("POST", "/segments/preview", "previewSegment", "How many a definition would mean; nothing is kept.", Right.READ,
              preview, PreviewShown, asked=PreviewWanted, problems=(422,)),
    Operation("GET", "/segments/changes", "listSegmentChanges", "Who came into segments and who left; kept for 30 days.",
              Right.MEMBERS, changes, ChangePage, query=ChangesWanted),
    Operation("GET", "/segments/{number}", "getSegment", "One segment.", Right.READ, segment, SegmentShown),
    Operation("PUT", "/segments/{number}", "changeSegment", "Define it otherwise, where nobody was faster.", Right.CAMPAIGN_EDIT,
              change, SegmentShown, asked=SegmentChanged, problems=(409, 422)),
    Operation("DELETE", "/segments/{number}", "removeSegment", "Take it away, where nothing needs it.", Right.CAMPAIGN_EDIT,
              remove, Nothing, problems=(409,)),
    Operation("GET", "/segments/{number}/members", "listSegmentMembers", "Who is in it now, by opaque ids.", Right.MEMBERS,
              members, SegmentMembers, query=SegmentMembersWanted),
    Operation("POST", "/segments/{number}/list", "putSegmentList", "Put members on its own list.", Right.IMPORT_DATA, put_list,
              ListKept, asked=ListWanted, problems=(409,)),
)  # fmt: skip
"""A part of `hub.outside.operations.OPERATIONS`."""
