"""What the office does with segments: define one, change it, take it away, give it a list of members from a file."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from hub.changing import changed, turned
from hub.segments.counting import KIND
from hub.segments.definition import Definition, leaves, read_definition, write_definition
from hub.segments.definition import Listed as OnList
from hub.segments.naming import who_names, why_it_stays, why_its_list_stays, why_its_name_stays
from hub.sentences import Said, said
from hub.store.base import Store
from hub.store.segment_records import SegmentRecord, SegmentVersion
from hub.work import submit

NAME_LONGEST = 40
NOTE_LONGEST = 300
MOST = 200
PARTING = ",;、，；"
"""Offers name several segments with one of these between them (`hub.typed_condition`)."""

MOST_LISTED = 200_000


def faults_of(store: Store, number: int | None, name: str, note: str) -> dict[str, Said]:
    """What is wrong with a name and a note, by field."""
    faults: dict[str, Said] = {}
    if not name:
        faults["name"] = said("Give the segment a name.")
    elif len(name) > NAME_LONGEST:
        faults["name"] = said("A name has at most %(count)s characters.", count=NAME_LONGEST)
    elif not name.isprintable() or any(sign in name for sign in PARTING):
        faults["name"] = said("A name is one line without commas: offers part names at them.")
    else:
        there = store.segments.named(name)
        if there is not None and there.number != number:
            faults["name"] = said("There is a segment of this name already.")
    if len(note) > NOTE_LONGEST:
        faults["note"] = said("A note has at most %(count)s characters.", count=NOTE_LONGEST)
    if number is None and len(store.segments.all()) >= MOST:
        faults["name"] = said("There are %(count)s segments already. Take one away first.", count=MOST)
    return faults


def define(
    store: Store,
    number: int | None,
    name: str,
    note: str,
    definition: Definition,
    now: float,
    who: str,
    *,
    version: int | None = None,
) -> SegmentRecord | dict[str, Said]:
    """Keep a new segment (`number` None), or what one is from now on; faults by field. Its members are counted as long work;
    until that is done the old answer stands. `version`: the one that whoever changes it has seen."""
    name, note = " ".join(name.split()), note.strip()
    with store.writing():
        faults = faults_of(store, number, name, note)
        before = None if number is None else store.segments.get(number)
        if number is not None and before is None:
            return {"": said("There is no such segment any more.")}
        if before is not None and version is not None and version != latest(before):
            return {"": said("Somebody else has changed it meanwhile. Look at it again, then change it.")}
        if before is not None:
            faults |= _faults_of_change(store, before, name, definition, now)
        if faults:
            return faults
        return _keep(store, before, name, note, definition, now, who)


def _faults_of_change(
    store: Store, before: SegmentRecord, name: str, definition: Definition, now: float
) -> dict[str, Said]:
    """What would leave those who name it with nobody: another name, or no list of its own any more."""
    renamed, unlisted = name != before.name, has_list(before) and not _lists(definition)
    if not renamed and not unlisted:
        return {}
    faults: dict[str, Said] = {}
    namers = who_names(store, before.name, now)
    if renamed and (why := why_its_name_stays(namers)):
        faults["name"] = why[0]
    if unlisted and (stays := why_its_list_stays(namers)) is not None:
        faults["lines"] = stays
    return faults


def latest(record: SegmentRecord) -> int:
    """The version that was kept last, counted or not."""
    return record.version if record.next_version is None else record.next_version


def newest_body(record: SegmentRecord) -> str:
    """The definition that was kept last."""
    return record.body if record.next_body is None else record.next_body


def _keep(
    store: Store,
    before: SegmentRecord | None,
    name: str,
    note: str,
    definition: Definition,
    now: float,
    who: str,
) -> SegmentRecord:
    body = write_definition(definition)
    if before is None:
        number = store.segments.free_number()
        record = SegmentRecord(number, name, note, body, 1, body, 1, now, now, None)
    elif body == newest_body(before):
        record = replace(before, name=name, note=note, changed_at=now)
    else:
        record = replace(
            before, name=name, note=note, next_body=body, next_version=latest(before) + 1, changed_at=now
        )
        if before.counted_at is None:
            record = replace(record, body=body)
    store.segments.put(record)
    if before is None or latest(record) != latest(before):
        store.segments.add_version(record.number, SegmentVersion(latest(record), name, note, body, now, who))
        submit(store, KIND, {"segment": record.number}, who, now)
    both: dict[str, dict[str, object]] = {}
    for what, old, new in (
        ("name", before.name if before else None, name),
        ("note", before.note if before else None, note or None),
        ("definition", newest_body(before) if before else None, body),
    ):
        if old != new:
            both |= turned(what, old, new)
    kind = "segment.made" if before is None else "segment.changed"
    store.people.note(changed(now, who, kind, str(record.number), both))
    return record


def remove(store: Store, number: int, now: float, who: str) -> Said | None:
    """Take a segment away; a sentence where it has to stay (`hub.segments.naming.why_it_stays` has all of them)."""
    with store.writing():
        record = store.segments.get(number)
        if record is None:
            return said("There is no such segment any more.")
        stays = why_it_stays(who_names(store, record.name, now))
        if stays:
            return stays[0]
        store.segments.remove(number)
        store.people.note(
            changed(now, who, "segment.removed", str(number), turned("name", record.name, None))
        )
    return None


def put_list(
    store: Store, number: int, members: Collection[str], now: float, who: str, *, instead: bool
) -> Said | int:
    """Keep members from a file on a segment's list; how many stand there now."""
    with store.writing():
        record = store.segments.get(number)
        if record is None:
            return said("There is no such segment any more.")
        before = store.segments.listed(number)
        touched = store.segments.put_list(number, members, instead=instead)
        store.segments.stir(touched)
        after = store.segments.listed(number)
        store.people.note(changed(now, who, "segment.listed", str(number), turned("members", before, after)))
    return after


def has_list(record: SegmentRecord) -> bool:
    """Whether its definition asks for a list."""
    return _lists(read_definition(newest_body(record)))


def _lists(definition: Definition) -> bool:
    return any(isinstance(leaf, OnList) for leaf in leaves(definition))
