"""What a provider on the web brings: messages from people, and what became of ours, at two addresses that only it knows.

    /sms/<secret>/in        from, text; to and id where it has them
                            Kannel: get-url = "…/in?from=%p&to=%P&text=%b&id=%I&charset=%C", max-messages = 0
    /sms/<secret>/report    status; message (our own name for it, which we gave) or id (its name)

By GET or POST, as a query, a form or JSON, under the names that providers use. The secret (`HUB_SMS_SECRET`) stands in the
address, as most of them can sign nothing; it is compared in constant time, and a wrong one finds no page. 202 means kept, with
nothing to send back; 422 what cannot be read; 507 a full or failing disk: then it may come again.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.parse import parse_qsl

import msgspec
from flask import Blueprint, Response, abort, request
from werkzeug.exceptions import RequestEntityTooLarge

from hub.client.trouble import StorageError
from hub.messages.channel import Heard, Listener, Reported

logger = logging.getLogger(__name__)

_CHARSETS = {"utf-16be": "utf-16-be", "ucs-2": "utf-16-be", "windows-1252": "cp1252", "iso-8859-1": "latin-1"}

MOST_BYTES = 262_144
SAME_S = 600.0
"""Where a provider gives its messages no names, the same text of the same sender within so long is one: it tried again."""

_FROM = ("from", "sender", "msisdn", "source", "originator", "mobile")
_TEXT = ("text", "body", "message", "content", "msg")
_TO = ("to", "destination", "recipient", "receiver")
_ID = ("id", "messagesid", "message_id", "messageid", "smsid", "sid", "reference")
_OURS = ("message", "ours", "client_ref", "client_reference")
_STATUS = ("status", "state", "messagestatus", "message_status", "dlr", "stat")

Outcome = Literal["delivered", "failed", "trying"]

OUTCOMES: Mapping[str, Outcome] = {
    **dict.fromkeys(("delivered", "delivrd", "1", "read", "received", "success"), "delivered"),
    **dict.fromkeys(
        (
            "failed",
            "undelivered",
            "undeliverable",
            "undeliv",
            "rejected",
            "rejectd",
            "expired",
            "deleted",
            "2",
            "16",
        ),
        "failed",
    ),
    **dict.fromkeys(
        (
            "sent",
            "queued",
            "accepted",
            "acceptd",
            "enroute",
            "buffered",
            "pending",
            "submitted",
            "sending",
            "4",
            "8",
        ),
        "trying",
    ),
}
"""What providers call it. The numbers are Kannel's: 1 arrived, 2 failed, 4 waiting, 8 at the centre, 16 refused there."""


def create_incoming(secret: str, listener: Listener, now: Callable[[], float]) -> Blueprint:
    """Both addresses. `listener` keeps what comes; `now`: seconds of UTC."""
    blueprint = Blueprint("incoming", __name__, url_prefix="/sms")

    @blueprint.route("/<given>/in", methods=["GET", "POST"])
    def message(given: str) -> Response:
        return _kept(given, secret, lambda told: _heard(told, listener, now()))

    @blueprint.route("/<given>/report", methods=["GET", "POST"])
    def report(given: str) -> Response:
        return _kept(given, secret, lambda told: _reported(told, listener, now()))

    return blueprint


def _kept(given: str, secret: str, keep: Callable[[Mapping[str, str]], bool]) -> Response:
    if not hmac.compare_digest(given.encode(), secret.encode()):
        abort(404)
    try:
        done = keep(_told())
    except StorageError as wrong:
        logger.warning("what a provider brought was not kept: %s", wrong)
        return Response("It could not be kept. Bring it again later.\n", 507, mimetype="text/plain")
    if not done:
        return Response("There is no sender, or no text or status, in that.\n", 422, mimetype="text/plain")
    # Nothing goes back: some providers would send it to whoever wrote.
    return Response(b"", 202, mimetype="text/plain", headers={"Cache-Control": "no-store"})


def _told() -> dict[str, str]:
    """What was brought, by names in small letters. The body goes before the address."""
    request.max_content_length = MOST_BYTES
    try:
        told = _asked(request.query_string)
        if request.mimetype == "application/json":
            body: Any = msgspec.json.decode(request.get_data() or b"{}")
            if isinstance(body, dict):
                told |= {
                    str(name).lower(): str(value)
                    for name, value in body.items()
                    if isinstance(value, str | int | float)
                }
        else:
            told |= {name.lower(): value for name, value in request.form.items()}
    except (msgspec.DecodeError, ValueError):
        return {}
    except RequestEntityTooLarge:
        abort(413)
    return told


def _asked(query: bytes) -> dict[str, str]:
    """What stands in the address. Kannel puts the octets of a text there as they came, and their name beside them: charset=%C."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, encoding="latin-1", max_num_fields=50)
    octets = {name.lower(): value.encode("latin-1", "replace") for name, value in pairs}
    charset = _CHARSETS.get(octets.get("charset", b"").decode("latin-1").lower(), "utf-8")
    return {
        name: value.decode(charset if name in _TEXT else "utf-8", "replace") for name, value in octets.items()
    }


def _heard(told: Mapping[str, str], listener: Listener, now: float) -> bool:
    sender, text = _first(told, _FROM), _first(told, _TEXT)
    if not sender or not any(name in told for name in _TEXT):
        return False
    if sender[0] == " " and sender.strip().isdigit():
        # A plus sign that was not escaped in an address.
        sender = f"+{sender.strip()}"
    key = _first(told, _ID) or _same(sender, text, now)
    listener.heard(Heard(key, "http", sender, text, None, _first(told, _TO)))
    return True


def _reported(told: Mapping[str, str], listener: Listener, now: float) -> bool:
    ours, name = _first(told, _OURS), _first(told, _ID)
    outcome = OUTCOMES.get(_first(told, _STATUS).strip().lower())
    if outcome is None or not (ours or name):
        return False
    key = hashlib.sha256(f"{ours}\n{name}\n{outcome}".encode("utf-8", "replace")).hexdigest()[:40]
    listener.reported(Reported(key, "http", outcome, reference=name, address="", message=ours, at=now))
    return True


def _same(sender: str, text: str, now: float) -> str:
    content = f"{sender}\n{text}\n{int(now // SAME_S)}".encode("utf-8", "replace")
    return hashlib.sha256(content).hexdigest()[:40]


def _first(told: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((told[name] for name in names if told.get(name)), "")
