"""What an alarm says, as JSON for programs and as a mail for people.

Pure. Names of devices are the shop's own; nothing of a shopper, a member or a key is in a warning, so none is in here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from hub.store.alarm_records import AlarmRow
from hub.watching.telling import Turn, said_of
from hub.wire.snapshot import Shop, Text, say

_BAD = ("\r", "\n")


def as_json(turn: Turn, shop: Shop, number: int, now: float) -> bytes:
    """`{"type": "alarm", "timestamp": …, "data": {"shop": …, "troubles": […], "over": […]}}`, as Standard Webhooks has it."""
    return msgspec.json.encode(
        {
            "type": "alarm",
            "timestamp": _iso(now),
            "data": {
                "shop": {"number": number, "name": shop.name},
                "troubles": [_plain(row, now) for row in turn.tell],
                "over": [_plain(row, now) for row in turn.over],
            },
        }
    )


def _plain(row: AlarmRow, now: float) -> dict[str, Any]:
    said = said_of(row)
    return {
        "code": row.code,
        "severity": row.severity,
        "subject": row.subject or None,
        "since": _iso(row.since),
        "lasted_s": round(max(0.0, now - row.since)),
        "again": row.told_at is not None,
        "what": said.what,
        "todo": said.todo,
    }


def mail_text(turn: Turn) -> str:
    """What the mail says, in both languages, English first."""
    return "\n".join([*_lines(turn, "en"), "", *_lines(turn, "zh")]) + "\n"


def mail_subject(turn: Turn, shop: Shop) -> str:
    """One line: which shop, and the first of what it tells."""
    rows = turn.tell or turn.over
    first = say(said_of(rows[0]).what, "en")
    more = f" (+{len(rows) - 1})" if len(rows) > 1 else ""
    over = "" if turn.tell else "Over: "
    return _one_line(f"{say(shop.name, 'en') or 'Shopbell'}: {over}{first}{more}")


_WORDS: dict[str, Text] = {
    "since": {"en": "since {time} UTC", "zh": "自 {time}（UTC）起"},
    "again": {"en": "still", "zh": "仍然存在"},
    "over": {"en": "Over:", "zh": "已恢复："},
}


def _lines(turn: Turn, language: str) -> list[str]:
    lines = []
    for row in turn.tell:
        said = said_of(row)
        still = f"{say(_WORDS['again'], language)}, " if row.told_at is not None else ""
        lines.append(f"{say(said.what, language)} ({still}{_since(row, language)})")
        lines.append(f"  {say(said.todo, language)}")
    lines += [
        f"{say(_WORDS['over'], language)} {say(said_of(row).what, language)} ({_since(row, language)})"
        for row in turn.over
    ]
    return lines


def _since(row: AlarmRow, language: str) -> str:
    there = f"{datetime.fromtimestamp(row.since, UTC):%Y-%m-%d %H:%M}"
    return say(_WORDS["since"], language).replace("{time}", there)


def _one_line(text: str) -> str:
    """A device may be called anything, also a line and another header."""
    for sign in _BAD:
        text = text.replace(sign, " ")
    return text[:200]


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
