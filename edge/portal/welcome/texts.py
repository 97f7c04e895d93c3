"""What a guest agrees to, in the very words that stand on the page and in the record of it.

Pure. The pop-up shows these texts, `edge.portal.ways` puts them into `consent.given`. Whoever changes a word changes `VERSION`
too: a record must tell which words were read.
"""

from __future__ import annotations

from typing import Literal

from hub.wire.snapshot import Text, say

Purpose = Literal["recognise", "messages"]

VERSION = "2026-11"
"""Of all texts in this module together, as it stands in `consent.given.text_version`."""

CONSENTS: dict[Purpose, Text] = {
    "recognise": {
        "en": (
            "Remember me: you get a code, and when you show it the shop knows you again. "
            "No name, no number, not your phone. Have it forgotten whenever you like."
        ),
        "zh": "记住我：您会得到一个代码，下次出示时，本店就能认出您。不记姓名、号码，也不记手机。您随时可以要求忘记。",
    },
    "messages": {
        "en": "Text me this shop's offers at this number. I can stop that at any time.",
        "zh": "请用短信把本店的优惠发到这个号码。我可以随时停止。",
    },
}


def consent_text(purpose: Purpose, language: str) -> str:
    """The words of one purpose in the language of the page on which they stood."""
    return say(CONSENTS[purpose], language)
