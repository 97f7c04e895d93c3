"""What the QR codes of the door's sign say.

Pure.
"""

from __future__ import annotations

import re

_SPECIAL = re.compile(r'([\\;,:"])')


def wifi_text(ssid: str) -> str:
    """The text that phones' cameras read as "join this network": an open one of that name.

    The form is that of the ZXing project, which Android and iOS read; five characters have a backslash before them.
    """
    escaped = _SPECIAL.sub(r"\\\1", ssid)
    return f"WIFI:T:nopass;S:{escaped};;"


def portal_text(name: str) -> str:
    """The address of this portal for a phone that is on its network and was shown no pop-up."""
    return f"http://{name}/"
