"""Settings of the alarms and of the log."""

from __future__ import annotations

import re

from hub.client.settings import Setting, url, whole

_MAIL = re.compile(r"[^\s@,<>]+@[^\s@,<>]+")


def addresses(text: str) -> tuple[str, ...]:
    """Mail addresses with commas between; none where the text is empty."""
    found = tuple(one.strip() for one in text.split(",") if one.strip())
    if not all(_MAIL.fullmatch(one) for one in found):
        raise ValueError("must be mail addresses with commas between them")
    return found


def address(text: str) -> str:
    """One mail address, or nothing."""
    if text and not _MAIL.fullmatch(text):
        raise ValueError("must be a mail address")
    return text


def style(text: str) -> str:
    """How the log is written."""
    if text not in ("text", "json"):
        raise ValueError("must be text or json")
    return text


def tls(text: str) -> str:
    """How the connection to the mail server is protected."""
    if text not in ("starttls", "tls", "none"):
        raise ValueError("must be starttls, tls, or none for a server on this machine")
    return text


WATCHING_SETTINGS = (
    Setting("HUB_ALARM_URL", url, "", "Where alarms are posted, signed; empty: nowhere"),
    Setting("HUB_ALARM_SECRET", str, "", "What the posts are signed with, as whsec_…", secret=True),
    Setting("HUB_ALARM_MAIL", addresses, "", "Who gets alarms by mail, with commas between; empty: nobody"),
    Setting("HUB_ALARM_HOURS", whole(1, 168), "12", "Hours after which a trouble that stands is told again"),
    Setting("HUB_SMTP_HOST", str, "", "The mail server"),
    Setting("HUB_SMTP_PORT", whole(1, 65_535), "587", "Its port"),
    Setting("HUB_SMTP_TLS", tls, "starttls", "starttls, tls, or none for a server on this machine"),
    Setting("HUB_SMTP_USER", str, "", "The user there, where it asks for one"),
    Setting("HUB_SMTP_PASSWORD", str, "", "The user's password", secret=True),
    Setting("HUB_SMTP_FROM", address, "", "The sender of the mails"),
    Setting("HUB_LOG", style, "text", "How the log is written: text, or json with one line for each event"),
)
