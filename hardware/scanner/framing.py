"""From the octets of a scanner to texts: where one ends, what stands around it, what is no text at all.

Pure. A text ends with CR, LF, both, or ETX. A line that is too long is dropped up to its end, one that stops in the middle is
dropped once nothing has come for half a second: half a coupon is no coupon, and must not become the beginning of the next one.
"""

from __future__ import annotations

import re

from hardware.scanner.scanner import Scan, Unread

LONGEST = 512
"""A coupon has 138 signs, a link of ours under 200; the largest QR code holds 4296, and none of those is for a till."""

GAP_S = 0.5
"""At 9600 baud a sign takes 1 ms, and scanners send without a pause; a Bluetooth cradle may hold for a tenth of a second."""

AGAIN_S = 2.0
"""A trigger that is held, or pulled twice, gives the same text again within this; nobody hands a coupon over twice so fast."""

_ENDS = frozenset(b"\r\n\x03")
_DROPPED = frozenset(b"\x00\x02")
_GROUP = "\x1d"
_AIM = re.compile(r"\]([A-Za-z][0-9A-Za-z])")
"""The symbology identifier of ISO/IEC 15424: a bracket, the code's letter, a modifier."""

TOO_LONG = Unread("too-long", "That code holds far too much for a coupon. Scan the coupon's own code.")
UNFINISHED = Unread(
    "unfinished",
    "The scanner sent a text without an end. Scan again; if it happens each time, scan the set-up codes for its framing.",
)
GARBLED = Unread(
    "garbled",
    "What the scanner sends makes no sense. Its speed may differ from the settings: scan the set-up codes.",
)


class Framer:
    """One scanner's octets. `prefix` and `suffix` are what the scanner was set up to put around each text."""

    def __init__(
        self, *, prefix: str = "", suffix: str = "", longest: int = LONGEST, gap_s: float = GAP_S
    ) -> None:
        self._prefix, self._suffix = prefix, suffix
        self._longest = longest + len(prefix) + len(suffix) + 3
        self._gap_s = gap_s
        self._line = bytearray()
        self._skipping = False
        self._last = 0.0

    def feed(self, data: bytes, now: float) -> list[Scan | Unread]:
        """Take what came; `now` is seconds of a steady clock."""
        found: list[Scan | Unread] = []
        self._last = now
        for octet in data:
            if octet in _ENDS:
                if self._line and not self._skipping:
                    text = self._read(bytes(self._line), now)
                    found += [text] if text is not None else []
                self.forget()
            elif octet not in _DROPPED and not self._skipping:
                self._line.append(octet)
                if len(self._line) > self._longest:
                    self._skipping = True
                    found.append(TOO_LONG)
        return found

    def idle(self, now: float) -> Unread | None:
        """Somebody looked and nothing had come: drop a line that stopped in the middle, and say so.

        Only whoever looked may call it: octets that wait while the machine is busy are not silence.
        """
        if not (self._line or self._skipping) or now - self._last < self._gap_s:
            return None
        told_already = self._skipping
        self.forget()
        return None if told_already else UNFINISHED

    def spoil(self, now: float) -> Unread | None:
        """A part is known to be missing: drop the line up to its end, or up to a silence where its end is what is missing."""
        told_already = self._skipping
        self._line.clear()
        self._skipping, self._last = True, now
        return None if told_already else UNFINISHED

    def forget(self) -> None:
        """Begin with an empty line: the scanner is a new one."""
        self._line.clear()
        self._skipping = False

    def _read(self, line: bytes, now: float) -> Scan | Unread | None:
        for encoding in ("utf-8", "gb18030"):
            try:
                text = line.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
        else:
            return GARBLED
        if any(sign < " " and sign not in (_GROUP, "\t") for sign in text):
            return GARBLED
        text = text.strip()
        if self._prefix:
            text = text.removeprefix(self._prefix)
        if self._suffix:
            text = text.removesuffix(self._suffix)
        aim = _AIM.match(text)
        symbology = aim[1] if aim else ""
        text = text[aim.end() :].strip() if aim else text.strip()
        return Scan(text, now, symbology) if text else None


class Repeats:
    """Lets the same text through once within a time. With `held`, as for a camera, each sight of it starts the time anew."""

    def __init__(self, within_s: float = AGAIN_S, *, held: bool = False) -> None:
        self._within_s = within_s
        self._held = held
        self._text: str | None = None
        self._at = 0.0

    def is_new(self, text: str, now: float) -> bool:
        """Whether this is another scan. `now` is seconds of a steady clock."""
        new = text != self._text or now - self._at >= self._within_s
        if new or self._held:
            self._text, self._at = text, now
        return new
