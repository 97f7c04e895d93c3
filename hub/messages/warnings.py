"""What the hub's list of warnings says about messages."""

from __future__ import annotations

from collections.abc import Iterator

from hub.client.warnings import Holding, Severity, Warning  # noqa: A004 - nothing here raises Python's warnings
from hub.store.base import Store

LATE_S = 300.0
"""So long may somebody who asked wait for an answer before it is worth a line."""

UNSURE_S = 86_400.0

MESSAGE_WARNINGS = (
    Warning(
        "messages-wait",
        Severity.WARNING,
        {
            "en": "{detail} messages that somebody waits for have not gone out",
            "zh": "有 {detail} 条别人正在等的消息没有发出",
        },
        {
            "en": "See under Messages to members what the channel says. Without one, set HUB_MODEM, HUB_SMPP_HOST or "
            "HUB_SMS_URL; for mail HUB_SMTP_HOST.",
            "zh": "请在“给会员的消息”页面查看通道的说明。尚无通道时，请设置 HUB_MODEM、HUB_SMPP_HOST 或 HUB_SMS_URL；"
            "邮件请设置 HUB_SMTP_HOST。",
        },
    ),
    Warning(
        "messages-unsure",
        Severity.NOTE,
        {
            "en": "Of {detail} messages of the last day nobody knows whether they went out",
            "zh": "最近一天有 {detail} 条消息不确定是否已发出",
        },
        {
            "en": "They stand under Messages to members and are never sent again by themselves.",
            "zh": "它们列在“给会员的消息”页面，系统不会自动重发。",
        },
    ),
)


def find_message_trouble(store: Store, now: float) -> Iterator[Holding]:
    """Which of them hold."""
    late, _said = store.messages.overdue(now - LATE_S)
    if late:
        yield Holding("messages-wait", str(late))
    unsure = store.messages.unsure_since(now - UNSURE_S)
    if unsure:
        yield Holding("messages-unsure", str(unsure))
