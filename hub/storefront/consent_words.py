"""What a shopper agrees to, in the very words that stand on a page and in the record of it (`consent.given`).

Pure. Every place where somebody can say yes shows these texts and records these texts: the pages of joining and the member's own
page (`hub.storefront.joining`, `hub.members`), an answer by message, a form on paper that was typed in. Whoever changes a word
changes `VERSION` too: a record must tell which words were read.
"""

from __future__ import annotations

from typing import Literal

from hub.wire.fact import Medium
from hub.wire.snapshot import Text, say

VERSION = "2026-12"
"""Of all texts in this module together, as it stands in `consent.given.text_version`."""

RECOGNISE: Text = {
    "en": (
        "The shop may know me by my card, to count my points and to give me what is meant for me. What I do with the card is "
        "kept under a random number, without my name, until I leave."
    ),
    "zh": "本店可以凭会员卡认出我，用来累计积分、给我专属优惠。用卡做过的事只记在一个随机编号下，没有姓名，直到我退出为止。",
}
"""It is also the one sentence that says what is kept of a card alone, and why."""

MESSAGES: dict[Medium, Text] = {
    "sms": {
        "en": "The shop may send me text messages with its offers. Answering STOP ends them at once.",
        "zh": "本店可以用短信向我发送优惠。回复 T 即刻停止。",
    },
    "mail": {
        "en": "The shop may send me its offers by mail. One link in each mail ends them at once.",
        "zh": "本店可以用邮件向我发送优惠。点每封邮件里的链接即刻停止。",
    },
    "push": {
        "en": "The shop may show its offers on this device as notifications. One tap on my page ends them at once.",
        "zh": "本店可以在这台设备上用通知显示优惠。在我的页面上点一下即刻停止。",
    },
    "screen": {
        "en": "The shop may show me its offers the next time I open its Wi-Fi page or use my card.",
        "zh": "我下次打开本店 Wi-Fi 页面或使用会员卡时，本店可以向我显示优惠。",
    },
}

KEPT_NUMBER: Text = {
    "en": (
        "With your number you find your membership again without the card, and the shop can text you if you say so; the number "
        "is kept locked, in one place, and is gone when you leave."
    ),
    "zh": "留下号码后，没带会员卡也能找回会员身份，您同意时本店才会给您发短信；号码加密保存在一处，退出后即消失。",
}
"""What is kept and why, in one sentence, where somebody leaves a phone number, too."""


def consent_text(purpose: str, medium: Medium | Literal[""], language: str) -> str:
    """The words of one purpose in a language; KeyError where nobody is asked for it."""
    if purpose == "recognise":
        return say(RECOGNISE, language)
    if purpose != "messages" or not medium:
        raise KeyError(purpose)
    return say(MESSAGES[medium], language)
