"""How the log is written: lines for people, or one JSON object for each event. Neither holds anything of a person.

What could be one is taken out of every line, whoever wrote it: addresses of radios and of networks, coupons, keys and secrets.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from datetime import UTC, datetime

_NOT_IN_A_LOG = (
    # A radio's address (MAC), whether with colons or dashes.
    (re.compile(r"\b[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}\b"), "[address]"),
    # A coupon's token (hub.wire.coupon), and keys of other programs, webhooks and boards.
    (re.compile(r"\bSB1[A-Z2-7]{20,}"), "[coupon]"),
    (re.compile(r"\bsbk_[A-Za-z0-9]+_[A-Za-z0-9_-]+|\bsbb_[A-Za-z0-9_-]+|\bwhsec_[A-Za-z0-9+/=]+"), "[key]"),
    (re.compile(r"(?i)\b(bearer|password|token|secret|pin)([=: ]+)[^\s,;]{4,}"), r"\1\2[secret]"),
    (re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b"), "[mail]"),
    # A member's id, wherever it stands behind its name.
    (re.compile(r"(?i)\b(member(?:ship)?)([=: ]+)[\w-]{6,}"), r"\1\2[member]"),
)


def clean(text: str) -> str:
    """The text without what is nobody's business."""
    for pattern, instead in _NOT_IN_A_LOG:
        text = pattern.sub(instead, text)
    return text


class Lines(logging.Formatter):
    """A line for people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """One event."""
        return clean(super().format(record))


class JsonLines(logging.Formatter):
    """One JSON object on one line for each event: `at`, `level`, `part`, `event`; `trace` where something broke."""

    def format(self, record: logging.LogRecord) -> str:
        """One event. `part` is the module, `shape` the sentence before its figures were filled in, the same for a kind."""
        event = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "part": record.name,
            "event": clean(record.getMessage()),
            "shape": clean(str(record.msg)),
        }
        if record.exc_info and record.exc_info[0] is not None:
            event["trace"] = clean("".join(traceback.format_exception(*record.exc_info)))
        return json.dumps(event, ensure_ascii=False)


def set_up_log(style: str) -> None:
    """Write the log in this style, `text` or `json`, to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if style == "json" else Lines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
