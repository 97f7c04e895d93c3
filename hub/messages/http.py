"""Text messages by a provider on the web: one POST for each, its reports and what comes in by a path that only it knows.

    JSON   {"to": "+4930…", "text": "…", "from": "Corner", "id": "7-12"}       HUB_SMS_STYLE=json
    form   To=%2B4930…&Body=…&From=Corner&Reference=7-12                        HUB_SMS_STYLE=form
    a shop's own Kannel (`hub.messages.kannel`)                                 HUB_SMS_STYLE=kannel

The answer is a 2xx with the provider's own name for the message as `id`, `sid`, `message_id` or `messageId`. What it says
otherwise: 401 and 403: our token is not good; 402: nothing is left to pay with; 429 and 503: later; other 4xx: never. Any other
answer, and none, leaves it open whether the message went.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

import msgspec

from hardware.modem.text import weigh
from hub.messages.channel import ChannelName, Gate, Listener, NotSent, Outcome, Outgoing, Sent, Unsure
from hub.messages.kannel import kannel_request
from hub.messages.posting import ANSWER_S, Answer, NoWay, Posting
from hub.wire.fact import Medium

_NAMES = ("id", "sid", "message_id", "messageId")
_REFERENCE = re.compile(r"[\x21-\x7e]{1,120}")


@dataclass(frozen=True, slots=True)
class Provider:
    """Where and how. `token` is sent as a bearer token; `sender`: the name or number that readers see."""

    url: str
    token: str = ""
    style: str = "json"
    sender: str = ""
    report_url: str = ""
    """Where Kannel tells what became of a message; "" asks for no report."""


class HttpChannel:
    """A provider as a channel. What comes in is brought to `hub.messages.incoming`."""

    name: ChannelName = "http"
    medium: Medium = "sms"

    def __init__(
        self,
        provider: Callable[[], Provider],
        *,
        answer_s: float = ANSWER_S,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._provider = provider
        self._answer_s = answer_s
        self._context = context
        self.listener: Listener | None = None

    def hand_over(self, message: Outgoing, gate: Gate) -> Outcome:
        """Send it."""
        provider = self._provider()
        try:
            # Whoever sets the hub's environment owns it, and may name a machine of the shop's own network.
            posting = Posting(provider.url, private=True, context=self._context)
        except NoWay as wrong:
            return NotSent("gone", str(wrong))
        try:
            body, headers = _request(provider, message)
            with gate() as go:
                if not go:
                    return NotSent("held")
                given = posting.give(body, headers)
            if not given:
                return Unsure("The connection to the provider broke while the message was given.")
            return _outcome(posting.answer(self._answer_s), weigh(message.text).parts)
        finally:
            posting.close()

    def listen(self, listener: Listener) -> None:
        """Give what comes to this listener."""
        self.listener = listener

    def trouble(self) -> str:
        """Nothing is known before a message is sent."""
        return ""

    def close(self) -> None:
        """Nothing stays open."""


def _request(provider: Provider, message: Outgoing) -> tuple[bytes, dict[str, str]]:
    if provider.style == "kannel":
        return kannel_request(
            message.text,
            message.address,
            provider.sender,
            provider.token,
            message.id,
            provider.report_url if message.report else "",
        )
    headers = {"Accept": "application/json", "Idempotency-Key": message.id}
    if provider.token:
        headers["Authorization"] = f"Bearer {provider.token}"
    if provider.style == "form":
        fields = {
            "To": message.address,
            "Body": message.text,
            "From": provider.sender,
            "Reference": message.id,
        }
        return urlencode(fields).encode(), headers | {"Content-Type": "application/x-www-form-urlencoded"}
    told = {"to": message.address, "text": message.text, "from": provider.sender, "id": message.id}
    return msgspec.json.encode(told), headers | {"Content-Type": "application/json"}


def _outcome(answer: Answer, parts: int) -> Outcome:
    status = answer.status
    if 200 <= status < 300:
        return Sent(parts, (_reference(answer.body),) if _reference(answer.body) else ())
    if status in (401, 403):
        return NotSent(
            "gone", f"The provider does not take our token (answer {status}). Check HUB_SMS_TOKEN."
        )
    if status == 402:
        return NotSent("no-credit", "The provider says that nothing is left to pay with.")
    if status in (429, 503):
        return NotSent("busy", f"The provider asks to wait (answer {status}).", answer.wait_s)
    if 400 <= status < 500:
        return NotSent("refused", f"The provider refused it (answer {status}).")
    if status:
        return Unsure(f"The provider answered {status}: it may have sent the message or not.")
    return Unsure("The provider did not answer: it may have sent the message or not.")


def _reference(body: bytes) -> str:
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    found = next((told[name] for name in _NAMES if name in told), "") if isinstance(told, dict) else ""
    text = str(found) if isinstance(found, str | int) else ""
    return text if _REFERENCE.fullmatch(text) else ""
