"""Who is in which segment: the answers that stand, and the stream of who came in and who left.

They are at most a second behind what happened (`hub.segments.refreshing`); at the counter a member is judged on the spot
(`hub.segments.counter`). Members are opaque ids, segments go by their names.
"""

from __future__ import annotations

from collections.abc import Iterator

from hub.store.base import Store
from hub.store.segment_records import Change

AT_A_TIME = 1_000


def segments_of(store: Store, member: str) -> frozenset[str]:
    """Names of the segments in which this member is; of a merged one, those of whom they were merged into."""
    return frozenset(store.segments.of_member(store.register.into(member)))


def members_of(store: Store, name: str) -> Iterator[str]:
    """Who is in a segment, by id, read some at a time; nobody where there is no such segment."""
    found = store.segments.named(name)
    after = ""
    while found is not None:
        some = store.segments.members(found.number, after, AT_A_TIME)
        yield from some
        if len(some) < AT_A_TIME:
            return
        after = some[-1]


def size(store: Store, name: str) -> int:
    """How many are in a segment; 0 where there is none of that name."""
    found = store.segments.named(name)
    return 0 if found is None else store.segments.size(found.number)


def changes_since(store: Store, position: int, most: int) -> list[Change]:
    """Who came into a segment or left it behind that position, at most so many, in the order in which it was found.

    Positions rise and are never given twice; 0 is before the first. Changes are kept for 30 days.
    """
    return store.segments.changes(position, most)
