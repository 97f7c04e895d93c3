"""Two sides of a change, as the record of who changed what keeps them.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hub.store.records import AuditEntry


def changed(
    now: float,
    who: str,
    what: str,
    subject: str,
    changes: Mapping[str, Mapping[str, object]],
    detail: str = "{}",
) -> AuditEntry:
    """An entry with both sides. `changes`: {name: {"before": …, "after": …}}, without secrets and shoppers."""
    return AuditEntry(now, who, what, subject, detail, _side(changes, "before"), _side(changes, "after"))


def turned(name: str, before: object, after: object) -> dict[str, dict[str, object]]:
    """The changes where one thing differs."""
    return {name: {"before": before, "after": after}}


def _side(changes: Mapping[str, Mapping[str, object]], side: str) -> str:
    values = {name: both[side] for name, both in changes.items() if both[side] is not None}
    return msgspec.json.encode(values).decode()
