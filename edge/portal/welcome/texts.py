"""What a guest agrees to, in the very words that stand on the page and in the record of it.

Pure. The pop-up shows these texts, `edge.portal.ways` puts them into `consent.given`. Whoever changes a word changes `VERSION`
too: a record must tell which words were read.
"""

from __future__ import annotations

from typing import Literal

from hub.wire.snapshot import Text, say

Purpose = Literal["recognise"]
"""What is asked. Another purpose is asked apart, in words of its own, and only once the shop can act on it."""

VERSION = "2026-11"
"""Of all texts in this module together, as it stands in `consent.given.text_version`."""

CONSENTS: dict[Purpose, Text] = {
    "recognise": {
        "en": (
            "“Remember me” gives you a code by which the shop knows you next time: no name, no number, not your phone. "
            "Forgotten whenever you say so."
        ),
        "zh": "选择“记住我”会得到一个代码，本店下次凭它认出您：不记姓名和号码，也不记手机。随时可以要求忘记。",
    },
}


def consent_text(purpose: Purpose, language: str) -> str:
    """The words of one purpose in the language of the page on which they stood."""
    return say(CONSENTS[purpose], language)


COUNTING_HEADING: Text = {"en": "This shop counts with Bluetooth", "zh": "本店用蓝牙统计人数"}

COUNTING: tuple[tuple[Text, Text], ...] = (
    (
        {"en": "Who", "zh": "由谁负责"},
        {"en": "{shop}. Contact: {contact}.", "zh": "{shop}。联系方式：{contact}。"},
    ),
    (
        {"en": "What", "zh": "收集什么"},
        {
            "en": (
                "A receiver in the shop hears the radio names that phones and other devices send out by "
                "themselves, and how strongly."
            ),
            "zh": "店内的接收器会收到手机等设备自行发出的无线电名称及其信号强度。",
        },
    ),
    (
        {"en": "What for", "zh": "用来做什么"},
        {
            "en": (
                "To estimate how many people are here and how long they stay. Nobody is identified or followed "
                "from day to day, unless they asked the shop to know them."
            ),
            "zh": "估计店内有多少人、停留多久。除非本人要求本店认出自己，否则不辨认任何人，也不跨日追踪。",
        },
    ),
    (
        {"en": "How long", "zh": "保存多久"},
        {
            "en": (
                "A radio name is in memory while the device is near and at most 90 seconds longer; it is never "
                "written down. Only counts and lengths of stays are kept."
            ),
            "zh": "无线电名称只在设备停留期间及其后最多 90 秒存在于内存，从不写入存储。留下的只有人数和停留时长。",
        },
    ),
    (
        {"en": "Who gets it", "zh": "提供给谁"},
        {
            "en": "Nobody but the shop's own office, and it gets only those figures.",
            "zh": "只提供给本店自己的办公室，且只有上述数字。",
        },
    ),
    (
        {"en": "On what ground", "zh": "依据什么"},
        {
            "en": "Legitimate interest (GDPR Article 6(1)(f)): staffing the shop for the people who come.",
            "zh": "合法利益（欧盟《通用数据保护条例》第六条第一款第六项）：按来客多少安排人手。",
        },
    ),
    (
        {"en": "If you object", "zh": "如果您反对"},
        {
            "en": (
                "Switch Bluetooth off and you are not counted. You may also object here, ask what is kept, or "
                "complain to the data protection authority."
            ),
            "zh": "关闭蓝牙即不被统计。您也可以向本店提出反对、询问保存了什么，或向数据保护机构投诉。",
        },
    ),
)
"""The notice of counting: what stands on the door's sign and on a page of the portal (GDPR, Articles 13 and 21)."""

AT_THE_TILL: Text = {"en": "ask at the till", "zh": "请到收银台询问"}


def counting_lines(language: str, shop: str, contact: str) -> list[tuple[str, str]]:
    """The notice in one language, as questions and answers."""
    named = {"{shop}": shop, "{contact}": contact or say(AT_THE_TILL, language)}
    lines = []
    for question, answer in COUNTING:
        text = say(answer, language)
        for slot, value in named.items():
            text = text.replace(slot, value)
        lines.append((say(question, language), text))
    return lines


CALL: dict[str, Text] = {
    "wifi": {"en": "Free Wi-Fi, and something for you", "zh": "免费 Wi-Fi，还有一份好礼"},
    "offer": {"en": "Something for you today", "zh": "今天有一份好礼等着您"},
}
"""What the door's sign says first; without a network of its own it promises none."""

STEPS: dict[str, Text] = {
    "join": {"en": "1. Join our Wi-Fi", "zh": "一、连接本店 Wi-Fi"},
    "open": {"en": "2. See today's offer", "zh": "二、查看今日优惠"},
}
"""The door's sign: each stands at its QR."""
