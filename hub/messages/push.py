"""Messages to browsers that asked for them: web push (RFC 8030), sealed for the browser, signed with the shop's own key.

The key is made at first use in `push.key` beside `hub.key`, mode 0600: browsers know the shop by it, so it never changes. A
member may have several browsers; all get it, and one that is gone for good is forgotten.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from hub.client.trouble import StorageError
from hub.messages.channel import ChannelName, Gate, Listener, NotSent, Outcome, Outgoing, Sent, Unsure
from hub.messages.posting import ANSWER_S, Answer, NoWay, Posting, Resolve
from hub.messages.pushed import MOST_CONTENT, Subscription, seal_push, vapid
from hub.pepper import secret_file
from hub.wire.fact import Medium

PUSH_FILE = "push.key"
KEY_OCTETS = 48
"""More than the 32 of a key, so that the remainder is as good as even (FIPS 186-5, A.2.1)."""

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve P-256 (SP 800-186, 3.2.1.3)."""

LIVES_S = 86_400
"""How long a push service keeps it for a browser that is off (TTL; RFC 8030, 5.2)."""

MOST_BROWSERS = 3


def push_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    """The shop's key for push services, made where there is none. StorageError where it cannot be read or made."""
    octets = secret_file(folder / PUSH_FILE, KEY_OCTETS)
    if octets is None:
        raise StorageError(f"{folder / PUSH_FILE} does not hold a key any more. Restore it from a backup.")
    # A private key is a whole number from 1 to the order of the curve less one (SEC 1, 3.2.1).
    return ec.derive_private_key(int.from_bytes(octets, "big") % (_ORDER - 1) + 1, ec.SECP256R1())


class PushChannel:
    """Push services as a channel. `gone(endpoint)`: that browser does not want to be told any more. `private`, `context` and
    `resolve` as of `Posting`: a browser names its push service, so only the internet is allowed."""

    name: ChannelName = "push"
    medium: Medium = "push"

    def __init__(
        self,
        key: ec.EllipticCurvePrivateKey,
        contact: str,
        now: Callable[[], float],
        gone: Callable[[Subscription], None],
        *,
        private: bool = False,
        context: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._key, self._contact, self._now, self._gone = key, contact, now, gone
        self._private, self._context, self._resolve, self._random = private, context, resolve, random

    def hand_over(self, message: Outgoing, gate: Gate) -> Outcome:
        """Send it to each browser of the member."""
        browsers = msgspec.json.decode(message.address, type=list[Subscription])[:MOST_BROWSERS]
        content = _content(message)
        ready: list[tuple[Subscription, Posting, bytes, dict[str, str]]] = []
        last = NotSent("no-address", "No browser of this member wants to be told.")
        for one in browsers:
            try:
                posting = Posting(
                    one.endpoint, private=self._private, context=self._context, resolve=self._resolve
                )
            except NoWay as wrong:
                last = NotSent("refused" if wrong.final else "gone", str(wrong))
                continue
            body = seal_push(one, content, ec.generate_private_key(ec.SECP256R1()), self._random(16))
            ready.append((one, posting, body, self._headers(one)))
        if not ready:
            return last
        try:
            with gate() as go:
                if not go:
                    return NotSent("held")
                given = [posting.give(body, headers) for _, posting, body, headers in ready]
            answers = [
                (one, posting.answer(ANSWER_S) if gave else Answer(0))
                for (one, posting, *_), gave in zip(ready, given, strict=True)
            ]
        finally:
            for _, posting, *_ in ready:
                posting.close()
        return self._outcome(answers)

    def _headers(self, one: Subscription) -> dict[str, str]:
        return {
            "Authorization": vapid(one.endpoint, self._key, self._contact, self._now()),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(LIVES_S),
            "Urgency": "normal",
        }

    def _outcome(self, answers: list[tuple[Subscription, Answer]]) -> Outcome:
        for one, answer in answers:
            if answer.status in (404, 410):
                self._gone(one)
        taken = sum(200 <= answer.status < 300 for _, answer in answers)
        if taken:
            return Sent(1)
        if any(answer.status == 0 or answer.status >= 500 for _, answer in answers):
            return Unsure("A push service did not answer: the message may have been shown or not.")
        busy = next((answer for _, answer in answers if answer.status == 429), None)
        if busy is not None:
            return NotSent("busy", "The push service asks to wait.", busy.wait_s)
        if all(answer.status in (404, 410) for _, answer in answers):
            return NotSent("no-address", "The browsers of this member do not want to be told any more.")
        return NotSent("refused", f"The push service refused it (answer {answers[0][1].status}).")

    def listen(self, listener: Listener) -> None:
        """Nothing comes back."""

    def trouble(self) -> str:
        """Nothing is known before a message is sent."""
        return ""

    def close(self) -> None:
        """Nothing stays open."""


def _content(message: Outgoing) -> bytes:
    """What the page's worker shows: title, text, and where a touch leads."""
    words = message.text.split()
    link = next((word for word in words if word.startswith("https://")), "")
    text = message.text
    while True:
        body = msgspec.json.encode({"title": message.subject, "text": text, "link": link, "tag": message.id})
        if len(body) <= MOST_CONTENT:
            return body
        text = text[: len(text) * 3 // 4]
