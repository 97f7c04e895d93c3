"""A coupon as an entry for a phone's calendar, with a reminder before it ends: iCalendar, RFC 5545.

Pure. `hub.storefront.coupons` offers it on the coupon's page. Times are in UTC, so no time zone has to be described; text is
escaped (3.3.11) and lines are folded at 75 octets (3.1).
"""

from __future__ import annotations

from datetime import UTC, datetime

DAY_S, HOUR_S = 86_400, 3_600
LINE_OCTETS = 75
LASTS_S = HOUR_S
"""The entry fills the last hour in which the coupon is good, so that it stands on the right day."""


def calendar_entry(
    *, uid: str, title: str, text: str, url: str, expires_at: float, now: float, language: str
) -> str:
    """The whole file. `expires_at` is the first second that is too late, `url` leads back to the coupon."""
    starts_at = max(now, expires_at - LASTS_S)
    tag = "zh-Hans" if language.startswith("zh") else language
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Shopbell//Coupon//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{_text(uid)}",
        f"DTSTAMP:{_time(now)}",
        f"DTSTART:{_time(starts_at)}",
        f"DTEND:{_time(max(expires_at, starts_at + 60))}",
        f"SUMMARY;LANGUAGE={tag}:{_text(title)}",
        f"DESCRIPTION;LANGUAGE={tag}:{_text(text)}",
        f"URL:{url}",
        "CLASS:PRIVATE",
        "TRANSP:TRANSPARENT",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION;LANGUAGE={tag}:{_text(title)}",
        f"TRIGGER:{_reminder(starts_at - now)}",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{folded}\r\n" for line in lines for folded in _fold(line))


def _reminder(ahead_s: float) -> str:
    """A day before, an hour before, or at once: as far ahead as there still is time."""
    if ahead_s > DAY_S + HOUR_S:
        return "-P1D"
    return "-PT1H" if ahead_s > 2 * HOUR_S else "PT0S"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(line for line in plain.splitlines() if line)


def _fold(line: str) -> list[str]:
    """Pieces of at most 75 octets; all but the first begin with a space, and no character is torn."""
    pieces: list[str] = []
    piece, octets = "", 0
    for character in line:
        size = len(character.encode())
        if octets + size > LINE_OCTETS:
            pieces.append(piece)
            piece, octets = " ", 1
        piece += character
        octets += size
    return [*pieces, piece]
