"""Facts about somebody who was forgotten meanwhile: a node that was cut off tells them late, under the id that is no more.

They are put under the id that stands in its place before anybody reads them, so that sums are right, a fact that is told twice is
the same text twice, and nothing of the former id is written anywhere. Where nobody was ever forgotten this costs one look.
"""

from __future__ import annotations

from hub.store.base import Store
from hub.wire.forgetting import ids_in, mark_of, put_instead


def heed(store: Store, text: bytes) -> bytes:
    """The same facts under the ids that stand now; the very same octets where none has to change. Call inside a transaction."""
    marks = store.forgetting.marks()
    if not marks:
        return text
    changes: dict[str, str] = {}
    for member in set(ids_in(text)):
        for salt, by_mark in marks.items():
            instead = by_mark.get(mark_of(salt, member))
            if instead is not None:
                changes[member] = instead
    return put_instead(text, changes) if changes else text
